"""Other processes that know links: copies of `lookup`, which share nothing but Redis and PostgreSQL with one another."""

from __future__ import annotations

import asyncio
import importlib.util
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ginnel import lookup


def another() -> Any:
    name = f"lookup_{secrets.token_hex(4)}"
    spec = importlib.util.spec_from_file_location(name, lookup.__file__)
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def listening(count: int) -> AsyncIterator[list[Any]]:
    """Have some that are told of changes."""
    made = [another() for _ in range(count)]
    watching = [asyncio.create_task(each.watch()) for each in made]
    while not all(time.monotonic() < each._told_until for each in made):  # noqa: ASYNC110  # they have no event for it
        await asyncio.sleep(0.01)
    yield made
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
