"""The zip that pages are put into, and taken away from while it is written."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from typing import IO, Any, cast

from .pages import Page


class Archive:
    """A zip that is taken away while it is written: it never goes back to what it has said."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._sink), "w", zipfile.ZIP_DEFLATED)
        self._member: Any = None
        self._file = ""
        self._begun = False

    def add(self, page: Page) -> bytes:
        if page.file != self._file:
            self._end_member()
            self._file, self._begun = page.file, False
            self._member = self._zip.open(page.file, "w", force_zip64=True)
            self._member.write(b"[")
        for row in page.rows:
            self._member.write((",\n" if self._begun else "\n").encode() + row.encode())
            self._begun = True
        return self._sink.take()

    def finish(self) -> bytes:
        self._end_member()
        self._zip.close()
        return self._sink.take()

    def _end_member(self) -> None:
        if self._member is not None:
            self._member.write(b"\n]\n")
            self._member.close()


class _Sink:
    """What a ZipFile writes to that can't be rewound: then it puts sizes behind each file, not before."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        return None

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def whole(first: Page, further: AsyncIterator[Page]) -> AsyncIterator[bytes]:
    archive = Archive()
    yield archive.add(first)
    async for page in further:
        if data := archive.add(page):
            yield data
    yield archive.finish()


async def part(first: Page, further: AsyncIterator[Page], most: int) -> tuple[bytes, str | None]:
    """Put as much into a zip as an answer may hold; return it, and where to go on."""
    archive = Archive()
    data = [archive.add(first)]
    cursor = first.cursor
    while cursor is not None and sum(map(len, data)) < most // 2:
        page = await anext(further)
        data.append(archive.add(page))
        cursor = page.cursor
    data.append(archive.finish())
    return b"".join(data), cursor
