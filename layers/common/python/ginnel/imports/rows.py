"""A row of a file, as it was read and before anybody has looked at what it means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ginnel.errors import FieldError

MAX_CELL = 1024 * 1024
"""Characters: a link whose rules are as long as the API takes them."""
MAX_ROW = 2 * MAX_CELL


class Row(NamedTuple):
    number: int
    """As a spreadsheet counts, the header being row 1; in JSON, the first object is row 1."""
    names: Iterable[str]
    """Of the file's columns, or of the object's members."""
    cells: dict[str, Any]
    fault: FieldError | None
    """What makes the row useless, whatever it says."""
