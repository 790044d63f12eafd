"""CSV as people open it: quoted by RFC 4180, and with no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

BOM = "\ufeff"
"""By which Excel knows UTF-8."""

_FORMULA = re.compile("[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that a spreadsheet may run: with the sign, or its full-width form (OWASP, CSV Injection)."""


def safe(text: str) -> str:
    """Put ' before what would be run as a formula, and before ' itself, so that `plain` gives back the very text."""
    return f"'{text}" if _FORMULA.match(text) or text.startswith("'") else text


def plain(cell: str) -> str:
    """Take the ' away again that `safe` has put there; other cells that begin with one, people have written."""
    if cell.startswith("'") and (_FORMULA.match(cell, 1) or cell.startswith("'", 1)):
        return cell[1:]
    return cell


def lines(rows: Iterable[Iterable[str]]) -> str:
    """Write rows, each cell made safe."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue()
