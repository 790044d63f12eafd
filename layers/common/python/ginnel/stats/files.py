"""Numbers as files, piece by piece: a series and a breakdown, which are counted at once, and clicks, which are read by pages.

What a cursor of theirs holds is what was asked first: "until now" goes on to end where it did then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import cursors, db, downloads, sheets
from ginnel.downloads import Format, Piece

from . import by_link
from .asking import Counts, Question
from .breaking_down import Share, breakdown
from .newest import Visit, newest

VALUES = 10_000
"""Values that a file of a breakdown may name; what the others add up to is its last row."""

COUNTS = ("clicks", "visitors", "bots")
SERIES = ("start", *COUNTS)
BREAKDOWN = ("value", "other", *COUNTS)
LINKS = ("value", *by_link.LinkName.model_fields, "other", *COUNTS)
CLICKS = tuple(Visit.model_fields)

Rows = Sequence[dict[str, Any]]


class _Begun(NamedTuple):
    since: datetime
    until: datetime
    done: int

    @classmethod
    def read(cls, since: str, until: str, done: int) -> _Begun:
        begun = cls(cursors.moment(since), cursors.moment(until), cursors.number(done))
        if begun.since >= begun.until:
            raise ValueError("no range of ours")
        return begun


class _Last(NamedTuple):
    since: datetime
    at: datetime
    id: UUID

    @classmethod
    def read(cls, since: str, at: str, identifier: str) -> _Last:
        last = cls(cursors.moment(since), cursors.moment(at), cursors.uuid(identifier))
        if last.since > last.at:
            raise ValueError("no place of ours")
        return last


def resumed(question: Question, cursor: str | None) -> tuple[Question, int]:
    """Return what the parts before were asked, and how many rows they have had. Raises Invalid for what is no cursor."""
    if cursor is None:
        return question, 0
    begun = cursors.read(cursor, _Begun.read)
    return replace(question, since=begun.since, until=begun.until), begun.done


async def broken_down(conn: AsyncSession, question: Question, *, dimension: str) -> Rows:
    """Count clicks by a dimension's values, as rows that add up to the summary. Raises as `breakdown`."""
    found = await breakdown(conn, question, dimension=dimension, limit=VALUES)
    blank = dict.fromkeys(columns(dimension))
    rows = [blank | {"value": item.value, "other": False, **_named(item), **_counts(item)} for item in found.items]
    other = _counts(found.other)
    return [*rows, blank | {"other": True, **other}] if any(other.values()) else rows


def columns(dimension: str) -> Sequence[str]:
    """Return the columns of a breakdown's rows."""
    return LINKS if dimension == by_link.DIMENSION else BREAKDOWN


def _named(item: Share) -> dict[str, Any]:
    return item.link.model_dump() if item.link else {}


def _counts(of: Counts) -> dict[str, int]:
    return of.model_dump(include=set(COUNTS))


async def pieces(  # noqa: PLR0913  # what a file is made of, each by name
    rows: Rows, columns: Sequence[str], format_: Format, *, question: Question, done: int, bom: bool
) -> AsyncIterator[Piece]:
    """Give rows that have been counted, but for those that are `done`, with as many in a piece as a page has."""
    size = downloads.page_size()
    at = done
    while True:
        end = at + size
        text = _written(rows[at:end], columns, format_, begun=at > done)
        more = end < len(rows)
        cursor = cursors.pack(question.since.isoformat(), question.until.isoformat(), end) if more else None
        yield Piece(("" if at else _head(columns, format_, bom=bom)) + text, cursor)
        if not more:
            return
        at = end


async def clicks(question: Question, format_: Format, *, bom: bool, cursor: str | None) -> AsyncIterator[Piece]:
    """Give the clicks, newest first, each page on a connection of its own. Raises NotFound, Invalid, Unavailable."""
    head, begun, after = _head(CLICKS, format_, bom=bom), False, None
    if cursor is not None:
        last = cursors.read(cursor, _Last.read)
        question = replace(question, since=last.since, until=_behind(last.at))
        head, after = "", cursors.pack(last.at.isoformat(), str(last.id))
    while True:
        async with db.session() as conn:
            page = await newest(conn, question, limit=downloads.page_size(), cursor=after)
        after = page.next_cursor
        written = _written([visit.model_dump(mode="json") for visit in page.items], CLICKS, format_, begun=begun)
        if after is None:
            yield Piece(head + written, None)
            return
        at, identifier = page.items[-1].at, page.items[-1].id
        yield Piece(head + written, cursors.pack(question.since.isoformat(), at.isoformat(), str(identifier)))
        # So that newer months are not opened for each page.
        question = replace(question, until=_behind(at))
        head, begun = "", True


def _behind(at: datetime) -> datetime:
    return at + timedelta(microseconds=1)


def _head(columns: Sequence[str], format_: Format, *, bom: bool) -> str:
    return (sheets.BOM if bom else "") + sheets.lines([columns]) if format_ == "csv" else ""


def _written(rows: Rows, columns: Sequence[str], format_: Format, *, begun: bool) -> str:
    if format_ == "csv":
        return sheets.lines([_cell(row[column]) for column in columns] for row in rows)
    return downloads.objects(({column: row[column] for column in columns} for row in rows), format_, begun=begun)


def _cell(value: Any) -> str:  # noqa: ANN401  # whatever a click has
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
