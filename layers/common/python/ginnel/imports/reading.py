"""Looking at imports, and their reports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, db, web
from ginnel.errors import Conflict, NotFound

from .tables import Import, ImportRow, State

_LISTED = 100
_PAGE = 1000


class ImportFinished(Conflict):
    """The import is done: there is nothing to cancel or to resume."""

    code = "import_finished"


class ImportOut(web.Output):
    id: int
    state: State = Field(
        description="receiving: further parts are awaited; waiting, running: rows are worked off; done; cancelled."
    )
    format: str
    on_conflict: str
    dry_run: bool
    domain: str | None
    parts: int = Field(description="How many parts of the file have come.")
    ignored: list[str] = Field(description="Columns that nothing is made of.")
    rows: int = Field(description="How many rows have been read.")
    created: int
    updated: int
    skipped: int
    failed: int
    progress: float = Field(description="The part of the rows read that was worked off, from 0 to 1.")
    created_at: datetime
    finished_at: datetime | None


class ImportPage(web.Output):
    items: list[ImportOut]


def shown(found: Import) -> ImportOut:
    done = found.created + found.updated + found.skipped + found.failed
    fields = {field: getattr(found, field) for field in ImportOut.model_fields if field != "progress"}
    return ImportOut(**fields, progress=done / found.rows if found.rows else 0.0)


async def own(conn: AsyncSession, import_id: int, *, workspace: int, lock: bool = False) -> Import:
    """Raises NotFound."""
    query = select(Import).where(Import.id == import_id, Import.workspace_id == workspace)
    found = await conn.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("import", import_id)
    return found


async def get(conn: AsyncSession, import_id: int, *, workspace: int) -> ImportOut:
    """Raises NotFound."""
    return shown(await own(conn, import_id, workspace=workspace))


async def find_all(conn: AsyncSession, *, workspace: int) -> ImportPage:
    """List a workspace's last hundred, newest first."""
    query = select(Import).where(Import.workspace_id == workspace).order_by(Import.id.desc()).limit(_LISTED)
    return ImportPage(items=[shown(found) for found in await conn.scalars(query)])


async def cancel(conn: AsyncSession, import_id: int, *, workspace: int, user: int, now: datetime) -> ImportOut:
    """Leave the rows that are not worked off yet as they are. Raises NotFound, ImportFinished."""
    found = await own(conn, import_id, workspace=workspace, lock=True)
    if found.state == "done":
        raise ImportFinished("The import is done.")
    if found.state != "cancelled":
        found.state, found.finished_at = "cancelled", now
        audit.record(conn, "import_cancelled", subject=f"import:{found.id}", at=now, workspace=workspace, user=user)
    return shown(found)


async def resume(conn: AsyncSession, import_id: int, *, workspace: int) -> ImportOut:
    """Go on with one that was cancelled; others go on by themselves. Raises NotFound, ImportFinished."""
    found = await own(conn, import_id, workspace=workspace, lock=True)
    if found.state == "done":
        raise ImportFinished("The import is done.")
    if found.state == "cancelled":
        found.state, found.finished_at = "waiting" if found.reader is None else "receiving", None
    return shown(found)


class Reported(NamedTuple):
    """What became of a row."""

    row: int
    state: str
    link: int | None
    short_url: str | None
    errors: list[dict[str, str]]

    def cells(self) -> list[list[str]]:
        """Make lines of CSV: one a problem, or one without any."""
        start = [str(self.row), self.state, str(self.link or ""), self.short_url or ""]
        return [[*start, e["pointer"], e["code"], e["detail"]] for e in self.errors] or [[*start, "", "", ""]]


COLUMNS = ("row", "state", "link", "short_url", "field", "code", "detail")


async def report(import_id: int, *, after: int = 0) -> AsyncIterator[list[Reported]]:
    """Give what became of an import's rows, page by page, behind row `after`; on a connection of its own a page."""
    while True:
        async with db.session() as conn:
            rows = (
                await conn.execute(
                    select(ImportRow.number, ImportRow.state, ImportRow.link_id, ImportRow.short_url, ImportRow.errors)
                    .where(ImportRow.import_id == import_id, ImportRow.number > after)
                    .order_by(ImportRow.number)
                    .limit(_PAGE)
                )
            ).all()
        if rows:
            yield [Reported(*row) for row in rows]
        if len(rows) < _PAGE:
            return
        after = rows[-1].number
