"""The keys in hand: what becomes of them when the file or the secret changes, is spoilt, or is away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from ginnel import jwks, keyring, observe, tokens
from ginnel.errors import Unavailable
from ginnel.keyring import Filed, Secret
from local import credentials

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def text(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys})


def kids(ring: keyring.Keyring) -> list[str]:
    return [key.kid for key in ring.keys().keys]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down each event that is logged."""
    events: list[str] = []
    for level in ("info", "warning"):
        monkeypatch.setattr(observe.log, level, lambda event, **_: events.append(event))
    return events


# A file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keyring, "_LOOK", 0.0)
    made = tmp_path / "jwt-keys"
    credentials.write(made, text(jwks.drawn()))
    return made


def test_a_file_is_read_again_when_it_changes(path: Path) -> None:
    ring = Filed(str(path))
    before = kids(ring)
    credentials.write(path, text(jwks.drawn()))
    assert kids(ring) != before


def test_a_file_is_looked_at_once_a_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "_LOOK", 60.0)
    ring = Filed(str(path))
    before = kids(ring)
    credentials.write(path, text(jwks.drawn()))
    assert kids(ring) == before


SPOILT = {
    "nothing": "",
    "no keys": text(),
    "no set": "[]",
    "a key too short": text({**jwks.drawn(), "k": "AAAA"}),
    "only keys that end": text({**jwks.drawn(), "exp": 1}),
    "no text": "\udc80",
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_file_leaves_the_keys_in_hand_and_is_told_of_once(path: Path, spoilt: str, logged: list[str]) -> None:
    ring = Filed(str(path))
    before = kids(ring)
    path.write_bytes(spoilt.encode(errors="surrogateescape"))
    assert [kids(ring) for _ in range(3)] == [before] * 3
    assert logged == ["keys_unread"]
    new = jwks.drawn()
    credentials.write(path, text(new))
    assert kids(ring) == [new["kid"]]
    assert logged == ["keys_unread", "keys_changed"]


def test_a_file_that_is_written_where_it_stands_is_taken_when_it_is_whole(path: Path) -> None:
    ring = Filed(str(path))
    before = kids(ring)
    new = jwks.drawn()
    whole = text(new)
    with path.open("w") as file:
        for at in range(0, len(whole), 20):
            assert kids(ring) == before
            file.write(whole[at : at + 20])
            file.flush()
    assert kids(ring) == [new["kid"]]


def test_a_file_that_is_away_leaves_the_keys_in_hand(path: Path, logged: list[str]) -> None:
    ring = Filed(str(path))
    before = kids(ring)
    held = path.rename(path.with_name("away"))
    assert [kids(ring) for _ in range(3)] == [before] * 3
    assert logged == ["keys_unread"]
    held.rename(path)
    assert kids(ring) == before


@pytest.mark.parametrize(
    ("content", "said"), [(None, "can't be read: No such file"), (text(), "must hold at least one")]
)
def test_without_keys_to_begin_with_nothing_starts(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "jwt-keys"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=said):
        keyring.Settings(jwt_keys_file=str(path))
    with pytest.raises(ValueError, match="JWT_KEYS is not set"):
        keyring.Settings()


async def test_a_token_whose_key_was_taken_away_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Filed(str(path))
    monkeypatch.setattr(keyring, "ring", lambda: ring)
    token = await tokens.issue(user=7, session=8, now=NOW)
    assert (await tokens.accept(token, now=NOW)).user == 7
    credentials.write(path, text(jwks.drawn()))
    with pytest.raises(tokens.KeyUnknown):
        await tokens.accept(token, now=NOW)


# A secret


class Kept:
    """A secret in the stand-in, and how often it was asked for."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.key = jwks.drawn()
        self.name: str = client.create_secret(Name="keys", SecretString=text(self.key))["ARN"]

    def holds(self, *keys: dict[str, Any]) -> None:
        self.client.put_secret_value(SecretId=self.name, SecretString=text(*keys))

    def ring(self, *at_hand: dict[str, Any], seconds: float = 300) -> Secret:
        return Secret(jwks.parse(text(*at_hand)) if at_hand else jwks.KeySet(), self.name, seconds)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        import boto3  # noqa: PLC0415  # half a second that other tests do without

        yield boto3.client("secretsmanager")
    server.stop()


@pytest.fixture
async def kept(client: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    made = Kept(client)
    yield made
    client.delete_secret(SecretId=made.name, ForceDeleteWithoutRecovery=True)


async def settled(ring: Secret) -> None:
    if ring._asking:
        await asyncio.wait({ring._asking})


async def test_who_signs_asks_first_and_then_not_for_a_while(kept: Kept, asked: list[str]) -> None:
    ring = kept.ring(jwks.drawn())  # of the deployment, which was long ago
    for _ in range(3):
        assert (await ring.newest()).signer(NOW).kid == kept.key["kid"]
    assert asked == [kept.name]


async def test_who_verifies_is_not_kept_waiting(kept: Kept, asked: list[str]) -> None:
    ring = kept.ring(kept.key, seconds=0.05)
    ring.mind()
    assert asked == []
    await asyncio.sleep(0.06)
    new = jwks.drawn()
    kept.holds(kept.key, new)
    ring.mind()
    assert kids(ring) == [kept.key["kid"]]
    await settled(ring)
    assert kids(ring) == [kept.key["kid"], new["kid"]]


async def test_an_unknown_key_is_looked_for(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, others = kept.ring(kept.key), kept.ring(kept.key)
    new = jwks.drawn()
    kept.holds(new, kept.key)
    monkeypatch.setattr(keyring, "ring", lambda: others)
    token = await tokens.issue(user=7, session=8, now=NOW)
    monkeypatch.setattr(keyring, "ring", lambda: ours)
    assert (await tokens.accept(token, now=NOW)).user == 7


async def test_made_up_keys_cause_one_question_in_five_seconds(
    kept: Kept, asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ring, forger = kept.ring(kept.key), keyring.Keyring(jwks.parse(text(jwks.drawn())))
    monkeypatch.setattr(keyring, "ring", lambda: forger)
    forged = await tokens.issue(user=7, session=8, now=NOW)
    monkeypatch.setattr(keyring, "ring", lambda: ring)

    async def refused() -> None:
        with pytest.raises(tokens.KeyUnknown):
            await tokens.accept(forged, now=NOW)

    await asyncio.gather(*(refused() for _ in range(50)))
    begun = time.perf_counter()
    for _ in range(1000):
        await refused()
    each = (time.perf_counter() - begun) / 1000
    with capsys.disabled():
        print(f"\n  1,050 tokens of a made-up key: {len(asked)} question; then {each * 1e6:.0f} µs each")
    assert asked == [kept.name]


async def test_a_secret_that_is_away_leaves_the_keys_in_hand(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    ring = kept.ring(kept.key)
    forger = keyring.Keyring(jwks.parse(text(jwks.drawn())))
    kept.client.delete_secret(SecretId=kept.name)  # as it is until it is restored
    monkeypatch.setattr(keyring, "ring", lambda: ring)
    token = await tokens.issue(user=7, session=8, now=NOW)
    assert (await tokens.accept(token, now=NOW)).user == 7
    assert logged == ["keys_unread"]
    # Whether it is forged, nobody can tell.
    monkeypatch.setattr(keyring, "ring", lambda: forger)
    other = await tokens.issue(user=7, session=8, now=NOW)
    monkeypatch.setattr(keyring, "ring", lambda: ring)
    with pytest.raises(Unavailable):
        await tokens.accept(other, now=NOW)
    kept.client.restore_secret(SecretId=kept.name)


@pytest.mark.parametrize("spoilt", [text(), "", "{"])
async def test_a_spoilt_secret_leaves_the_keys_in_hand(kept: Kept, spoilt: str, logged: list[str]) -> None:
    kept.client.put_secret_value(SecretId=kept.name, SecretString=spoilt or " ")
    ring = kept.ring(kept.key)
    assert (await ring.newest()).signer(NOW).kid == kept.key["kid"]
    assert logged == ["keys_unread"]


async def test_a_secret_that_does_not_answer_is_waited_for_a_moment(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "_PATIENCE", 0.1)
    ring = kept.ring(kept.key)

    def stalled(_: Secret) -> str:
        time.sleep(0.5)
        return text(kept.key)

    monkeypatch.setattr(Secret, "_get", stalled)
    begun = time.monotonic()
    assert (await ring.newest()).signer(NOW).kid == kept.key["kid"]
    assert time.monotonic() - begun < 0.4
    with pytest.raises(Unavailable):
        await ring.renewed()
    await settled(ring)


async def test_without_any_key_in_hand_requests_wait_for_the_secret(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = kept.ring()
    monkeypatch.setattr(keyring, "ring", lambda: ring)
    token = await tokens.issue(user=7, session=8, now=NOW)
    ring = kept.ring()
    assert (await tokens.accept(token, now=NOW)).user == 7
    monkeypatch.setattr(Secret, "_get", lambda _: "")
    ring = kept.ring()
    with pytest.raises(Unavailable):
        await tokens.issue(user=7, session=8, now=NOW)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down each question for a secret."""
    questions: list[str] = []
    get = Secret._get

    def noted(ring: Secret) -> str:
        questions.append(ring._name)
        return get(ring)

    monkeypatch.setattr(Secret, "_get", noted)
    return questions
