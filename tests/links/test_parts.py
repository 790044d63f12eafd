"""The function's way in leads every request to the part that has its route."""

from __future__ import annotations

import subprocess
import sys

import pytest
from httpx import ASGITransport, AsyncClient

from ginnel import web
from links import app as whole
from links import lane

ROUTES = list(web.routes(whole.app))


@pytest.mark.parametrize(("path", "methods"), ROUTES)
def test_each_route_is_in_the_part_that_its_method_and_path_lead_to(path: str, methods: frozenset[str]) -> None:
    for method in methods:
        assert (path, methods) in list(web.routes(lane.part(lane.module(method, path))))


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "//////", "/api/v1/links/7/"])
def test_any_other_request_leads_somewhere_too(path: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
        assert lane.part(lane.module(method, path)) is not None


@pytest.mark.parametrize("path", sorted({path for path, _ in ROUTES}))
async def test_a_method_that_a_path_does_not_have_is_refused_as_by_the_whole(path: str) -> None:
    """Not taken for a path that does not exist."""
    part = lane.part(lane.module("PUT", path))
    async with AsyncClient(transport=ASGITransport(part), base_url="https://go.test") as client:
        answer = await client.put(path.replace("{", "").replace("}", ""))
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_reading_links_starts_without_what_writes_them_and_what_asks_redis() -> None:
    started = "import sys; from links import lane; lane.part('reading'); print(*sys.modules)"
    modules = set(
        subprocess.run([sys.executable, "-c", started], check=True, capture_output=True, text=True).stdout.split()
    )
    assert "ginnel.links.reading" in modules
    assert not modules & {"redis", "ginnel.links.writing", "ginnel.drafts", "ginnel.webhooks", "ginnel.lookup"}
