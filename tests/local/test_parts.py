"""The way into a function that is imported by parts leads every path to the part that has its route."""

from __future__ import annotations

from types import ModuleType

import pytest

import auth.app
import auth.lane
import links.app
import links.lane
from ginnel import web

PARTED = ((auth.app, auth.lane), (links.app, links.lane))
ROUTES = [
    pytest.param(lane, path, methods, id=f"{'|'.join(sorted(methods))} {path}")
    for whole, lane in PARTED
    for path, methods in web.routes(whole.app)
]


@pytest.mark.parametrize(("lane", "path", "methods"), ROUTES)
def test_each_route_is_in_the_part_that_its_path_leads_to(lane: ModuleType, path: str, methods: frozenset[str]) -> None:
    assert (path, methods) in list(web.routes(lane.part(lane.module(path))))


@pytest.mark.parametrize("lane", [lane for _, lane in PARTED])
@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "//////", "/api/v1/links/7/"])
def test_any_other_path_leads_somewhere_too(lane: ModuleType, path: str) -> None:
    assert lane.part(lane.module(path)) is not None
