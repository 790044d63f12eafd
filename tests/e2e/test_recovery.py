"""From registering to a forgotten password and back in, by HTTP and the local mailbox alone."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.running import Running

SECOND = 1.5
"""A worker looks twice a second; the machine may be busy."""


@pytest.fixture
def http(live: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live.base) as client:
        yield client


def mailed(http: httpx.Client, to: str, subject: str) -> tuple[str, float]:
    """Wait for a mail; return the ticket of its link, if it has one, and how many seconds that took."""
    begun = time.monotonic()
    while time.monotonic() < begun + 20:
        for mail in http.get("/local/mail/messages", params={"to": to}).raise_for_status().json():
            if mail["subject"] == subject:
                link = urlsplit(mail["links"][0])
                assert link.netloc == f"localhost:{urlsplit(str(http.base_url)).port}"
                return link.fragment.removeprefix("ticket="), time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError(f"no mail {subject!r}")


def said(answer: httpx.Response, status: int, code: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert not code or answer.json()["code"] == code


def test_the_whole_recovery_journey(live: Running, http: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    email, old, new = f"{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    registered = http.post("/api/v1/auth/register", json={"email": email, "password": old})
    said(registered, 201)
    me = {"authorization": f"Bearer {registered.json()['access_token']}"}
    ticket, first = mailed(http, email, "Confirm your e-mail address")
    said(http.post("/api/v1/auth/verify", json={"ticket": ticket}), 401)
    said(http.post("/api/v1/auth/verify", json={"ticket": ticket, "password": new}), 403)
    said(http.post("/api/v1/auth/verify", json={"ticket": ticket, "password": old}), 204)
    assert http.get("/api/v1/auth/me", headers=me).json()["user"]["email_verified_at"]

    said(http.post("/api/v1/auth/forgot", json={"email": email}), 202)
    ticket, second = mailed(http, email, "Choose a new password")
    said(http.get("/api/v1/auth/me", headers=me), 200)
    said(http.post("/api/v1/auth/reset", json={"ticket": ticket, "password": new}), 204)
    said(http.get("/api/v1/auth/me", headers=me), 401, "session_ended")
    said(http.post("/api/v1/auth/refresh"), 401, "refresh_invalid")
    said(http.post("/api/v1/auth/reset", json={"ticket": ticket, "password": old}), 400, "ticket_invalid")
    said(http.post("/api/v1/auth/login", json={"email": email, "password": old}), 401, "credentials_invalid")
    said(http.post("/api/v1/auth/login", json={"email": email, "password": new}), 200)
    mailed(http, email, "Your password was changed")
    with capsys.disabled():
        print(f"\n  mails were there after {first:.2f} s and {second:.2f} s")
    # For the first, the worker may still have been starting.
    assert second < SECOND, live.said()


def test_the_mailbox_is_not_shown_to_those_who_come_through_a_tunnel(live: Running) -> None:
    through = {"host": "abc.tunnel.example", "x-forwarded-for": "8.8.8.8", "x-forwarded-proto": "https"}
    said(httpx.get(f"{live.base}/local/mail", headers={**through, "accept": "application/json"}), 404, "not_found")
    rebound = {"host": f"rebound.example:{live.port}", "accept": "application/json"}
    said(httpx.get(f"{live.base}/local/mail", headers=rebound), 404, "not_found")
    said(httpx.get(f"{live.base}/local/mail"), 200)
    assert f"http://localhost:{live.port}/local/mail" in live.said()
