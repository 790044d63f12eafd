"""The command that clicks go through: what becomes of it when Redis answers late, oddly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from ginnel import clicks, redis, settings

Talk = Callable[[asyncio.StreamWriter, int], Awaitable[None]]


@asynccontextmanager
async def server(monkeypatch: pytest.MonkeyPatch, talk: Talk, *, patience: float = 5) -> AsyncIterator[list[int]]:
    """Serve as Redis on loopback: log whoever comes in, then `talk`, with the number of the connection."""
    numbers: list[int] = []

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        numbers.append(len(numbers))
        number = numbers[-1]
        try:
            while (line := await reader.readline()).startswith(b"*"):
                words = []
                for _ in range(int(line[1:])):
                    length = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(length + 2))[:-2])
                if words[0] == b"XADD":
                    await talk(writer, number)
                else:
                    writer.write(b"+OK\r\n")
        finally:
            writer.close()

    serving = await asyncio.start_server(welcome, "127.0.0.1", 0)
    port = serving.sockets[0].getsockname()[1]
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}")
    monkeypatch.setenv("REDIS_TIMEOUT", str(patience))
    settings.read.cache_clear()
    client = redis._connect(patience)
    monkeypatch.setattr(redis, "_client", lambda: client)
    monkeypatch.setattr(redis, "_breaker", redis.Breaker(limit=1000))
    if redis._line:
        redis.keep_line()  # over connections to this server
    try:
        yield numbers
    finally:
        if redis._line:
            redis._line.close()
        monkeypatch.undo()
        settings.read.cache_clear()
        await client.aclose()
        serving.close()


@pytest.fixture(autouse=True, params=["line", "pool"])
async def _way(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    before = redis._line
    if request.param == "line":
        redis.keep_line()
    else:
        redis._line = None
    yield
    if request.param == "line" and redis._line:
        redis._line.close()
    redis._line = before


async def put() -> bytes:
    return await redis.append(b"s", b"f", b"value\r\n")


async def test_appends_at_the_same_time_get_their_own_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"$%d\r\n" % len(str(number)))  # in two pieces
        await asyncio.sleep(0)
        writer.write(b"%d\r\n" % number)

    async with server(monkeypatch, talk) as numbers:
        found = await asyncio.gather(*(put() for _ in range(20)))
        assert set(map(int, found)) == set(numbers)
        assert await put() in found


async def test_a_late_reply_is_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    late: list[asyncio.StreamWriter] = []

    async def talk(writer: asyncio.StreamWriter, number: int) -> None:
        if number == 0:
            late.append(writer)
        else:
            writer.write(b"$1\r\n%d\r\n" % number)

    async with server(monkeypatch, talk, patience=0.2) as numbers:
        with pytest.raises(redis.Away):
            await put()
        late[0].write(b"$1\r\n0\r\n")
        assert [await put(), await put()] == [b"1", b"1"]
        assert numbers == [0, 1]


async def test_one_who_gives_up_leaves_no_reply_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    said = 0
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def talk(writer: asyncio.StreamWriter, number: int) -> None:
        nonlocal said
        said += 1
        mine = b"%d" % said
        asked.set()
        await may_answer.wait()
        writer.write(b"$%d\r\n%b\r\n" % (len(mine), mine))

    async with server(monkeypatch, talk):
        for _ in range(20):
            asked.clear()
            may_answer.clear()
            asking = asyncio.create_task(put())
            await asked.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            may_answer.set()
            assert await put() == b"%d" % said


@pytest.mark.parametrize("reply", [b"", b"$3\r\nab", b"nonsense\r\n"])
async def test_a_broken_reply_ends_the_connection(monkeypatch: pytest.MonkeyPatch, reply: bytes) -> None:
    async def talk(writer: asyncio.StreamWriter, number: int) -> None:
        if number == 0:
            writer.write(reply)
            writer.close()
        else:
            writer.write(b"$1\r\n1\r\n")

    async with server(monkeypatch, talk) as numbers:
        with pytest.raises(redis.RedisError):
            await put()
        assert await put() == b"1"
        assert numbers == [0, 1]


async def test_a_refusal_is_raised_and_the_connection_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"-OOM command not allowed\r\n")

    async with server(monkeypatch, talk) as numbers:
        for _ in range(5):
            with pytest.raises(redis.ResponseError, match="not allowed"):
                await put()
        assert numbers == [0]


async def test_a_connection_that_was_cut_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"$1\r\n%d\r\n" % number)
        writer.close()

    async with server(monkeypatch, talk):
        for number in range(5):
            assert await put() == b"%d" % number
            await asyncio.sleep(0.05)


async def test_what_is_appended_stands_in_the_stream() -> None:
    value = b"a\tb\r\n\x00\xff" * 10_000
    identifier = await redis.append(b"append-test", clicks.FIELD, value)
    assert await redis.patient().xrange("append-test") == [(identifier, {clicks.FIELD: value})]
    await redis.patient().delete("append-test")
