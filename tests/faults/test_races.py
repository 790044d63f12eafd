"""A link is changed while others read it: once the change is acknowledged, nobody is led to where it led before.

The steps of readers and of the editor are made to happen in every order, at the level of `lookup`, on the real stores.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

import asyncpg
import pytest

from ginnel import postgres, redis
from tests.conftest import Account
from tests.faults import processes
from tests.faults.conftest import Tell
from tests.faults.scale import scaled
from tests.faults.sent import worker

pytestmark = pytest.mark.faults

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

        async def stepped(*args: Any) -> Any:
            return await step(lambda: found(*args))

        return stepped


@dataclass
class Link:
    id: int
    slug: str
    target: str = "https://example.com/"
    deleted: bool = False

    def meant(self) -> str | None:
        return None if self.deleted else self.target


@dataclass
class Seen:
    """What was found amiss, by who saw it, and how long a change was under way to another process, in ms."""

    stale: Counter[str] = field(default_factory=Counter)
    heard_ms: list[float] = field(default_factory=list)


async def leads_to(process: Any, slug: str) -> str | None:
    record = await process.resolve(HOST, slug)
    return record.target if record and record.state == "live" else None


async def change(editor: Any, link: Link, *, what: str = "") -> None:
    """Change a link as the API does: first in PostgreSQL, then told."""
    before = link.slug
    match what or random.choice(["target", "deletion", "slug"]):
        case "target":
            link.target = f"https://example.com/{secrets.token_hex(4)}"
        case "deletion":
            link.deleted = not link.deleted
        case _:
            link.slug = f"race-{secrets.token_hex(6)}"

    async def write(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute(
                "update links set target = $2, slug = $3, slug_key = $3, deleted_at = case when $4 then now() end"
                " where id = $1",
                link.id, link.target, link.slug, link.deleted,
            )  # fmt: skip
            await connection.execute(
                "insert into purges (created_at, host, slug_key) select distinct now(), $1, slug from unnest($2::text[]) slug",
                HOST, [before, link.slug],
            )  # fmt: skip

    await step(lambda: postgres.run(write))
    await step(lambda: asyncio.sleep(0))  # what comes next begins in the editor's own memory
    for slug in dict.fromkeys([before, link.slug]):
        await editor.purge(HOST, slug)


class Race:
    """One change of one link amid readers in every process, whose steps happen in a random order."""

    def __init__(self, link: Link, processes: list[Any], seen: Seen) -> None:
        self.link, self.processes, self.seen = link, processes, seen

    async def run(self) -> None:
        link = self.link
        for each in self.processes:
            each.forget(HOST, link.slug)
            if random.random() < 0.3:
                await leads_to(each, link.slug)
        slugs, editor = [link.slug], random.choice(self.processes)
        order = Order(random.sample(["editor"] * 6 + ["a", "b", "c"] * 3, 15))
        changing = self._act(order, "editor", change(editor, link))
        await asyncio.sleep(0)  # by now it is known whether there is another slug
        slugs = list(dict.fromkeys([*slugs, link.slug]))
        # Who asks for the same in the same process shares a read: of these only one may be held up, or all would wait.
        asked = [(each, slug) for each in self.processes for slug in slugs]
        random.shuffle(asked)
        readers = [self._act(order, actor, leads_to(*question)) for actor, question in zip("abc", asked, strict=False)]
        for absent in "abc"[len(asked) :]:
            await order.done(absent, all_=True)
        readers.append(asyncio.create_task(leads_to(*random.choice(asked))))
        await changing
        acknowledged = time.monotonic()
        hasty = random.random() < 0.5  # while readers are still at it
        if hasty:
            await self._look("own process", editor, slugs)
        await asyncio.gather(*readers)
        await self._look("own process", editor, slugs)
        for each in self.processes:
            await self._hear(each, slugs, acknowledged)
        cold = random.choice(self.processes)
        for slug in slugs:
            cold.forget(HOST, slug)
        await self._look("Redis", cold, slugs)

    def _act(self, order: Order, actor: str, doing: Any) -> asyncio.Task[Any]:
        async def act() -> Any:
            _order.set((order, actor))
            try:
                return await doing
            finally:
                await order.done(actor, all_=True)

        return asyncio.create_task(act())

    async def _right(self, process: Any, slugs: list[str]) -> bool:
        found = [await leads_to(process, slug) for slug in slugs]
        return found == [self.link.meant() if slug == self.link.slug else None for slug in slugs]

    async def _look(self, who: str, process: Any, slugs: list[str]) -> None:
        self.seen.stale[who] += not await self._right(process, slugs)

    async def _hear(self, process: Any, slugs: list[str], acknowledged: float) -> None:
        while not await self._right(process, slugs):
            if time.monotonic() > acknowledged + HEARD_SECONDS:
                self.seen.stale["another process"] += 1
                return
            await asyncio.sleep(0.001)
            self.seen.heard_ms.append((time.monotonic() - acknowledged) * 1000)


@pytest.fixture
async def listening() -> AsyncIterator[list[Any]]:
    """Two processes that are told of changes, and take their steps in turn."""
    async with processes.listening(2) as made:
        for each in made:
            each.redis, each.postgres = Stepped(redis, "call"), Stepped(postgres, "run")
        yield made


async def test_a_change_that_races_readers_is_seen_once_it_is_acknowledged(
    account: Account, listening: list[Any], tell: Tell
) -> None:
    rounds, seen = scaled(10_000, otherwise=1_000), Seen()

    async def again_and_again() -> None:
        made = await account.link(slug=f"race-{secrets.token_hex(6)}")
        link = Link(made["id"], made["slug"])
        for _ in range(rounds // AT_ONCE):
            await Race(link, listening, seen).run()

    begun = time.monotonic()
    await asyncio.gather(*(again_and_again() for _ in range(AT_ONCE)))
    tell(
        f"Edit or delete racing a fill: {rounds} forced interleavings in {time.monotonic() - begun:.0f} s: stale after the "
        f"acknowledgement: {seen.stale.total()}; another process had heard of it after at most "
        f"{max(seen.heard_ms, default=0):.0f} ms ({len(seen.heard_ms)} times later than it asked)"
    )
    assert set(seen.stale) == {"own process", "Redis"}
    assert seen.stale.total() == 0


class Cut:
    """A store's module in a process that can't reach it."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    async def call(self, *_: object) -> Any:
        raise redis.Away


async def test_a_change_that_redis_was_not_told_of_is_seen_within_a_minute(
    account: Account, listening: list[Any], tell: Tell
) -> None:
    editor, other = listening
    editor.redis = Cut(redis)
    made = await account.link(slug=f"race-{secrets.token_hex(6)}")
    link, took = Link(made["id"], made["slug"]), []
    for _ in range(scaled(20, otherwise=3)):
        await leads_to(other, link.slug)
        await change(editor, link, what="target")
        changed = time.monotonic()
        assert await leads_to(editor, link.slug) == link.meant()
        assert await leads_to(other, link.slug) != link.meant()
        with worker("teller"):  # which does what the editor could not
            while await leads_to(other, link.slug) != link.meant():
                assert time.monotonic() < changed + 60
                await asyncio.sleep(0.01)
        took.append(time.monotonic() - changed)
    tell(
        f"Redis away at an edit: {len(took)} times, another process led to the new target at most {max(took):.1f} s later, "
        f"a worker's start included"
    )
