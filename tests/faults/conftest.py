from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from ginnel import postgres
from tests.e2e import running
from tests.e2e.running import Running

Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Print a figure, which is what these tests are for, also of a test that passes."""

    def say(figure: str) -> None:
        with capsys.disabled():
            print(f"\n  {figure}", flush=True)

    return say


@pytest.fixture
async def database() -> AsyncIterator[asyncpg.Connection]:
    connection = await postgres.connect(command_timeout=60)
    yield connection
    await connection.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a socket's path may have 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="ginnel-away-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def live() -> Iterator[Running]:
    """An installation with servers of its own, for a module's tests."""
    folder = Path(tempfile.mkdtemp(prefix="ginnel-faults-"))
    with running.up(folder / "data") as started:
        yield started
    running.wait_until_gone(folder / "data")
    shutil.rmtree(folder)
