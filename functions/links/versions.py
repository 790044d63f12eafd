"""Changing a thing only if nobody did meanwhile."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header

from ginnel.errors import Invalid


def if_match(value: Annotated[str | None, Header(alias="If-Match", max_length=64)] = None) -> int | None:
    """Read the version that a write expects; None when it takes any."""
    if value is None or value.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', value.strip())
    if not found:
        raise Invalid.field("header:if-match", "etag_invalid", "is not an ETag that was given out")
    return int(found[1])


Version = Annotated[int | None, Depends(if_match)]
