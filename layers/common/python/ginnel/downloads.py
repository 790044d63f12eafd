"""Files that are given out piece by piece: whole, or where answers are bounded in parts that each lead to the next."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ginnel import settings

Format = Literal["csv", "json", "ndjson"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
}

BINARY = {"schema": {"type": "string", "format": "binary"}}
_OBJECTS = {"schema": {"type": "array", "items": {"type": "object"}}}
PARTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, or a part of it",
        "content": {"text/csv": BINARY, "application/json": _OBJECTS, "application/x-ndjson": BINARY},
        "headers": {"Link": {"description": 'The next part, as rel="next".', "schema": {"type": "string"}}},
    }
}
"""What such a route answers, for its documentation."""

_PAGE = 500
_FEW = 50


@dataclass(frozen=True)
class Settings:
    answer_bytes: int = 0
    """Bytes after which an answer ends, with a Link to the next part; 0 where answers may have any length."""


class Piece(NamedTuple):
    """A page's worth of a file."""

    text: str
    next_cursor: str | None


def objects(said: Iterable[Any], format_: Format, *, begun: bool) -> str:
    """Write a page's objects as JSON, or a line each; `begun` says whether others came before these."""
    texts = [json.dumps(one, ensure_ascii=False) for one in said]
    if format_ == "ndjson":
        return "".join(f"{one}\n" for one in texts)
    return "".join(f",\n{one}" if begun or number else one for number, one in enumerate(texts))


def page_size() -> int:
    """Return how many rows to read at once: few where answers are bounded, as they end between two pages."""
    return _FEW if settings.read(Settings).answer_bytes else _PAGE


async def answer(request: Request, pieces: AsyncIterator[Piece], format_: Format, *, name: str) -> Response:
    """Answer with all of the pieces, or with as many as an answer may hold here and a link to what follows.

    JSON's pieces are those of an array.
    """
    filename, media_type = f"{name}.{format_}", MEDIA_TYPES[format_]
    around = ("[", "]\n") if format_ == "json" else ("", "")
    headers = {"content-disposition": f'attachment; filename="{filename}"', "cache-control": "private, no-store"}
    most = settings.read(Settings).answer_bytes
    first = await anext(pieces)  # what is wrong with the question shows before the answer has begun
    if not most:
        return StreamingResponse(_whole(first, pieces, around), media_type=media_type, headers=headers)
    texts, size = [first.text], len(first.text.encode())
    cursor = first.next_cursor
    while cursor is not None and size < most // 2:
        piece = await anext(pieces)
        texts.append(piece.text)
        size += len(piece.text.encode())
        cursor = piece.next_cursor
    if cursor is not None:
        query = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
        headers["link"] = f'<{request.url.path}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'
    return Response("".join([around[0], *texts, around[1]]), media_type=media_type, headers=headers)


async def _whole(first: Piece, pieces: AsyncIterator[Piece], around: tuple[str, str]) -> AsyncIterator[str]:
    yield around[0] + first.text
    async for piece in pieces:
        yield piece.text
    yield around[1]
