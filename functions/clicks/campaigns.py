"""Which campaign a click belongs to, by the five UTM parameters."""

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

_MAX_QUERY: Final = 8192
_MAX_VALUE: Final = 255
# NUL and lone surrogates can't be stored as text; other controls only spoil what shows it.
_UNSTORABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class Utm(NamedTuple):
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None


NONE: Final = Utm()
_FIELDS: Final = frozenset(Utm._fields)


@lru_cache(maxsize=4096)
def utm(query: str) -> Utm:
    """Read a raw query string (no "?"). Names in any case; of repeated parameters, the first that is not empty."""
    query = query[:_MAX_QUERY]
    if "utm_" not in query.lower():
        return NONE
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        prefix, _, field = name.lower().partition("_")
        if prefix == "utm" and field in _FIELDS and field not in found and (text := _text(value)):
            found[field] = text
    return Utm(**found)


def _text(value: str) -> str:
    return _UNSTORABLE.sub(" ", unquote_plus(value)).strip()[:_MAX_VALUE].rstrip()
