"""How much of a fault: enough to find it each time, or, with FULL=1, as much as was promised."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

FULL = os.environ.get("FULL", "") not in ("", "0")

MARGIN = 1 if FULL else 5
"""By how much a time may exceed what was promised: two busy cores must not look like a fault of ours."""


def scaled(full: T, *, otherwise: T) -> T:
    return full if FULL else otherwise
