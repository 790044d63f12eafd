"""Idempotency-Key: a POST that is sent again is answered with what the first one was answered with.

The key is claimed in the request's own transaction. A second request with the same key waits at the unique index until the
first has committed, and then finds its answer; if the first one failed, the key was never taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import ForeignKey, SmallInteger, Text, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel.db import Base
from ginnel.errors import Problem

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own. The same key within 24 hours is answered with the first answer.",
    ),
]


class Claim(Base):
    __tablename__ = "idempotency_keys"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[str | None] = mapped_column(Text)


class KeyReused(Problem):
    """This `Idempotency-Key` was used with a different request within 24 hours."""

    status, code = 422, "idempotency_key_reused"


async def once(  # noqa: PLR0913  # what makes a request the same one
    conn: AsyncSession,
    request: Request,
    act: Callable[[], Awaitable[tuple[int, dict[str, Any], dict[str, str]]]],
    *,
    key: str | None,
    workspace: int,
    now: datetime,
) -> Response:
    """Answer with `act`'s status, body and headers, or with those of the first request that had this key."""
    if key is None:
        return _answer(*await act())
    body = await request.body()
    fingerprint = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).digest()
    row = {"workspace_id": workspace, "key": key, "fingerprint": fingerprint, "created_at": now}
    claimed = await conn.execute(insert(Claim).values(row).on_conflict_do_nothing().returning(Claim.key))
    mine = (Claim.workspace_id == workspace) & (Claim.key == key)
    if claimed.first() is None:
        first = (await conn.scalars(select(Claim).where(mine))).one()
        if first.fingerprint != fingerprint:
            raise KeyReused("This Idempotency-Key was used with a different request.")
        status, answer, headers = json.loads(first.body or "null")
        return _answer(status, answer, {**headers, "idempotency-replayed": "true"})
    result = await act()
    await conn.execute(update(Claim).where(mine).values(status=result[0], body=json.dumps(result)))
    return _answer(*result)


def _answer(status: int, body: dict[str, Any], headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(body, status, headers)
