"""Cursors: where a page of a list ended, packed so that clients keep it and read nothing into it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from ginnel import web
from ginnel.errors import Invalid

T = TypeVar("T")


def pack(*position: str | int) -> str:
    """Make the cursor of a position: what the list is sorted by, and the last row's id."""
    text = json.dumps(position, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read(cursor: str, position: Callable[..., T]) -> T:
    """Give the values that a cursor holds to `position`, which raises ValueError for what the list never gave out.

    Raises Invalid for that, and for what is no cursor at all.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(values, list):
            return position(*values)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass
    raise Invalid.field("query:cursor", "cursor_invalid", "is not a cursor that this list gave out")


def number(value: Any) -> int:  # noqa: ANN401  # whatever a client may have put there
    """Return a row's id, or a count. Raises ValueError."""
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError("no number of ours")
    return value


def moment(value: Any) -> datetime:  # noqa: ANN401  # as above
    """Return a time, as isoformat() has written it. Raises ValueError, TypeError."""
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError("no time of ours")
    web.representable(read)
    return read


def uuid(value: Any) -> UUID:  # noqa: ANN401  # as above
    """Return a click's id. Raises ValueError."""
    return UUID(str(value))
