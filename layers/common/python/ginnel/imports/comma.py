"""CSV (RFC 4180), as spreadsheets write it: whatever ends its lines, with commas, semicolons, tabs or bars."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from ginnel.errors import FieldError, Invalid

from .rows import MAX_CELL, MAX_ROW, Row

_MAX_COLUMNS = 200
_DELIMITERS = ",;\t|"

# For all of the process, in place of 128 KiB. Longer ones are found here, and named.
csv.field_size_limit(MAX_ROW + MAX_CELL)


class _Lines:
    """Gives lines to csv's reader, and tells how many it took and whether it wanted more."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = iter(lines)
        self.taken = 0
        self.exhausted = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.exhausted = True
            raise
        self.taken += 1
        return line


class CommaRows:
    def __init__(self, header: list[str] | None = None, delimiter: str = "", number: int = 0, rest: str = "") -> None:
        self._header, self._delimiter, self._number, self._rest = header, delimiter, number, rest

    def state(self) -> dict[str, Any]:
        return {"header": self._header, "delimiter": self._delimiter, "number": self._number, "rest": self._rest}

    def feed(self, text: str, *, last: bool) -> Iterator[Row]:
        """Return the rows that end in `text`. Raises Invalid for a header or a row after which nothing can be read."""
        lines = io.StringIO(self._rest + text, newline="").readlines()
        # A CR at the end may be half of CR LF.
        tail = lines.pop() if lines and not last and not lines[-1].endswith("\n") else ""
        if lines and not self._delimiter:
            self._delimiter = max(_DELIMITERS, key=lines[0].count)
        source = _Lines(lines)
        done = 0
        reader = csv.reader(source, delimiter=self._delimiter or ",")
        while (cells := next(reader, None)) is not None:
            if source.exhausted:  # it ends in what comes next
                if last:
                    raise self._refused(cells, "quote_unclosed", "begins with a quotation mark that is never closed")
                break
            done = source.taken
            self._number += 1
            if any(cells):
                if self._header is None:
                    self._header = _header(cells)
                else:
                    yield self._row(self._header, cells)
        self._rest = "".join(lines[done:]) + tail
        if len(self._rest) > MAX_ROW:
            partial = next(csv.reader(self._rest.splitlines(keepends=True), delimiter=self._delimiter or ","))
            raise self._refused(partial, "cell_too_long", f"is longer than {MAX_CELL} characters")
        if last and self._header is None:
            raise Invalid.field("", "file_empty", "has no rows")

    def _refused(self, cells: list[str], code: str, detail: str) -> Invalid:
        """Name the row that is being read, and its field that is read last."""
        field = (self._header or [])[len(cells) - 1 : len(cells)]
        number = self._number + 1
        return Invalid.field("/".join(["", str(number), *field]), code, f"in row {number} {detail}")

    def _row(self, header: list[str], cells: list[str]) -> Row:
        fault = None
        if len(cells) > len(header) and any(cells[len(header) :]):
            fault = FieldError("", "cells_many", f"has {len(cells)} cells, and the header {len(header)}")
        for name, cell in zip(header, cells, strict=False):
            if len(cell) > MAX_CELL:
                fault = FieldError(f"/{name}", "cell_too_long", f"is longer than {MAX_CELL} characters")
        said = {} if fault else {name: cell for name, cell in zip(header, cells, strict=False) if cell and name}
        return Row(self._number, header, said, fault)


def _header(cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if len(header) > _MAX_COLUMNS:
        raise Invalid.field("/1", "columns_many", f"has more than {_MAX_COLUMNS} columns")
    known: set[str] = set()
    for name in header:
        if name.casefold() in known:
            raise Invalid.field(f"/1/{name}", "column_repeated", "is the name of two columns")
        known.add(name.casefold())
    return header
