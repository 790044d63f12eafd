from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import running
from tests.e2e.running import Running


@pytest.fixture(scope="session")
def live() -> Iterator[Running]:
    """One installation for all tests that change nothing but their own links; its first start, from an empty folder."""
    yield from _installation()


@pytest.fixture(scope="session")
def live_on_lambda() -> Iterator[Running]:
    """One whose functions run from their packages, under Lambda's emulator."""
    yield from _installation("--template", str(running.TEMPLATE))


def _installation(*options: str) -> Iterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="ginnel-e2e-"))
    # As it is where there is no Node.js: the dashboard has a browser's tests of its own.
    env = {"TRUSTED_PROXIES": "1", "DASHBOARD": "frontend/none"}
    with running.up(folder / "data", env=env, options=options) as started:
        yield started
    running.wait_until_gone(folder / "data")
    shutil.rmtree(folder)
