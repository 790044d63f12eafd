"""/local/mail is there for who sits at the machine, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from ginnel import settings
from ginnel.mail import mailbox, writing
from ginnel.mail.transports import Settings
from ginnel.mail.writing import Letter
from local import mailbox as pages
from local.host import app

PATHS = ("/local/mail", "/local/mail/", "/local/mail/messages")


async def put(folder: Path, to: str, text: str = "reset") -> None:
    now = datetime.now(UTC)
    letter = Letter(to, text, {"link": writing.link("reset", "abc"), "email": "<b>@example.com"})
    await mailbox.Mailbox(folder).send(writing.write(letter, sender="us@example.com", number=1, asked_at=now, now=now))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(pages, "shown", lambda: tmp_path)
    return pages.beside(app)


@pytest.fixture
async def here(site: object) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://localhost:8000") as http:  # type: ignore[arg-type]  # an app
        yield http


async def test_it_lists_and_shows_what_was_sent_newest_first(here: httpx.AsyncClient, tmp_path: Path) -> None:
    assert "Nothing was mailed yet" in (await here.get("/local/mail")).text
    for to in ("ada@example.com", "eve&lt@example.com", "ada@example.com"):
        await put(tmp_path, to)
    listed = (await here.get("/local/mail/messages")).json()
    assert [it["to"] for it in listed] == ["ada@example.com", "eve&lt@example.com", "ada@example.com"]
    assert listed[0].keys() == {"id", "at", "to", "subject", "text", "html", "links"}
    assert listed[0]["links"] == ["http://go.test/app/reset#ticket=abc"]
    of_one = (await here.get("/local/mail/messages", params={"to": "Ada@example.com"})).json()
    assert len(of_one) == 2
    page = await here.get("/local/mail")
    assert "eve&amp;lt@example.com" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    shown = await here.get(f"/local/mail/{listed[0]['id']}")
    assert '<a href="http://go.test/app/reset#ticket=abc">' in shown.text
    assert shown.headers["cache-control"] == "no-store"
    marked = await here.get(f"/local/mail/{listed[0]['id']}/html")
    assert marked.text.startswith("<!doctype html>")
    assert marked.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize("name", ["nothing", "../jwt-keys", "..%2Fjwt-keys", f"{0:020d}-0badf00d", "%00"])
async def test_what_is_no_mail_is_not_there(here: httpx.AsyncClient, name: str) -> None:
    assert (await here.get(f"/local/mail/{name}")).status_code in {404, 422}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.168.1.7", {}),
        ("8.8.8.8", {"host": "localhost"}),
        ("127.0.0.1", {"host": "go.example.com"}),
        ("127.0.0.1", {"host": "localhost.evil.example"}),
        ("127.0.0.1", {"host": "127.0.0.1.evil.example:8000"}),
        ("127.0.0.1", {"host": "localhost@evil.example"}),
        ("127.0.0.1", {"host": ""}),
        ("127.0.0.1", {"x-forwarded-for": "8.8.8.8"}),
        ("127.0.0.1", {"x-forwarded-host": "localhost"}),
        ("127.0.0.1", {"x-forwarded-proto": "https"}),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"via": "1.1 proxy"}),
        ("127.0.0.1", {"x-real-ip": "127.0.0.1"}),
        ("127.0.0.1", {"cf-connecting-ip": "127.0.0.1"}),
    ],
)
async def test_who_is_not_here_is_told_what_any_slug_would_be(
    site: object, path: str, peer: str, headers: dict[str, str]
) -> None:
    transport = httpx.ASGITransport(site, client=(peer, 1))  # type: ignore[arg-type]  # an app
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        answer = await http.get(path, headers={"accept": "application/json", **headers})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("base", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000"])
async def test_every_name_of_the_machine_will_do(site: object, base: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site, client=("::1", 1)), base_url=base) as http:  # type: ignore[arg-type]  # an app
        assert (await http.get("/local/mail")).status_code == 200


@pytest.mark.parametrize(
    ("url", "base", "is_shown"),
    [
        ("mailbox:/a/b c", "http://localhost:8000", True),
        ("mailbox:/a", "http://127.0.0.1:8000", True),
        ("mailbox:/a", "https://go.example.com", False),  # behind a proxy, or a tunnel
        ("smtp://localhost", "http://localhost:8000", False),
        ("", "http://localhost:8000", False),
    ],
)
def test_it_is_there_where_mail_stays_and_people_come_by_the_machines_own_name(
    url: str, base: str, *, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = settings.Site(base)
    monkeypatch.setattr(settings, "site", lambda: site)
    monkeypatch.setattr(settings, "read", lambda _: Settings(url or None, "us@example.com"))
    assert (pages.shown() is not None) == is_shown


async def test_without_a_mailbox_the_site_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "shown", lambda: None)
    assert pages.beside(app) is app


async def test_it_keeps_the_newest_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "KEPT", 5)
    folder = tmp_path / "made here"
    for number in range(8):
        await put(folder, f"{number}@example.com")
    kept = mailbox.paths(folder)
    assert len(list(folder.iterdir())) == len(kept) == 5
    assert b"To: 7@example.com" in kept[0].read_bytes()
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
