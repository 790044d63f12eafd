"""What a newcomer does in the first minutes, over real HTTP against the real thing."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import services
from tests.e2e import running
from tests.e2e.running import Running

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def call(method: str, url: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Make a request as one would type it at a terminal; return status, headers by lower-case name, and body."""
    if not shutil.which("curl"):
        answer = httpx.request(method, url, json=body, headers=headers)
        return answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.text
    command = ["curl", "-si", "-X", method, url]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    if body is not None:
        command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    head, _, text = subprocess.check_output(command, text=True, timeout=30).replace("\r\n", "\n").partition("\n\n")
    status, *lines = head.split("\n")
    return int(status.split()[1]), {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}, text


def api(method: str, url: str, body: object = None, **headers: str) -> Any:
    status, _, text = call(method, url, body, **headers)
    assert status in {200, 201}, text
    return json.loads(text)


@pytest.fixture(scope="module", params=["live", pytest.param("live_on_lambda", marks=pytest.mark.artefact)])
def live(request: pytest.FixtureRequest) -> Running:
    """Each test once in each place: on one machine's host, and behind the gateway's stand-in."""
    found: Running = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def bearer(live: Running) -> str:
    """Register, log in, and use what the log-in gave."""
    person = {"email": f"{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(12)}
    assert api("POST", f"{live.base}/api/v1/auth/register", person)["user"]["email"] == person["email"]
    signed_in = api("POST", f"{live.base}/api/v1/auth/login", person)
    assert signed_in["token_type"].lower() == "bearer"
    return f"Bearer {signed_in['access_token']}"


def counted(live: Running, bearer: str, link: int, *, expected: dict[str, int]) -> float:
    """Wait until a link's summary says what is expected; return how many seconds that took."""
    begun = time.monotonic()
    while True:
        summary = api("GET", f"{live.base}/api/v1/stats/summary?link={link}", Authorization=bearer)
        if summary == expected:
            return time.monotonic() - begun
        assert time.monotonic() < begun + 5, f"{summary} after 5 s:\n{live.said()}"
        time.sleep(0.02)


async def test_from_registering_to_a_counted_click(
    live: Running, bearer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    link = api("POST", f"{live.base}/api/v1/links", {"target": "https://example.com/a?b=c#d"}, Authorization=bearer)
    assert link["short_url"] == f"http://localhost:{live.port}/{link['slug']}"
    status, headers, body = call(
        "GET",
        link["short_url"],
        **{"User-Agent": FIREFOX, "Referer": "https://www.news.test/today?id=1", "X-Forwarded-For": "8.8.8.8"},
    )
    assert (status, headers["location"], body) == (302, "https://example.com/a?b=c#d", "")
    lag = counted(live, bearer, link["id"], expected={"clicks": 1, "visitors": 1, "bots": 0})
    with capsys.disabled():
        print(f"\n  from the redirect to the summary: {lag:.2f} s")

    query = "select *, at between now() - interval '1 minute' and now() as just_now from clicks where link_id = $1"
    (row,) = await live.rows(query, link["id"])
    assert (row["country"], row["continent"]) == ("US", "NA")
    assert (row["device"], row["os"], row["browser"]) == ("desktop", "Windows", "Firefox")
    assert (row["referrer_host"], row["referrer_path"]) == ("news.test", "/today")
    assert row["just_now"]
    assert "8.8.8.8" not in str(dict(row))


async def test_a_phone_a_bot_and_somebody_private_are_told_apart(live: Running, bearer: str) -> None:
    link = api("POST", f"{live.base}/api/v1/links", {"target": "https://example.com/"}, Authorization=bearer)
    url, seen_from = link["short_url"], {"X-Forwarded-For": "81.2.69.160"}
    assert call("GET", url, **{"User-Agent": IPHONE}, **seen_from)[0] == 302
    assert call("GET", url, **{"User-Agent": FIREFOX, "DNT": "1"}, **seen_from)[0] == 302
    assert call("GET", url, **{"User-Agent": "curl/8.5.0"}, **seen_from)[0] == 302
    counted(live, bearer, link["id"], expected={"clicks": 2, "visitors": 1, "bots": 1})
    rows = await live.rows("select * from clicks where link_id = $1 order by device, os", link["id"])
    assert [(row["device"], row["os"], row["bot"]) for row in rows] == [
        ("bot", None, "curl"),
        ("desktop", "Windows", None),
        ("mobile", "iOS", None),
    ]
    assert {row["country"] for row in rows} == {"GB"}
    assert (rows[1]["visitor"], rows[1]["city"]) == (None, None)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST.", "127.1", "0x7f000001"])
def test_a_link_can_not_lead_back_here_by_any_name(live: Running, bearer: str, host: str) -> None:
    draft = {"target": f"http://{host}:{live.port}/loop"}
    status, _, text = call("POST", f"{live.base}/api/v1/links", draft, Authorization=bearer)
    assert status == 422
    assert json.loads(text)["errors"][0]["code"] == "target_own_domain"


def test_the_landing_pages_walk_through_is_for_this_address(live: Running) -> None:
    assert f"B=http://localhost:{live.port}\n" in call("GET", f"{live.base}/")[2]


@pytest.mark.parametrize(
    ("path", "kind", "holds"),
    [
        ("/", "text/html", "<h1>"),
        ("/docs", "text/html", "swagger-ui"),
        ("/redoc", "text/html", "redoc"),
        ("/openapi.json", "application/json", '"/api/v1/links"'),
        ("/health", "application/json", '"ok"'),
        ("/robots.txt", "text/plain", "Disallow"),
        ("/favicon.ico", "image/svg+xml", "<svg"),
        ("/assets/page.css", "text/css", "{"),
        ("/assets/docs.js", "text/javascript", "SwaggerUI"),
        ("/static-offline-docs/swagger-ui.css", "text/css", "swagger-ui"),
        ("/static-offline-docs/swagger-ui-bundle.js", "text/javascript", "SwaggerUI"),
        ("/static-offline-docs/redoc.standalone.js", "text/javascript", "Redoc"),
    ],
)
def test_pages_come_as_what_they_are(live: Running, path: str, kind: str, holds: str) -> None:
    answer = httpx.get(f"{live.base}{path}")
    assert answer.status_code == 200
    # Before RFC 9239 it was application/javascript, and the machine's own list of types may be as old.
    assert answer.headers["content-type"].split(";")[0].replace("application/javascript", "text/javascript") == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert holds in answer.text


def test_every_file_that_a_page_asks_for_is_there(live: Running) -> None:
    for page in ("/", "/docs", "/redoc"):
        text = httpx.get(f"{live.base}{page}").text
        files = [part.split('"')[0] for name in ('src="', 'href="') for part in text.split(name)[1:]]
        assert files
        for file in files:
            assert file.startswith("/"), f"{page} asks a stranger: {file}"
            assert httpx.get(f"{live.base}{file}").status_code == 200, file


def test_an_unknown_slug_is_a_page_and_an_unknown_call_a_problem(live: Running) -> None:
    page = httpx.get(f"{live.base}/no-such-link", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = httpx.get(f"{live.base}/api/v1/no-such-call")
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")


def test_the_first_start_tells_where_to_go_and_who_is_the_administrator(live: Running) -> None:
    said = live.said()
    for words in (f"http://localhost:{live.port}/docs", "/redoc", "/health", "Ctrl-C stops it"):
        assert words in said
    password = said.split("admin@localhost, password ")[1].split()[0]
    signed_in = api("POST", f"{live.base}/api/v1/auth/login", {"email": "admin@localhost", "password": password})
    assert signed_in["user"]["email"] == "admin@localhost"


def test_a_second_start_on_the_same_data_is_refused_and_the_first_goes_on(live: Running) -> None:
    before = live.said()
    second = running.start(live.data)
    assert second.wait() == 1
    assert f"can't start: already running on {live.data}: stop it first, or use another DATA=" in live.said()
    assert "Traceback" not in live.said().removeprefix(before)
    assert live.healthy()


def test_a_port_in_use_is_named_and_another_one_suggested(live: Running, tmp_path: Path) -> None:
    second = running.start(tmp_path / "data", port=live.port)
    assert second.wait() == 1
    assert f"port {live.port} is not free" in second.said()
    assert f"make up PORT={live.port + 1}" in second.said()
    assert "Traceback" not in second.said()
    assert not (tmp_path / "data").exists()
    assert live.healthy()


async def test_servers_that_the_environment_names_are_used_and_left_running(tmp_path: Path) -> None:
    with services.running(tmp_path / "servers") as servers:
        env = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        with running.up(tmp_path / "data", env=env) as started:
            assert set(running.processes(started.data)) == {"app", "worker"}
            person = {"email": "ada@example.com", "password": secrets.token_urlsafe(12)}
            token = api("POST", f"{started.base}/api/v1/auth/register", person)["access_token"]
            bearer = f"Bearer {token}"
            link = api("POST", f"{started.base}/api/v1/links", {"target": "https://example.com"}, Authorization=bearer)
            assert call("GET", link["short_url"], **{"User-Agent": FIREFOX})[0] == 302
            counted(started, bearer, link["id"], expected={"clicks": 1, "visitors": 1, "bots": 0})
        running.wait_until_gone(started.data)
        assert servers.poll() is None
        (row,) = await running.fetch(servers.database_url, "select count(*) from clicks")
        assert row["count"] == 1
        assert not list((tmp_path / "data").glob("postgres*"))


def test_ctrl_c_stops_everything_and_the_next_start_is_no_first_one(tmp_path: Path) -> None:
    with running.up(tmp_path / "data") as first:
        first.send(signal.SIGINT)
        assert first.wait() == 0
    running.wait_until_gone(first.data)
    assert "Stopped; everything is kept." in first.said()
    with running.up(tmp_path / "data") as second:
        assert second.said().count("First administrator") == 1
