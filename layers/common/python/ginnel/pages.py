"""What a target's page says of itself in its head: title, description, image, site."""

from __future__ import annotations

import codecs
import re
import time
import unicodedata
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Final

from ada_url import URL

from ginnel import outbound, targets, web
from ginnel.errors import Invalid, Problem
from ginnel.outbound import Limits, Refused

KINDS: Final = ("text/html", "application/xhtml+xml")

_PIECE: Final = 4096
_UNFINISHED: Final = 64 * 1024
"""Characters of one tag or comment, after which the rest is not looked at: the parser begins it anew with each piece."""
_SECONDS: Final = 0.25
"""What a page may take. A page of half a megabyte takes a tenth of it."""
_CHARSET: Final = re.compile(rb"""<meta[^>]{0,256}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""Some scripts, and emoji, are not the same without."""
_MARKS: Final = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Preview(web.Output):
    """Text without control characters, whatever stood there; null for what the page does not say."""

    url: str
    title: str | None
    description: str | None
    image: str | None
    site_name: str | None


class TargetUnreachable(Problem):
    """The target does not answer, or not with a page; or this installation has no way out to it."""

    status, code = 502, "target_unreachable"


class TargetTimeout(Problem):
    """The target did not answer in time; or this installation has no way out to it."""

    status, code = 504, "target_timeout"


async def fetch(url: str) -> Preview:
    """Fetch a page, for three seconds at most. Raises Invalid for an address that must not be called, and the above."""
    try:
        answer = await outbound.public().get(url, Limits(kinds=KINDS), headers={"accept": ", ".join(KINDS)})
    except Refused as error:
        raise Invalid.field("query:url", error.code, error.detail) from error
    except TimeoutError as error:
        raise TargetTimeout(str(error)) from error
    except outbound.Unreachable as error:
        raise TargetUnreachable(str(error)) from error
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise TargetUnreachable(f"It answers with status {answer.status}.")
    return read(answer.body, url=answer.url, content_type=answer.headers.get("content-type", ""))


async def title(url: str) -> str | None:
    """Fetch a page's title, if that can be had."""
    try:
        return (await fetch(url)).title
    except Problem:
        return None


def read(body: bytes, *, url: str, content_type: str) -> Preview:
    """Read a page, which may be cut anywhere; never raises. `url` is where it came from, after redirects."""
    head = _Head()
    text = _decode(body, content_type)
    until = time.monotonic() + _SECONDS
    for start in range(0, len(text), _PIECE):
        head.feed(text[start : start + _PIECE])
        if head.over or len(head.rawdata) > _UNFINISHED or time.monotonic() > until:
            break
    said = head.said
    return Preview(
        url=url,
        title=_first((said.get("og:title"), said.get("twitter:title"), "".join(head.title)), 256),
        description=_first((said.get("og:description"), said.get("twitter:description"), said.get("description")), 512),
        image=_image((said.get("og:image"), said.get("twitter:image"), said.get("twitter:image:src")), url),
        site_name=_first((said.get("og:site_name"), said.get("application-name")), 128),
    )


class _Head(HTMLParser):
    """Collects what <meta> and <title> say until the head is over. Of several with one name, the first counts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self.title: list[str] = []
        self.over = False
        self._titles = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self.over = True
        elif tag == "title":
            self._titles += 1
            self._in_title = self._titles == 1
        elif tag == "meta" and not self.over:
            given = dict(attrs)
            name = (given.get("property") or given.get("name") or "").strip().lower()
            if name and given.get("content"):
                self.said.setdefault(name, given["content"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "head":
            self.over = True

    def parse_html_declaration(self, i: int) -> int:
        # Where it stands in no SVG, a CDATA section is a comment to browsers; and the parser raises at one with no end.
        return self.parse_bogus_comment(i) if self.rawdata.startswith("<![", i) else super().parse_html_declaration(i)

    def handle_data(self, data: str) -> None:
        if self._in_title and not self.over:
            self.title.append(data)


def _decode(body: bytes, content_type: str) -> str:
    """Decode as browsers do: a byte order mark goes before the header, the header before the page's own word."""
    for mark, marked in _MARKS.items():
        if body.startswith(mark):
            return body[len(mark) :].decode(marked, "replace")
    header = re.search(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", content_type, re.IGNORECASE)
    own = _CHARSET.search(body[:1024])
    for said in (header[1] if header else None, own[1].decode("ascii", "replace") if own else None):
        if said and (encoding := _encoding(said)):
            return body.decode(encoding, "replace")
    try:
        # A character that the end of the page cut in two is no sign of another encoding.
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("windows-1252", "replace")


def _encoding(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # What Python calls a codec may be no text encoding (base64, zip), or a way to run long (idna, punycode).
    text = getattr(found, "_is_text_encoding", True) and found.name not in {
        "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7",
    }  # fmt: skip
    # As WHATWG's standard has it: what is called Latin 1 or ASCII is Windows' own.
    return ("windows-1252" if found.name in {"iso8859-1", "ascii"} else found.name) if text else None


def _first(texts: tuple[str | None, ...], length: int) -> str | None:
    for text in texts:
        if cleaned := _clean(text or "", length):
            return cleaned
    return None


def _clean(text: str, length: int) -> str:
    """Make one line of text: nothing in it controls a terminal, turns the writing round, or is half of a character."""
    seen = (" " if char.isspace() else char for char in text[: 8 * length])
    kept = "".join(char for char in seen if unicodedata.category(char) not in _UNSEEN or char in _JOINERS)
    return " ".join(kept.split())[:length].strip()


def _image(candidates: tuple[str | None, ...], base: str) -> str | None:
    for candidate in candidates:
        try:
            if candidate and len(candidate) <= targets.MAX_LENGTH:
                return targets.normalise(URL(candidate.strip(), base=base).href, own_hosts=())
        except (ValueError, UnicodeError):
            continue
    return None
