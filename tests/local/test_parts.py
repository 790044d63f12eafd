"""The way into a function that is imported by parts leads every request to the part that has its route."""

from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

import auth.app
import auth.lane
import links.app
import links.lane
from ginnel import web

LANES = (auth.lane, links.lane)
ROUTES = [
    pytest.param(lane, path, methods, id=f"{'|'.join(sorted(methods))} {path}")
    for whole, lane in ((auth.app, auth.lane), (links.app, links.lane))
    for path, methods in web.routes(whole.app)
]


def part(lane: ModuleType, method: str, path: str) -> FastAPI:
    found: FastAPI = lane.part(lane.module(method, path))
    return found


@pytest.mark.parametrize(("lane", "path", "methods"), ROUTES)
def test_each_route_is_in_the_part_that_its_method_and_path_lead_to(
    lane: ModuleType, path: str, methods: frozenset[str]
) -> None:
    for method in methods:
        assert (path, methods) in list(web.routes(part(lane, method, path)))


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "//////", "/api/v1/links/7/"])
def test_any_other_request_leads_somewhere_too(lane: ModuleType, path: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
        assert part(lane, method, path) is not None


@pytest.mark.parametrize(("lane", "path", "methods"), ROUTES)
async def test_a_method_that_a_path_does_not_have_is_refused_as_by_the_whole(
    lane: ModuleType, path: str, methods: frozenset[str]
) -> None:
    """Not taken for a path that does not exist."""
    method = "PUT" if "PUT" not in methods else "PATCH"
    app = part(lane, method, path)
    async with AsyncClient(transport=ASGITransport(app), base_url="https://go.test") as client:
        answer = await client.request(method, path.replace("{", "").replace("}", ""))
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


SELDOM = {"redis", "httpx", "boto3", "authlib", "dns", "PIL", "ginnel.drafts", "ginnel.library", "ginnel.throttle"}
"""What no start is to wait for that doesn't need it for its answer."""


@pytest.mark.parametrize(
    ("start", "needed", "others"),
    [
        ("links.reading", "ginnel.links.reading", {"ginnel.links.writing", "ginnel.webhooks", "ginnel.lookup"}),
        (
            "auth.account",
            "ginnel.access",
            {"auth.guard", "ginnel.factors", "ginnel.installation", "ginnel.invitations"},
        ),
        (
            "auth.entering",
            "ginnel.factors",
            {"ginnel.installation", "ginnel.invitations", "ginnel.workspaces.membership"},
        ),
    ],
)
def test_a_start_for_what_is_asked_most_brings_nothing_else(start: str, needed: str, others: set[str]) -> None:
    function, part = start.split(".")
    started = f"import sys; from {function} import lane; lane.part({part!r}); print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", started], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    modules = set(done.stdout.split())
    assert needed in modules
    # Whoever enters is counted in Redis.
    known = {"redis", "ginnel.throttle"} if part == "entering" else set()
    assert not modules & ((SELDOM - known) | others)
