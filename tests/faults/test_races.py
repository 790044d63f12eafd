"""A link is changed while others read it: once the change is acknowledged, nobody is led to where it led before.

The steps of readers and of the editor are made to happen in every order, at the level of `redirects`, on the real stores.
Two copies of the module are two processes: they share nothing but Redis and PostgreSQL.
"""

from __future__ import annotations

import asyncio
import importlib.util
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import asyncpg
import pytest

from ginnel import postgres, redirects, redis
from tests.conftest import Account
from tests.faults.conftest import Tell
from tests.faults.scale import FULL, scaled

T = TypeVar("T")

HOST = "go.test"
AT_ONCE = 8
HEARD_SECONDS = 0.25
"""How long the message of a change may be under way to another process of a busy machine."""


class Order:
    """In which order actors take their steps, each an exchange with a store."""

    def __init__(self, actors: list[str]) -> None:
        self.left = actors
        self._moved = asyncio.Condition()

    async def turn(self, actor: str) -> None:
        """Wait until it is this actor's turn; one with no turn left goes as it likes."""
        async with self._moved:
            await self._moved.wait_for(lambda: actor not in self.left or self.left[0] == actor)

    async def done(self, actor: str, *, all_: bool = False) -> None:
        async with self._moved:
            if all_:
                self.left[:] = [other for other in self.left if other != actor]
            elif actor in self.left:
                self.left.remove(actor)
            self._moved.notify_all()


_order: ContextVar[tuple[Order, str] | None] = ContextVar("_order", default=None)


async def step(act: Callable[[], Awaitable[T]]) -> T:
    """Take a step when it is one's turn."""
    mine = _order.get()
    if mine is None:
        return await act()
    order, actor = mine
    await order.turn(actor)
    try:
        return await act()
    finally:
        await order.done(actor)


class Stepped:
    """A store's module, each of whose calls is a step."""

    def __init__(self, module: ModuleType, call: str) -> None:
        self._module, self._call = module, call

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if name != self._call:
            return found

        async def stepped(operation: Any) -> Any:
            return await step(lambda: found(operation))

        return stepped


def process() -> Any:
    """Load `redirects` once more, as another process would."""
    name = f"redirects_{secrets.token_hex(4)}"
    spec = importlib.util.spec_from_file_location(name, redirects.__file__)
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    module.redis, module.postgres = Stepped(redis, "call"), Stepped(postgres, "run")
    return module
