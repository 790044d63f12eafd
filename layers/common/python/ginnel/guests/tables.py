"""Which expiries are guests' limits, as PostgreSQL keeps it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base
from ginnel.links import Link

LIFETIME = timedelta(days=7)
"""How long a guest's link leads on, from when it was made."""
GRACE = timedelta(days=7)
"""How long a guest is kept once their last link has expired, or, without one, from the beginning."""


class Expiry(Base):
    """A link's expiry that its maker has not chosen. It is lifted when they sign up, if it is the link's still."""

    __tablename__ = "guest_expiries"

    link_id: Mapped[int] = mapped_column(ForeignKey(Link.id, ondelete="CASCADE"), primary_key=True, autoincrement=False)
    expires_at: Mapped[datetime]
