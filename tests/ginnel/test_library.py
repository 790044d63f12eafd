"""What runs inside Redis agrees with what runs here, and runs there in whichever way the server allows."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as some
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from ginnel import clicks, library, lookup, redirects, redis
from ginnel.redirects import Record, State, Visit

NOW = 1_800_000_000.25
STREAM = "{library-test}clicks"
KEYS = ["{library-test}exact", "{library-test}folded"]

past = some.one_of(some.none(), some.just(NOW), some.floats(NOW - 1, NOW), some.integers(0, int(NOW)))
moments = some.one_of(
    past, some.none(), some.floats(NOW - 1, NOW + 1), some.floats(-1e15, 1e15), some.integers(0, 2**40)
)
later = some.one_of(some.none(), some.floats(NOW + 1e-6, 1e15), some.integers(int(NOW) + 1, 2**40), moments)
ids = some.integers(0, 2**63 - 1)
words = some.one_of(some.sampled_from(["Abc", "abc", "größe", "🎉", 'a"b', '"live",1,2,3,"']), some.text(max_size=8))
records = some.builds(
    Record,
    slug_key=words,
    case_sensitive=some.booleans(),
    state=some.sampled_from([*[State.LIVE] * 9, *State]),
    link=ids,
    workspace=ids,
    domain=ids,
    target=some.one_of(some.just("https://example.com/?a=b#c"), words),
    status=some.sampled_from([301, 302, 307, 308]),
    allow_caching=some.booleans(),
    forward_query=some.booleans(),
    starts_at=some.one_of(past, moments),
    expires_at=later,
    expired_target=some.one_of(some.none(), words),
)
LIVE = Record("abc", case_sensitive=False, state=State.LIVE, link=1, workspace=2, domain=3, target="https://a.test/")


@pytest.fixture
async def client() -> AsyncIterator[Redis]:
    async with Redis.from_url(os.environ["REDIS_URL"]) as made:
        await made.delete(STREAM, *KEYS)
        yield made
        await made.delete(STREAM, *KEYS)


@pytest.fixture(autouse=True)
def _as_if_just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_refused", False)


async def visit(client: Redis, slug: str, begun: Visit) -> tuple[bytes | None, bool]:
    args: list[str | bytes | float] = [b"token", slug, begun.at, begun.before, begun.after]
    found, appended = await library.call(client, "visit", [STREAM, *KEYS], args)
    return found, bool(appended)


def begin() -> Visit:
    begun = clicks.begin({b"user-agent": "Grüße".encode()}, address=b"203.0.113.7", query=b"a=\xff&b")
    return Visit(begun.before, begun.after, NOW)


async def appended_lines(client: Redis) -> list[bytes]:
    entries: Any = await client.xrange(STREAM)
    await client.delete(STREAM)
    return [fields[clicks.FIELD] for _, fields in entries]


async def test_a_visit_is_appended_only_if_it_leads_on_and_counts(client: Redis) -> None:
    made = {True: 0, False: 0}

    @examples(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        record=records,
        slug=words,
        same=some.booleans(),
        further=some.lists(some.sampled_from([None, None, None, 5, False]), max_size=2),
    )
    @example(record=LIVE, slug="abc", same=True, further=[])
    @example(record=LIVE, slug="abc", same=True, further=[None, 10])
    def both_agree(record: Record, slug: str, *, same: bool, further: list[Any]) -> None:
        runner.run_until_complete(compare(record, record.slug_key if same else slug, further))

    async def compare(record: Record, slug: str, further: list[Any]) -> None:
        packed = record.pack()[:-1] + b"".join(b",null" if one is None else b",%d" % one for one in further) + b"]"
        await theirs.set(KEYS[0], packed)
        begun = begin()
        found, appended = await visit(theirs, slug, begun)
        assert found == packed
        lines = await appended_lines(theirs)
        assert lines == ([begun.line(record)] if appended else [])
        answer = redirects.decide(record, b"a=b", NOW)
        known = all(one is None for one in further)
        if known:
            assert astuple(Record.unpack(packed)) == astuple(record)
        else:
            with pytest.raises(ValueError, match="later release"):
                Record.unpack(packed)
        leads = (record.expires_at is None or record.expires_at > NOW) and record.target != ""
        assert appended == (known and lookup._applies(record, slug) and leads and bool(answer.location))
        made[appended] += 1

    runner = asyncio.new_event_loop()  # hypothesis calls a plain function, in which ours can't go on
    theirs = Redis.from_url(os.environ["REDIS_URL"])
    try:
        await asyncio.to_thread(both_agree)
    finally:
        await asyncio.to_thread(runner.run_until_complete, theirs.aclose())
        runner.close()
    print(f"\n{made[True]} visits appended, {made[False]} left alone")
    assert min(made.values()) > 100


async def test_a_line_put_together_there_is_the_line_made_here() -> None:
    headers = {b"user-agent": b"a\tb\x00", b"dnt": b"1", b"referer": b"https://x.test/"}
    whole = clicks.visit(LIVE, headers, address=b"1.2.3.4", query=b"q").split(b"\t")
    put_together = clicks.begin(headers, address=b"1.2.3.4", query=b"q").line(LIVE).split(b"\t")
    assert put_together[2:] == whole[2:]
    assert abs(int(put_together[1]) - int(whole[1])) < 1000


async def test_a_record_is_found_though_the_lease_still_lies_under_its_other_name(client: Redis) -> None:
    assert await library.call(client, "take", KEYS, [b"token"]) is None
    assert await library.call(client, "fill", KEYS[1:], [b"token", LIVE.pack(), 60]) == 1
    assert await client.get(KEYS[0]) == b"token"
    assert await library.call(client, "take", KEYS, [b"another"]) == LIVE.pack()
    assert await visit(client, "ABC", begin()) == (LIVE.pack(), True)


async def test_a_miss_is_leased_and_only_the_lease_fills_it(client: Redis) -> None:
    assert await visit(client, "abc", begin()) == (None, False)
    assert await visit(client, "abc", begin()) == (b"", False)
    assert await library.call(client, "take", KEYS, [b"another"]) == b""
    assert await library.call(client, "fill", KEYS[:1], [b"another", LIVE.pack(), 60]) == 0
    assert await library.call(client, "fill", KEYS[:1], [b"token", LIVE.pack(), 60]) == 1
    assert await visit(client, "abc", begin()) == (LIVE.pack(), True)
    assert 0 < await client.ttl(KEYS[0]) <= 60


async def test_functions_that_were_flushed_are_loaded_again(client: Redis) -> None:
    await client.set(KEYS[0], LIVE.pack())
    for _ in range(3):
        await client.function_flush()
        found = await asyncio.gather(*(visit(client, "abc", begin()) for _ in range(5)))
        assert found == [(LIVE.pack(), True)] * 5
    assert len(await appended_lines(client)) == 15
    assert not library._refused


async def test_two_releases_run_side_by_side(client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    await client.set(KEYS[0], LIVE.pack())
    await visit(client, "abc", begin())
    mine = library._library()
    with monkeypatch.context() as later:
        source = library._source() + "-- another release\n"
        later.setattr(library, "_source", lambda: source)
        assert library._library() != mine
        assert await visit(client, "abc", begin()) == (LIVE.pack(), True)
    assert await visit(client, "abc", begin()) == (LIVE.pack(), True)
    assert len(await appended_lines(client)) == 3


@pytest.mark.parametrize("refused", ["-function", "-fcall", "-function|load"])
async def test_where_functions_are_refused_scripts_do_the_same(
    client: Redis, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = f"test-{secrets.token_hex(4)}"
    await client.acl_setuser(
        user, enabled=True, passwords=["+password"], keys=["*"], channels=["*"], commands=["+@all", refused]
    )
    await client.function_flush()
    await client.script_flush()
    await client.set(KEYS[0], LIVE.pack())
    try:
        async with Redis.from_url(os.environ["REDIS_URL"], username=user, password="password") as limited:
            assert await visit(limited, "abc", begin()) == (LIVE.pack(), True)
            assert library._refused
            before = (await client.info("commandstats")).get("cmdstat_fcall", {"calls": 0})
            assert await visit(limited, "abc", begin()) == (LIVE.pack(), True)
            assert (await client.info("commandstats")).get("cmdstat_fcall", {"calls": 0}) == before
            await client.script_flush()
            assert await visit(limited, "abc", begin()) == (LIVE.pack(), True)
    finally:
        await client.acl_deluser(user)
    assert len(await appended_lines(client)) == 3


async def test_a_full_or_moved_server_does_not_turn_functions_off(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")

    monkeypatch.setattr(client, "fcall", full)
    with pytest.raises(redis.ResponseError):
        await visit(client, "abc", begin())
    assert not library._refused


async def test_a_visit_is_remembered_and_its_record_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    slug = secrets.token_hex(6)
    key = lookup._key(f"go.test/{slug}", f"go.test/{slug}")
    await redis.patient().set(key, Record(slug, *astuple(LIVE)[1:]).pack(), ex=60)
    begun = begin()
    record = await lookup.resolve("go.test", slug, begun)
    assert begun.appended
    again = begin()
    assert await lookup.resolve("go.test", slug, again) == record
    assert not again.appended
    kept = lookup.remembered("go.test", slug)
    assert kept is not None
    assert kept.record == record
    assert kept.fresh(time.monotonic())
    await lookup.purge("go.test", slug)
    assert lookup.remembered("go.test", slug) is None
    assert await lookup.resolve("go.test", slug, again) is None
    assert not again.appended


async def test_of_visitors_at_the_same_time_each_is_written_down_once() -> None:
    slug = secrets.token_hex(6)
    key = lookup._key(f"go.test/{slug}", f"go.test/{slug}")
    await redis.patient().set(key, Record(slug, *astuple(LIVE)[1:]).pack(), ex=60)
    crowd = [begin() for _ in range(20)]
    found = await asyncio.gather(*(lookup.resolve("go.test", slug, one) for one in crowd))
    assert {record.link for record in found if record} == {1}
    entries: Any = await redis.patient().xrange(clicks.STREAM)
    written = [one for one in crowd if any(one.line(LIVE) == fields[clicks.FIELD] for _, fields in entries)]
    assert written == [one for one in crowd if one.appended]
    assert len(written) == 1
