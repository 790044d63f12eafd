"""The Big List of Naughty Strings through every text field: an answer below 500, and what is kept comes back unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Account

pytestmark = pytest.mark.slow

LIST = Path(__file__).parents[3] / "shared" / "data" / "strings" / "blns.json"
MORE = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\r\nSet-Cookie: a=b",
    "a" * 100_000,
    "\u202eabc",
    "%00",
    "%zz",
    "{{7*7}}",
    "\ufeff",
]


@pytest.fixture(scope="module")
def naughty() -> list[str]:
    if not LIST.exists():
        pytest.skip("the Big List of Naughty Strings is not beside this checkout")
    strings: list[str] = json.loads(LIST.read_text())
    return strings + MORE


async def _send(account: Account, method: str, path: str, body: dict[str, Any]) -> Any:
    # Dumped with ASCII escapes, so that a lone surrogate can be sent at all.
    answer = await account.http.request(
        method, path, content=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    assert answer.status_code < 500, (path, body, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]
    return answer


async def test_in_a_links_fields(account: Account, naughty: list[str]) -> None:
    link = await account.link()
    path = f"/api/v1/links/{link['id']}"
    kept = refused = 0
    for text in naughty:
        everywhere = dict.fromkeys(("target", "slug", "domain", "title", "expired_target", "starts_at", text), text)
        await _send(account, "POST", "/api/v1/links", everywhere)
        await _send(account, "POST", "/api/v1/links", {"target": f"https://example.com/{text}", "slug": text})
        await _send(account, "POST", "/api/v1/links", {"target": "https://example.com/", "domain": text})
        answer = await _send(account, "PATCH", path, {"title": text, "tags": [text[:64]]})
        if answer.status_code == 200:
            assert answer.json()["title"] == text.strip()
            kept += 1
        else:
            refused += 1
    print(f"\n{len(naughty)} strings: {kept} kept as titles, {refused} refused, none failed")


async def test_in_questions_and_headers(account: Account, naughty: list[str]) -> None:
    for text in naughty:
        sendable = text[:2000].encode("utf-8", "replace").decode()
        for path, params in (
            ("/api/v1/links", {"search": sendable}),
            ("/api/v1/links", {"tag": sendable}),
            ("/api/v1/links", {"cursor": sendable}),
            ("/api/v1/stats/series", {"link": "1", "timezone": sendable}),
            ("/api/v1/stats/summary", {"link": sendable, "from": sendable}),
        ):
            answer = await account.http.get(path, params=params)
            assert answer.status_code < 500, (path, params)
        header = sendable.encode("utf-8", "ignore")[:200].replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
        answer = await account.http.post(
            "/api/v1/links", json={"target": "https://example.com/"}, headers={b"idempotency-key": header or b"x"}
        )
        assert answer.status_code < 500, header


async def test_in_an_accounts_fields(account: Account, naughty: list[str]) -> None:
    for text in naughty:
        for path, body in (
            ("/api/v1/auth/register", {"email": text, "password": "correct horse battery"}),
            ("/api/v1/auth/login", {"email": text, "password": "wrong"}),
        ):
            await _send(account, "POST", path, body)


async def test_in_captured_clicks(account: Account, naughty: list[str]) -> None:
    slug = (await account.link())["slug"]
    for text in naughty:
        item = {"id": "1", "slug": slug}
        for fields in (
            {"id": text},
            {"slug": text, "domain": text},
            {"user_agent": text, "referrer": text},
            {"at": text},
        ):
            answer = await account.http.post(
                "/api/v1/clicks",
                content=json.dumps([{**item, **fields}]).encode(),
                headers={"content-type": "application/json"},
            )
            assert answer.status_code in (202, 422), (fields, answer.text)
