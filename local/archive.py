"""A back-up's file: a zip with one member a table, as PostgreSQL's COPY writes it in text, and a manifest, which comes last.

Whatever reads zips can look inside. A file that was cut short has no directory at its end, and is refused as a whole.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

FORMAT, VERSION = "ginnel-backup", 1
MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class BadArchive(RuntimeError):
    """The file is none of ours, or not whole any more; the message is meant for the person at the terminal."""


@dataclass(frozen=True)
class Table:
    name: str
    columns: list[str]
    rows: int
    sha256: str
    """Of the member's text, uncompressed."""

    @property
    def member(self) -> str:
        return f"{self.name}.copy"


@dataclass(frozen=True)
class Sequence:
    """What numbers a table's rows, and the last number that it gave; 0 for none."""

    table: str
    column: str
    last: int


@dataclass(frozen=True)
class Manifest:
    revision: str
    """The schema's version: the name of the last migration."""
    taken_at: str
    server: str
    months: list[str]
    """Days, each the first of a month for which clicks had a partition."""
    tables: list[Table]
    """In an order in which each comes after those that it refers to."""
    sequences: list[Sequence]


@contextmanager
def writing(path: Path) -> Iterator[ZipFile]:
    """Write a file that has its name once it is whole and on the disk, and that its owner alone may read."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with ZipFile(file, "w", ZIP_DEFLATED) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        Path(draft).rename(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def finish(archive: ZipFile, manifest: Manifest) -> None:
    about = {"format": FORMAT, "version": VERSION, **dataclasses.asdict(manifest)}
    archive.writestr(MANIFEST, json.dumps(about, indent=1))


@contextmanager
def reading(path: Path) -> Iterator[tuple[ZipFile, Manifest]]:
    """Open a file whose every byte was found to be what was written. Raises BadArchive."""
    archive, manifest = _open(path)
    with archive:
        yield archive, manifest


def _open(path: Path) -> tuple[ZipFile, Manifest]:
    try:
        archive = ZipFile(path)
        manifest = _manifest(json.loads(archive.read(MANIFEST)))
        for table in manifest.tables:
            _check(archive, table)
    except OSError as error:
        raise BadArchive(f"{path} can't be read: {error.strerror}") from error
    except (BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError) as error:
        raise BadArchive(f"{path} is no back-up, or was damaged ({error})") from error
    return archive, manifest


async def chunks(archive: ZipFile, table: Table) -> AsyncIterator[bytes]:
    with archive.open(table.member) as member:
        while chunk := member.read(_CHUNK):
            yield chunk


def _check(archive: ZipFile, table: Table) -> None:
    digest, rows = hashlib.sha256(), 0
    with archive.open(table.member) as member:
        while chunk := member.read(_CHUNK):
            digest.update(chunk)
            rows += chunk.count(b"\n")  # one ends each row; those within a value are escaped
    if (digest.hexdigest(), rows) != (table.sha256, table.rows):
        raise ValueError(f"{table.member} is not what was written")


def _manifest(about: Mapping[str, Any]) -> Manifest:
    if about["format"] != FORMAT:
        raise ValueError("its manifest is another program's")
    if about["version"] != VERSION:
        raise BadArchive(f"the file's format is version {about['version']}; this release reads version {VERSION}")
    return Manifest(
        revision=about["revision"],
        taken_at=about["taken_at"],
        server=about["server"],
        months=about["months"],
        tables=[Table(**table) for table in about["tables"]],
        sequences=[Sequence(**sequence) for sequence in about["sequences"]],
    )
