"""Reading a file of links piece by piece, in memory that doesn't grow with it: from bytes to rows.

A file is CSV, or JSON: an array, a page of an API's list, or objects one after the other. Its encoding is known by its byte
order mark or by the zeros of UTF-16; else it must be UTF-8. Reading can stop after any byte, and go on in another process.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, Protocol

from ginnel.errors import Invalid

from .comma import CommaRows
from .objects import ObjectRows
from .rows import Row

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_TEXT = ((b"PK\x03\x04", "an Excel workbook or a zip archive"), (b"\x1f\x8b", "compressed"), (b"%PDF", "a PDF"))
_SNIFFED = 4
_PIECE = 65_536


class _Rows(Protocol):
    def feed(self, text: str, *, last: bool) -> Iterator[Row]: ...

    def state(self) -> dict[str, Any]: ...


class Reader:
    def __init__(self, state: str | None = None) -> None:
        """Begin a file, or go on where `state` was taken."""
        kept = json.loads(state) if state else {}
        self._encoding: str | None = kept.get("encoding")
        self._bytes = bytes.fromhex(kept.get("bytes", ""))
        self._rows: _Rows | None = None
        if rows := kept.get("rows"):
            self._rows = (CommaRows if kept["kind"] == "csv" else ObjectRows)(**rows)

    @property
    def state(self) -> str:
        kind = "csv" if self.comma else "json"
        rows = self._rows.state() if self._rows else None
        return json.dumps({"encoding": self._encoding, "bytes": self._bytes.hex(), "kind": kind, "rows": rows})

    @property
    def comma(self) -> bool:
        """Whether the file is CSV, once anything of it was read."""
        return isinstance(self._rows, CommaRows)

    def read(self, data: bytes, *, last: bool = False) -> Iterator[Row]:
        """Return the rows that end in what comes next. Raises Invalid for a file that can't be read on."""
        for start in range(0, max(len(data), 1), _PIECE):
            yield from self._read(data[start : start + _PIECE], last=last and start + _PIECE >= len(data))

    def _read(self, data: bytes, *, last: bool) -> Iterator[Row]:
        self._bytes += data
        if self._encoding is None:
            if len(self._bytes) < _SNIFFED and not last:
                return
            self._encoding, self._bytes = _encoding(self._bytes)
        text = self._decoded(last=last)
        if self._rows is None:
            text = text.removeprefix("\ufeff").lstrip(" \t\r\n")
            if not text:
                if last:
                    raise Invalid.field("", "file_empty", "has no rows")
                return
            self._rows = ObjectRows() if text[0] in "[{" else CommaRows()
        yield from self._rows.feed(text, last=last)

    def _decoded(self, *, last: bool) -> str:
        assert self._encoding  # noqa: S101  # tells the type checker what _read has seen to
        decoder = codecs.getincrementaldecoder(self._encoding)()
        try:
            text = decoder.decode(self._bytes, final=last)
        except UnicodeDecodeError as error:
            near = error.object[max(0, error.start - 20) : error.start].decode(self._encoding, "replace")
            raise Invalid.field(
                "",
                "encoding_invalid",
                f"is not text in {self._encoding.upper()} behind “{near}”; save it as CSV UTF-8",
            ) from None
        self._bytes = decoder.getstate()[0]
        return text


def _encoding(start: bytes) -> tuple[str, bytes]:
    """Tell how a file is encoded, and what of its start is text."""
    for magic, kind in _NOT_TEXT:
        if start.startswith(magic):
            raise Invalid.field("", "file_kind", f"is {kind}; save it as CSV UTF-8 or as JSON")
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, start.removeprefix(mark)
    # A file begins with a letter or a sign of ASCII, of which UTF-16 makes two bytes.
    if start[1:2] == b"\0" and start[:1] != b"\0":
        return "utf-16-le", start
    if start[:1] == b"\0" and start[1:2] != b"\0":
        return "utf-16-be", start
    return "utf-8", start
