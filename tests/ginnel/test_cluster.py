"""What becomes of an operation whose key has moved or is moving, or whose node dies or says nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import pytest

from ginnel import clicks, redis, settings, shards
from ginnel.cluster import Cluster

KEY = "{0}clicks"  # of slot 13907
OTHER = "{1}clicks"  # of slot 9842
BORDER = 12_000


class Fake:
    """A node: answers by what it was told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.greeted: list[str] = []
        self.says: Callable[[str], bytes | None] = lambda _: b"+OK\r\n"
        self.port = 0
        self._serving: asyncio.Server
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._serving = await asyncio.start_server(self._welcome, "127.0.0.1", self.port)
        self.port = self._serving.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._serving.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0.01)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (line := await reader.readline()).startswith(b"*"):
                words = []
                for _ in range(int(line[1:])):
                    length = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(length + 2))[:-2].decode())
                if words[0] in {"HELLO", "CLIENT", "AUTH"}:
                    self.greeted.append(" ".join(words))
                    writer.write(b"%1\r\n$5\r\nproto\r\n:3\r\n" if words[0] == "HELLO" else b"+OK\r\n")
                    continue
                self.asked.append(" ".join(words))
                reply = self.says(" ".join(words))
                if reply is not None:
                    writer.write(reply)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class Pair:
    """Two nodes: the low one owns the slots below the border, the high one those from it on."""

    def __init__(self) -> None:
        self.low, self.high = Fake(), Fake()
        self.owner_of_high = self.high

    async def __aenter__(self) -> Self:
        for node in (self.low, self.high):
            await node.start()
            node.says = self._told
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in (self.low, self.high):
            await node.stop()

    def _told(self, command: str) -> bytes:
        if command == "CLUSTER SLOTS":
            return b"*2\r\n" + _range(0, BORDER - 1, self.low) + _range(BORDER, 16383, self.owner_of_high)
        return b"$2\r\nok\r\n"


def _range(first: int, last: int, node: Fake) -> bytes:
    return b"*3\r\n:%d\r\n:%d\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n" % (first, last, node.port)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with Pair() as made:
        yield made


@pytest.fixture
async def cluster(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    monkeypatch.setenv("REDIS_URL", f"redis://somebody:secret@127.0.0.1:{pair.low.port}")
    monkeypatch.setenv("REDIS_CLUSTER", "true")
    monkeypatch.setenv("REDIS_SHARDS", "2")
    monkeypatch.setenv("REDIS_TIMEOUT", "0.1")
    settings.read.cache_clear()
    await redis.close()
    yield redis._cluster()
    await redis.close()
    monkeypatch.undo()
    settings.read.cache_clear()


async def get(client: redis.Redis) -> Any:
    return await client.get(KEY)


async def test_an_operation_goes_to_the_node_that_has_its_key(pair: Pair, cluster: Cluster) -> None:
    assert await redis.call(get, KEY) == b"ok"
    assert await redis.call(lambda client: client.get(OTHER), OTHER) == b"ok"
    assert [command for command in pair.high.asked if command.startswith("GET")] == [f"GET {KEY}"]
    assert [command for command in pair.low.asked if command.startswith("GET")] == [f"GET {OTHER}"]
    assert (pair.low.asked + pair.high.asked).count("CLUSTER SLOTS") == 1
    assert any("AUTH somebody secret" in greeting for greeting in pair.high.greeted)


async def test_where_a_key_has_gone_is_followed_and_learned(pair: Pair, cluster: Cluster) -> None:
    await redis.call(get, KEY)
    pair.owner_of_high = pair.low
    pair.high.says = lambda _: b"-MOVED 13907 127.0.0.1:%d\r\n" % pair.low.port
    await asyncio.sleep(0.3)
    assert await redis.call(get, KEY) == b"ok"
    await asyncio.sleep(0.1)
    before = len(pair.high.asked)
    assert await redis.call(get, KEY) == b"ok"
    assert len(pair.high.asked) == before


async def test_a_key_that_moves_in_circles_is_given_up(pair: Pair, cluster: Cluster) -> None:
    await redis.call(get, KEY)
    pair.high.says = lambda _: b"-MOVED 13907 127.0.0.1:%d\r\n" % pair.low.port
    pair.low.says = lambda _: b"-MOVED 13907 127.0.0.1:%d\r\n" % pair.high.port
    with pytest.raises(redis.Away):
        await redis.call(get, KEY)


async def test_a_key_that_is_just_arriving_is_asked_for(pair: Pair, cluster: Cluster) -> None:
    await redis.call(get, KEY)
    pair.high.says = lambda _: b"-ASK 13907 127.0.0.1:%d\r\n" % pair.low.port
    pair.low.asked.clear()
    assert await redis.call(get, KEY) == b"ok"
    assert pair.low.asked == ["ASKING", f"GET {KEY}"]


async def test_a_dead_node_takes_no_other_away_and_is_asked_once_a_second(pair: Pair, cluster: Cluster) -> None:
    await redis.call(get, KEY)
    await pair.high.stop()
    for _ in range(20):
        with pytest.raises(redis.Away):
            await redis.call(get, KEY)
        assert await redis.call(lambda client: client.get(OTHER), OTHER) == b"ok"
    assert not redis.answers(KEY)
    assert redis.answers(OTHER)
    assert {clicks.stream() for _ in range(4)} == {OTHER}
    with pytest.raises(redis.RedisError):
        await redis.each(lambda client: client.ping())


async def test_a_node_that_says_nothing_is_waited_for_three_times_only(pair: Pair, cluster: Cluster) -> None:
    await redis.call(get, KEY)
    pair.high.says = lambda _: None
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(redis.Away):
            await redis.call(get, KEY)
    assert time.monotonic() - begun < 3 * 0.1 + 0.5


async def test_another_node_in_the_dead_ones_place_is_found(pair: Pair, cluster: Cluster) -> None:
    await redis.call(get, KEY)
    await pair.high.stop()
    pair.owner_of_high = pair.low
    await asyncio.sleep(0.3)
    with pytest.raises(redis.Away):
        await redis.call(get, KEY)
    await asyncio.sleep(0.2)
    assert await redis.call(get, KEY) == b"ok"
    assert {clicks.stream() for _ in range(4)} == set(shards.streams())


async def test_a_cluster_that_is_away_altogether_is_given_up_at_once(pair: Pair, cluster: Cluster) -> None:
    for node in (pair.low, pair.high):
        await node.stop()
    begun = time.monotonic()
    for _ in range(50):
        with pytest.raises(redis.Away):
            await redis.call(get, KEY)
    assert time.monotonic() - begun < 1
    await pair.low.start()
    await pair.high.start()
    await asyncio.sleep(1.1)
    assert await redis.call(get, KEY) == b"ok"


async def test_two_looks_at_once_take_leave_of_the_same_nodes(
    pair: Pair, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly() -> None:
        await asyncio.sleep(0.01)

    await cluster.call(get, KEY.encode())
    known = set(cluster._nodes)
    for port in (1, 2, 3):
        monkeypatch.setattr(cluster._node(("127.0.0.1", port)).client, "aclose", slowly)
    await asyncio.gather(cluster._look(), cluster._look())
    assert set(cluster._nodes) == known


async def test_a_node_that_knows_of_none_is_not_believed(pair: Pair, cluster: Cluster) -> None:
    await cluster.call(get, KEY.encode())
    owners = cluster._owners
    for away in (pair.low, pair.high):
        away.says = lambda _: b"*0\r\n"
    await cluster._look()
    assert cluster._owners == owners


async def test_a_server_that_is_no_cluster_is_refused(pair: Pair, cluster: Cluster) -> None:
    pair.low.says = lambda _: b"-ERR This instance has cluster support disabled\r\n"
    with pytest.raises(settings.BadSettings, match="no cluster"):
        await redis.check()


async def test_a_cluster_that_was_not_said_to_be_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def info(section: str) -> dict[str, int]:
        return {"cluster_enabled": 1}

    monkeypatch.setattr(redis.patient(), "info", info)
    with pytest.raises(settings.BadSettings, match="REDIS_CLUSTER must be true"):
        await redis.check()
