"""Sets of keys: which one signs when, and that a rotation leaves no moment in which a good token is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel import jwks

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
AFTER = timedelta(minutes=1)


def text(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys})


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_of_keys_without_times_the_first_signs() -> None:
    first, second = jwks.drawn(), jwks.drawn()
    assert jwks.parse(text(first, second)).signer(NOW).kid == first["kid"]
    assert jwks.parse(json.dumps(first)).signer(NOW).kid == first["kid"]  # a set of one, as Secrets Manager draws it


def test_a_rotation_says_who_signs_and_verifies_when() -> None:
    old = jwks.drawn()
    rotated = jwks.parse(jwks.rotated(text(old), now=NOW, after=AFTER))
    former, new = rotated.keys
    assert rotated.find(new.kid) == new  # at once
    assert [rotated.signer(at(second)).kid for second in (0, 59, 60, 10**6)] == [
        former.kid,
        former.kid,
        new.kid,
        new.kid,
    ]
    assert [former.ended(at(60 + 60 * minute)) for minute in (0, 15, 19, 20)] == [False, False, False, True]
    assert new.exp is None


def test_what_is_over_is_left_out_the_next_time() -> None:
    first = jwks.rotated(text(jwks.drawn()), now=NOW, after=AFTER)
    kids = [key.kid for key in jwks.parse(first).keys]
    soon = jwks.parse(jwks.rotated(first, now=at(300), after=AFTER))
    assert [key.kid for key in soon.keys][:2] == kids
    later = jwks.parse(jwks.rotated(first, now=at(3600), after=AFTER))
    assert [key.kid for key in later.keys][:1] == kids[1:]
    assert len(later.keys) == 2


def test_a_rotation_that_is_in_a_hurry_waits_for_the_one_before() -> None:
    first = jwks.rotated(text(jwks.drawn()), now=NOW, after=timedelta(minutes=10))
    second = jwks.parse(jwks.rotated(first, now=NOW, after=AFTER))
    assert [second.keys.index(second.signer(at(minute * 60))) for minute in (0, 9, 11, 60)] == [0, 0, 2, 2]


def test_a_slow_clock_signs_all_the_same() -> None:
    keys = jwks.parse(jwks.rotated(text(jwks.drawn(nbf=int(NOW.timestamp()))), now=NOW, after=AFTER))
    assert keys.signer(at(-3600)) == keys.keys[0]


def test_keys_show_nothing_of_themselves() -> None:
    drawn = jwks.drawn()
    assert drawn["k"] not in repr(jwks.parse(text(drawn)))
    assert str(jwks.decoded(drawn["k"])) not in repr(jwks.parse(text(drawn)))


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 900)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 15 * 60 - 1)), min_size=1, max_size=20),
)
def test_whoever_signs_by_a_set_that_is_not_older_than_allowed_is_believed(
    rotations: list[tuple[int, int]], uses: list[tuple[int, int]]
) -> None:
    """Rotate at any times; sign by a set that is as old as it may be, verify by the newest."""
    moment = 0
    sets = [(0, 1, text(jwks.drawn()))]
    for pause, after in rotations:
        moment += pause
        sets.append((moment, after, jwks.rotated(sets[-1][2], now=at(moment), after=timedelta(seconds=after))))
    allowed = min(after for _, after, _ in sets[1:])

    def known(moment: int) -> jwks.KeySet:
        return jwks.parse([text for made, _, text in sets if made <= max(moment, 0)][-1])

    for ago, age in uses:
        signed = moment - ago
        key = known(signed - allowed).signer(at(signed))
        verified = signed + age
        found = known(verified).find(key.kid)
        assert found
        assert not found.ended(at(verified))


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_text_that_is_cut_short_is_no_set(kept: int) -> None:
    whole = text(jwks.drawn(), jwks.drawn())
    with pytest.raises(jwks.BadKeys, match="must be a JWK set"):
        jwks.parse(whole[: len(whole) * kept // 4])
