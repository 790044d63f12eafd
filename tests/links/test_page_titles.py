"""Titles and images of targets, over the API."""

from __future__ import annotations

import asyncio
import time

import pytest

from ginnel import db, outbound
from ginnel.outbound import Caller, Unreachable
from tests.conftest import Account
from tests.peers import Peer, Request, always, answer, letting, serving

PAGE = b"<title>Spring</title><meta property=og:image content=/i.png><meta name=description content=Flowers>"


def only(monkeypatch: pytest.MonkeyPatch, caller: Caller) -> None:
    monkeypatch.setattr(outbound, "public", lambda: caller)


async def test_a_target_is_previewed(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(always(answer(body=PAGE))) as peer:
        only(monkeypatch, letting(peer))
        found = await account.http.get("/api/v1/targets/preview", params={"url": peer.url("/a")})
    assert found.status_code == 200
    assert found.json() == {
        "url": peer.url("/a"), "title": "Spring", "description": "Flowers", "image": peer.url("/i.png"), "site_name": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/", "address_refused"),
        ("http://[::ffff:a9fe:a9fe]/", "address_refused"),
        ("http://8.8.8.8:22/", "address_refused"),
        ("ftp://a.example/", "target_scheme"),
        ("http://u:p@a.example/", "target_userinfo"),
        ("http://go.test/x", "target_own_domain"),
    ],
)
async def test_what_must_not_be_called_is_named(account: Account, url: str, code: str) -> None:
    refused = await account.http.get("/api/v1/targets/preview", params={"url": url})
    assert refused.status_code == 422
    assert [(it["pointer"], it["code"]) for it in refused.json()["errors"]] == [("query:url", code)]


async def test_what_does_not_answer_is_502_or_504(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: Request, __: object) -> None:
        await asyncio.sleep(60)

    async def nowhere(_: str) -> list[str]:
        raise Unreachable("no")

    async with serving(hang) as slow, serving(always(answer(404))) as missing:
        only(monkeypatch, letting(slow, missing, Peer(port=1)))
        for url, status, code in (
            (slow.url(), 504, "target_timeout"),
            (missing.url(), 502, "target_unreachable"),
            ("http://public.example:1/", 502, "target_unreachable"),
        ):
            refused = await account.http.get("/api/v1/targets/preview", params={"url": url})
            assert (refused.status_code, refused.json()["code"]) == (status, code)
    only(monkeypatch, Caller(resolve=nowhere))
    refused = await account.http.get("/api/v1/targets/preview", params={"url": "http://nowhere.example/"})
    assert (refused.status_code, refused.json()["code"]) == (502, "target_unreachable")


async def test_a_link_takes_its_targets_title_if_it_has_none(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(always(answer(body=PAGE))) as peer:
        only(monkeypatch, letting(peer))
        assert (await account.link(peer.url(), fetch_title=True))["title"] == "Spring"
        assert (await account.link(peer.url(), fetch_title=True, title="Own"))["title"] == "Own"
        assert (await account.link(peer.url()))["title"] is None
        assert len(peer.requests) == 1
        # One that is found by its external id keeps the title that it has.
        await account.link(peer.url(), external_id="7", title="Kept")
        again = await account.http.post(
            "/api/v1/links", json={"target": peer.url(), "external_id": "7", "fetch_title": True}
        )
        assert (again.status_code, again.json()["title"]) == (200, "Kept")


async def test_no_title_in_time_is_no_title_and_holds_no_connection(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = 0

    async def hang(_: Request, __: object) -> None:
        nonlocal held
        held = db.engine().pool.checkedout()  # type: ignore[attr-defined]  # a queue's
        await asyncio.sleep(60)

    async with serving(hang) as peer:
        only(monkeypatch, letting(peer))
        begun = time.monotonic()
        link = await account.link(peer.url(), fetch_title=True)
        took = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n  a link whose target hangs was made after {took:.2f} s; {held} connections held meanwhile")
    assert (link["title"], held) == (None, 0)
    assert took < 4
    assert (await account.link("http://127.0.0.1:1/", fetch_title=True))["title"] is None


async def test_many_links_at_once_fetch_no_titles(account: Account) -> None:
    items = [{"op": "create", "target": "https://example.com/", "fetch_title": True}]
    (refused,) = (await account.http.post("/api/v1/links/bulk", json=items)).json()["items"]
    assert (refused["status"], refused["problem"]["errors"][0]["pointer"]) == (422, "/fetch_title")
