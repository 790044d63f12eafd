"""The function's way in leads every path to the part that has its route."""

from __future__ import annotations

import pytest

from ginnel import web
from links import app as whole
from links import lane

ROUTES = list(web.routes(whole.app))


@pytest.mark.parametrize(("path", "methods"), ROUTES)
def test_each_route_is_in_the_part_that_its_path_leads_to(path: str, methods: frozenset[str]) -> None:
    assert (path, methods) in list(web.routes(lane.part(lane.module(path))))


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "//////", "/api/v1/links/7/"])
def test_any_other_path_leads_somewhere_too(path: str) -> None:
    assert lane.part(lane.module(path)) is not None
