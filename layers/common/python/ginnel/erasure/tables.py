"""Who is being erased."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import BigInteger, Identity, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base


class Erasure(Base):
    """It has the only copy of the address and the name that are looked for, and goes with the last of them."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    workspaces: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """Those that end with their owner."""
    requested_at: Mapped[datetime]
    worked_at: Mapped[datetime]
    audited: Mapped[int]
    """The last entry of the audit log that was looked at."""


def named(email: str) -> str:
    """Make PostgreSQL's pattern for a text in lower case that names this address, and not one of which it is a part."""
    return rf"(?<![[:alnum:]._%+-]){re.escape(email.lower())}(?![.]?[[:alnum:]-])"
