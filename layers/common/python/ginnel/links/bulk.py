"""Many links at once, each for itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import observe, web
from ginnel.drafts import BulkCreate, BulkDelete, BulkItem, BulkOut, BulkUpdate
from ginnel.errors import FieldError, Invalid, Problem
from ginnel.outputs import LinkOut

from .writing import Made, change, create_all, delete

_ITEM: TypeAdapter[BulkCreate | BulkUpdate | BulkDelete] = TypeAdapter(BulkItem)


async def bulk(
    conn: AsyncSession, items: Sequence[dict[str, Any]], *, workspace: int, user: int, now: datetime
) -> list[BulkOut]:
    """Create, update and delete in the order given; what is wrong with one item keeps none of the others."""
    results: list[BulkOut] = []
    drafts: list[BulkCreate] = []

    async def settle() -> None:
        """Make the links that were asked for since the last one of another kind, by the same statements."""
        if drafts:
            results.extend(map(_made, await create_all(conn, drafts, workspace=workspace, user=user, now=now)))
            drafts.clear()

    for raw in items:
        try:
            item = _ITEM.validate_python(raw)
        except ValidationError as error:
            await settle()
            results.append(_problem(Invalid("Some fields are not valid.", errors=_faults(error))))
            continue
        if isinstance(item, BulkCreate):
            drafts.append(item)
            continue
        await settle()
        results.append(await _one(conn, item, workspace=workspace, user=user, now=now))
    await settle()
    return results


def _faults(error: ValidationError) -> list[FieldError]:
    """Name the fields of one item, without the kind that was taken for it."""
    return web.faults((("body", *found["loc"][1:]), found["type"], found["msg"]) for found in error.errors())


async def _one(
    conn: AsyncSession, item: BulkUpdate | BulkDelete, *, workspace: int, user: int, now: datetime
) -> BulkOut:
    try:
        async with conn.begin_nested():
            if isinstance(item, BulkDelete):
                await delete(conn, item.id, workspace=workspace, user=user, version=item.if_version, now=now)
                return BulkOut(status=HTTPStatus.NO_CONTENT, link=None, problem=None)
            fields = item.model_fields_set - {"op", "id", "if_version"}
            wanted = BulkUpdate.model_construct(fields, **{field: getattr(item, field) for field in fields})
            changed = await change(
                conn, item.id, wanted, workspace=workspace, user=user, version=item.if_version, now=now
            )
            return _shown(changed, HTTPStatus.OK)
    except Problem as problem:
        return _problem(problem)


def _made(made: Made | Problem) -> BulkOut:
    if isinstance(made, Problem):
        return _problem(made)
    return _shown(made.link, HTTPStatus.CREATED if made.created else HTTPStatus.OK)


def _shown(link: LinkOut, status: HTTPStatus) -> BulkOut:
    return BulkOut(status=status, link=link, problem=None)


def _problem(problem: Problem) -> BulkOut:
    return BulkOut(status=problem.status, link=None, problem=problem.body(observe.request_id.get()))
