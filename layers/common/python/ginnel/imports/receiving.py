"""Taking a file in: its rows are written down as they are read, and worked off later. See `working`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, sheets
from ginnel.errors import Conflict, FieldError, Invalid

from . import formats
from .files import Reader
from .formats import Format
from .reading import ImportOut, own, shown
from .rows import Row
from .tables import Import

OnConflict = Literal["skip", "suffix", "update"]

MAX_ROWS = 1_000_000
_OPEN = 10
"""Imports of a workspace that may be at work, or wait for more, at the same time."""
_AT_ONCE = 1000
_BYTES_AT_ONCE = 1_000_000


class TooManyImports(Conflict):
    """As many imports as a workspace may have at once are not done yet."""

    code = "imports_pending"


class PartUnexpected(Conflict):
    """Parts of a file have to come in their order, and none after the last."""

    code = "part_unexpected"


class Wanted(NamedTuple):
    """What is to be done with a file."""

    format: Format | Literal["auto"]
    on_conflict: OnConflict
    dry_run: bool
    domain: str | None


async def begin(  # noqa: PLR0913  # who wants what done with which file
    conn: AsyncSession,
    body: AsyncIterator[bytes],
    wanted: Wanted,
    *,
    more: bool,
    workspace: int,
    user: int,
    now: datetime,
) -> ImportOut:
    """Take in a file, or its first part. Raises Invalid if it can't be read to the end; then nothing is kept of it."""
    # Of several that come at the same time each has to see the others.
    await conn.execute(select(func.pg_advisory_xact_lock(7465, workspace % 2**31)))
    unfinished = select(func.count()).where(Import.workspace_id == workspace, Import.finished_at.is_(None))
    if (await conn.scalar(unfinished) or 0) >= _OPEN:
        raise TooManyImports(f"{_OPEN} imports are not done yet. Wait for them, or cancel some.")
    made = Import(
        workspace_id=workspace,
        user_id=user,
        state="receiving",
        format=wanted.format,
        on_conflict=wanted.on_conflict,
        dry_run=wanted.dry_run,
        domain=wanted.domain,
        ignored=[],
        parts=0,
        rows=0,
        created=0,
        updated=0,
        skipped=0,
        failed=0,
        position=0,
        created_at=now,
        worked_at=now,
    )
    conn.add(made)
    await conn.flush()
    await _take(conn, made, body, more=more)
    audit.record(conn, "import_started", subject=f"import:{made.id}", at=now, workspace=workspace, user=user)
    return shown(made)


async def go_on(  # noqa: PLR0913  # as for begin
    conn: AsyncSession, import_id: int, body: AsyncIterator[bytes], *, part: int, more: bool, workspace: int
) -> ImportOut:
    """Take in a file's next part, which may begin at any byte; one that is there already is left as it is.

    Raises NotFound, PartUnexpected, Invalid.
    """
    found = await own(conn, import_id, workspace=workspace, lock=True)
    if part <= found.parts:
        return shown(found)  # whoever sent it has not had the answer
    if part != found.parts + 1 or found.state != "receiving":
        raise PartUnexpected(f"The import has {found.parts} parts, and is {found.state}.")
    await _take(conn, found, body, more=more)
    return shown(found)


async def _take(conn: AsyncSession, into: Import, body: AsyncIterator[bytes], *, more: bool) -> None:
    reader = Reader(into.reader)
    rows: list[dict[str, Any]] = []
    size = 0

    async def keep(read: Sequence[Row]) -> None:
        nonlocal size
        for row in read:
            kept = _taken(into, row, first=not into.rows + len(rows), comma=reader.comma)
            rows.append(kept)
            size += kept["size"]
            if len(rows) >= _AT_ONCE or size >= _BYTES_AT_ONCE:
                await write()

    async def write() -> None:
        nonlocal size
        into.rows += len(rows)
        into.failed += sum(row["state"] == "failed" for row in rows)
        if into.rows > MAX_ROWS:
            raise Invalid.field("", "rows_many", f"has more than {MAX_ROWS} rows")
        await _insert(conn, into.id, rows)
        rows.clear()
        size = 0

    async for piece in body:
        for start in range(0, len(piece), _PIECE):
            await keep(list(reader.read(piece[start : start + _PIECE])))
    if not more:
        await keep(list(reader.read(b"", last=True)))
        if not into.rows + len(rows):
            raise Invalid.field("", "file_empty", "has no rows")
        into.state = "waiting"
    await write()
    into.parts += 1
    into.reader = reader.state if more else None


_PIECE = 65_536


def _taken(into: Import, row: Row, *, first: bool, comma: bool) -> dict[str, Any]:
    if first:
        _learn(into, row)
    # Only our own CSV has cells that `sheets` has made safe: the same text in JSON is meant as it stands.
    return _kept(row, safe=comma and into.format == "ginnel")


def _learn(into: Import, row: Row) -> None:
    """Learn from the first row what format the file has, if nobody has said."""
    names = list(row.names)
    if into.format == "auto":
        into.format = formats.detect(names)
    into.ignored = formats.check(into.format, names)  # type: ignore[arg-type]  # a text to the ORM


def _kept(row: Row, *, safe: bool) -> dict[str, Any]:
    """Make what is written down of a row. Passwords are not: only whether there was one."""
    cells = {
        name: formats.given(value) if formats.named(name) == formats.PASSWORD else value
        for name, value in row.cells.items()
    }
    if safe:
        cells = {name: sheets.plain(value) if isinstance(value, str) else value for name, value in cells.items()}
    fault = row.fault
    try:
        written = json.dumps(cells, ensure_ascii=False, allow_nan=False)
    except ValueError:
        fault, written = FieldError("", "row_invalid", "has a number that is too large"), "{}"
    if fault is None and (name := _unstorable(cells, written)):
        fault = FieldError(f"/{name}", "characters_invalid", "contains NUL characters or unpaired surrogates")
    if fault is not None:
        written = "{}"
    return {
        "number": row.number,
        "state": "failed" if fault else "waiting",
        "size": len(written),
        "cells": None if fault else json.loads(written),
        "errors": [{"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}] if fault else [],
    }


def _unstorable(cells: dict[str, Any], written: str) -> str | None:
    """Name a cell that PostgreSQL can't keep."""
    if "\\u0000" not in written and not _surrogates(written):
        return None
    for name, value in cells.items():
        text_ = json.dumps([name, value], ensure_ascii=False)
        if "\\u0000" in text_.replace("\\\\", "") or _surrogates(text_):
            return name.encode(errors="replace").decode().replace("\0", "?")
    return None


def _surrogates(written: str) -> bool:
    try:
        written.encode()
    except UnicodeEncodeError:
        return True
    return False


async def _insert(conn: AsyncSession, import_id: int, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    await conn.execute(
        text(
            """
            insert into import_rows (import_id, number, state, size, cells, errors)
            select :import, number, state, size, cells, errors
            from jsonb_to_recordset(cast(:rows as jsonb))
                as read (number bigint, state text, size integer, cells jsonb, errors jsonb)
            """
        ),
        {"import": import_id, "rows": json.dumps(rows)},
    )
