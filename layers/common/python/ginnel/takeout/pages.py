"""Reading all that there is of a person, page by page: behind the cursor of a page comes what follows it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from ginnel import db
from ginnel.errors import Invalid

from . import queries

_PAGE = 1000


class Page(NamedTuple):
    """Rows of one file, each as JSON, and where to go on behind them; without, it was the last."""

    file: str
    rows: Sequence[str]
    cursor: str | None


class _Place(NamedTuple):
    """Where in the whole: the workspace (0 for the person's own files), the file of its kind, the keys of the last row."""

    workspace: int
    file: int
    keys: tuple[str, ...] | None


async def pages(user: int, cursor: str | None, *, strong: bool) -> AsyncIterator[Page]:
    """Read it, each page on a connection of its own. Raises Invalid for a cursor that is none, and Unavailable.

    Unless it is for a session that began with a second factor (`strong`), workspaces that require one are left out.
    """
    place: _Place | None = _read(cursor) if cursor else _Place(0, 0, None)
    while place is not None:
        kind = (queries.WORKSPACE if place.workspace else queries.PERSON)[place.file]
        async with db.session() as conn:
            owned = await _owned(conn, user, strong=strong)
            keys = dict(zip(("k1", "k2", "k3"), place.keys or kind.first, strict=False))
            asked = {"user": user, "workspace": place.workspace, "strong": strong, "most": _PAGE, **keys}
            known = not place.workspace or place.workspace in owned
            rows = (await conn.execute(text(kind.query), asked)).all() if known else []
        full = len(rows) == _PAGE
        following = _Place(place.workspace, place.file, tuple(map(str, rows[-1][1:]))) if full else _next(place, owned)
        folder = f"workspaces/{place.workspace}/" if place.workspace else ""
        yield Page(f"{folder}{kind.name}.json", [row[0] for row in rows], _written(following) if following else None)
        place = following


async def _owned(conn: Any, user: int, *, strong: bool) -> list[int]:  # noqa: ANN401  # a session
    query = """
        select w.id from members m join workspaces w on w.id = m.workspace_id
        where m.user_id = :user and m.role = 'owner' and (not w.require_second_factor or cast(:strong as boolean))
        order by 1
    """
    return list(await conn.scalars(text(query), {"user": user, "strong": strong}))


def _next(place: _Place, owned: Sequence[int]) -> _Place | None:
    kinds = queries.WORKSPACE if place.workspace else queries.PERSON
    if place.file + 1 < len(kinds):
        return _Place(place.workspace, place.file + 1, None)
    further = [workspace for workspace in owned if workspace > place.workspace]
    return _Place(further[0], 0, None) if further else None


def _written(place: _Place) -> str:
    return json.dumps(place, separators=(",", ":")).encode().hex()


def _read(cursor: str) -> _Place:
    try:
        workspace, file, keys = json.loads(bytes.fromhex(cursor))
        kind = (queries.WORKSPACE if workspace else queries.PERSON)[file]
        if isinstance(workspace, int) and 0 <= workspace < 2**63 and file >= 0 and (keys is None or _fit(keys, kind)):
            return _Place(workspace, file, keys and tuple(keys))
    except (ValueError, TypeError, IndexError, RecursionError):
        pass
    raise Invalid.field("query:cursor", "cursor_invalid", "is not a cursor that was given out")


def _fit(keys: Any, kind: queries.Kind) -> bool:  # noqa: ANN401  # whatever JSON held
    fitting = isinstance(keys, list) and len(keys) == len(kind.first)
    return fitting and all(
        isinstance(key, str) and shape.fullmatch(key) for key, shape in zip(keys, kind.shapes, strict=True)
    )
