"""Hosts that look like others: what people should be warned of before they trust where a link leads.

Two signs, after what browsers look at (UTS 39): letters of several scripts in one label, and a label of another script all of
whose letters look like Latin ones. No list of names worth imitating is kept; a label that neither sign is on may mislead too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Literal

from ginnel import slugs, targets

Warning = Literal["target_mixed_script", "target_lookalike"]  # noqa: A001  # what the API calls it

_LOOKALIKES: Final = frozenset(
    "\u0430\u0432\u0433\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458\u0461\u0475"  # Cyrillic
    "\u04bb\u04cf\u0501\u051b\u051d\u044c\u0431\u044a"
    "\u03b1\u03b3\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c3\u03c4\u03c5\u03c7\u03c9\u03f2\u03f3"  # Greek
    "\u0570\u0578\u057d\u0581\u0585\u0566\u0563\u0575"  # Armenian
)
"""Small letters that are taken for Latin ones; digits and the hyphen are everybody's."""
_ANYBODYS: Final = frozenset("0123456789-")


def found(urls: Iterable[str | None]) -> list[Warning]:
    """List what is to be said of normalised targets, each once."""
    return sorted({warning for url in urls if url and "xn--" in url for warning in _of(url)})


@lru_cache(maxsize=1024)
def _of(url: str) -> tuple[Warning, ...]:
    names = targets.hosts(url)
    return tuple(_in(names[0])) if names else ()


def _in(host: str) -> Iterator[Warning]:
    labels = host.split(".")
    for encoded in labels:
        label = _decoded(encoded)
        if label.isascii():
            continue
        if slugs.mixes_scripts(label):
            yield "target_mixed_script"
        # Below a top-level domain of their own script, such names are words like others.
        elif not labels[-1].startswith("xn--") and set(label) <= _LOOKALIKES | _ANYBODYS:
            yield "target_lookalike"


def _decoded(label: str) -> str:
    """Read a label's punycode (RFC 3492). What is none stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode().decode("punycode")
    except ValueError:
        return label
