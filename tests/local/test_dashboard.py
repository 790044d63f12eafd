"""The dashboard's pages and files, as they are served once built."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import httpx
import pytest

from local import dashboard

PAGE = "<!doctype html><script>1</script>" + "x" * 1000


@pytest.fixture(autouse=True)
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = tmp_path / "assets/app"
    files.mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("not served")
    (files / "main-1a2b.js").write_text("run()")
    for name in ("app.html", "index.html"):
        (tmp_path / name).write_text(PAGE)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(PAGE.encode()))
    hashes = {"script": ["sha256-abc"], "style": []}
    (tmp_path / "policy.json").write_text(json.dumps({"app.html": hashes, "index.html": hashes}))
    monkeypatch.setattr(dashboard, "DIST", tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/app", "/app/links/7?range=30d"])
async def test_its_pages_run_what_was_built_and_nothing_else(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self' 'sha256-abc';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_page_comes_compressed_to_who_can_read_that_and_not_twice(client: httpx.AsyncClient) -> None:
    packed = await client.get("/app/links", headers={"accept-encoding": "gzip, deflate"})
    assert (packed.headers["content-encoding"], packed.text) == ("gzip", PAGE)
    assert packed.headers["vary"] == "accept-encoding"
    refused = await client.get("/app/links", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    plain = await client.get("/app/links", headers={"accept-encoding": "identity"})
    assert plain.headers["etag"] == refused.headers["etag"] != packed.headers["etag"]
    assert "content-encoding" not in plain.headers
    again = await client.get(
        "/app/links", headers={"accept-encoding": "identity", "if-none-match": plain.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_the_address_of_shared_statistics_goes_nowhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/app/shared/secret")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "referrer-policy" not in (await client.get("/app/links")).headers


async def test_files_are_kept_for_good_as_their_names_change(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/app/main-1a2b.js")
    assert (answer.status_code, answer.text) == (200, "run()")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await client.post("/assets/app/main-1a2b.js")).status_code == 405


@pytest.mark.parametrize("path", ["../secret.txt", "..%2fsecret.txt", "none.js", "main-1a2b.js/", "%00", ""])
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/assets/app/{path}")
    assert answer.status_code == 404
    assert "not served" not in answer.text


async def test_unbuilt_it_says_how_it_is_built(client: httpx.AsyncClient, dist: Path) -> None:
    (dist / "app.html").unlink()
    answer = await client.get("/app/links")
    assert answer.status_code == 200
    assert "make up" in answer.text


async def test_the_landing_page_speaks_its_readers_language(client: httpx.AsyncClient, dist: Path) -> None:
    (dist / "index.de.html").write_text("<h1>Ein kurzer Weg</h1>")
    policies = json.loads((dist / "policy.json").read_text())
    (dist / "policy.json").write_text(json.dumps(policies | {"index.de.html": policies["index.html"]}))
    answer = await client.get("/", headers={"accept-language": "fr;q=0.5, de-AT, en;q=0.8"})
    assert answer.text == "<h1>Ein kurzer Weg</h1>"
    assert answer.headers["vary"] == "accept-encoding, accept-language"
    assert (await client.get("/", headers={"accept-language": "sv, en;q=0.8, de;q=0.2"})).text == PAGE
