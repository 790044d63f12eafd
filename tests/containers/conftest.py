from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.containers import composed
from tests.containers.composed import Composed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("containers") and (reason := composed.missing()):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def live() -> Iterator[Composed]:
    """The whole system, built and started once: its first start, on empty volumes."""
    system = Composed()
    system.compose("build")
    try:
        system.up()
        yield system
    finally:
        system.down("--volumes")
