"""tests/events holds an event for everything that calls a function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import stack

from . import template

FOLDER = Path(__file__).parents[1] / "events"
ROUTES = [route.key for function in stack.read(template.ROOT / "template.yaml") for route in function.routes]


def _keys() -> Iterator[str]:
    for path in FOLDER.glob("*.json"):
        yield json.loads(path.read_text()).get("routeKey", "")


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_has_an_event(route: str) -> None:
    assert route in set(_keys()), f"no event in {FOLDER} is of the route {route}"


def test_no_event_is_of_a_route_that_is_gone() -> None:
    assert {key for key in _keys() if key} <= set(ROUTES)


def test_an_event_says_the_same_about_its_route_everywhere() -> None:
    for path in FOLDER.glob("*.json"):
        event = json.loads(path.read_text())
        if key := event.get("routeKey"):
            context = event["requestContext"]
            assert key == context["routeKey"], path
            assert key.split(" ")[0] in {"ANY", context["http"]["method"]}, path
            assert event["rawPath"] == context["http"]["path"], path
