"""What the gateway's stand-in makes of HTTP is what AWS's own makes of it, as tests/events has it."""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import gateway, stack
from local.gateway import Gateway
from local.stack import Route

# The package's name is a keyword.
events: Any = importlib.import_module("tests.lambda.events")
template: Any = importlib.import_module("tests.lambda.template")

ROUTES = [route for function in stack.read(template.ROOT / "template.yaml") for route in function.routes]
NAMES = sorted(
    path.stem for path in (Path(__file__).parents[1] / "events").glob("*.json") if "routeKey" in path.read_text()
)
VALUES = dict.fromkeys(events.placeholders(), "7") | {"cookie": "session=1"}
OWN_DOINGS = ("accountId", "apiId", "requestId", "time", "timeEpoch")


class Functions:
    """Keeps the events that come, and answers each alike."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.seen: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, name: str, event: dict[str, Any]) -> Any:
        self.seen.append((name, event))
        return self.answer


@asynccontextmanager
async def asking(functions: Functions, *routes: Route) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Gateway(routes or ROUTES, functions), client=("203.0.113.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="https://go.test") as client:
        client.headers.clear()
        yield client


@pytest.mark.parametrize("name", NAMES)
async def test_a_request_becomes_the_event_that_aws_makes_of_it(name: str) -> None:
    wanted = events.load(name, **VALUES)
    context, functions = wanted["requestContext"], Functions({"statusCode": 200})
    added = {"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
    headers = [(key, value) for key, value in wanted["headers"].items() if key not in added]
    headers += [("cookie", "; ".join(wanted["cookies"]))] if "cookies" in wanted else []
    query = f"?{wanted['rawQueryString']}" if wanted["rawQueryString"] else ""
    content = wanted.get("body")
    content = base64.b64decode(content) if wanted["isBase64Encoded"] else content
    async with asking(functions) as client:
        await client.request(context["http"]["method"], wanted["rawPath"] + query, headers=headers, content=content)
    ((function, made),) = functions.seen
    assert function == next(route.function for route in ROUTES if route.key == wanted["routeKey"])
    for event in (wanted, made):
        event["headers"].pop("x-amzn-trace-id")
        for field in OWN_DOINGS:
            assert event["requestContext"].pop(field)
    if made["headers"].get("content-length") == "0":
        del made["headers"]["content-length"]  # which the client says of a POST with nothing in it
    assert made == wanted


async def test_fields_of_one_name_are_folded_and_cookies_listed() -> None:
    functions = Functions({"statusCode": 204})
    fields = [
        ("accept", "a"),
        ("cookie", "a=1; b=2"),
        ("Accept", "b"),
        ("cookie", "c=3"),
        ("x-forwarded-for", "1.2.3.4"),
    ]
    async with asking(functions) as client:
        await client.get("/x?a=1&b&a=%2B+&c=%C3%A9", headers=[*fields, ("connection", "close")])
    ((_, event),) = functions.seen
    assert event["headers"]["accept"] == "a,b"
    assert event["headers"]["x-forwarded-for"] == "1.2.3.4, 203.0.113.7"
    assert not {"cookie", "connection"} & event["headers"].keys()
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert event["rawQueryString"] == "a=1&b&a=%2B+&c=%C3%A9"
    assert event["queryStringParameters"] == {"a": "1,+ ", "b": "", "c": "é"}


@pytest.mark.parametrize(
    ("kind", "body", "encoded"),
    [
        ("application/json", b'{"a":"\xc3\xa9"}', False),
        ("application/problem+json; charset=utf-8", b"{}", False),
        ("text/csv", b"a,b", False),
        ("text/csv", b"\xff", True),
        ("application/x-www-form-urlencoded", b"a=b", True),
        ("image/png", b"\x89PNG", True),
    ],
)
async def test_a_body_that_is_no_text_comes_as_base64(kind: str, body: bytes, encoded: bool) -> None:  # noqa: FBT001  # a case's field
    functions = Functions({"statusCode": 200})
    async with asking(functions) as client:
        await client.post("/api/v1/links", content=body, headers={"content-type": kind})
    ((_, event),) = functions.seen
    assert event["isBase64Encoded"] is encoded
    assert (base64.b64decode(event["body"]) if encoded else event["body"].encode()) == body


async def test_the_most_specific_route_goes_first() -> None:
    paths = ("/{any+}", "/a/{x}", "/a/b", "/a/{x}/c", "/a/{rest+}", "/{one}")
    routes = [Route("ANY" if path == "/a/b" else "GET", path, path) for path in paths]
    for path, expected in (
        ("/a/b", "/a/b"),
        ("/a/z", "/a/{x}"),
        ("/a/z/c", "/a/{x}/c"),
        ("/a/z/d", "/a/{rest+}"),
        ("/z", "/{one}"),
        ("/z/", "/{any+}"),
    ):
        functions = Functions({"statusCode": 200})
        async with asking(functions, *routes) as client:
            await client.get(path)
        assert functions.seen[0][0] == expected, path


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/v1/links"), ("POST", "/x"), ("GET", "/x"), ("OPTIONS", "/x")]
)
async def test_what_is_no_route_is_refused_by_the_gateway_itself(method: str, path: str) -> None:
    functions = Functions({"statusCode": 200})
    async with asking(functions, *(route for route in ROUTES if "+" not in route.path)) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.text) == (404, '{"message":"Not Found"}')
    assert functions.seen == []


async def test_an_answer_is_sent_as_the_function_said_it() -> None:
    answer = {
        "statusCode": 201,
        "headers": {"Content-Type": "image/png", "content-length": "999", "connection": "close"},
        "cookies": ["a=1; Path=/", "b=2"],
        "body": base64.b64encode(b"\x89PNG").decode(),
        "isBase64Encoded": True,
    }
    async with asking(Functions(answer)) as client:
        got = await client.get("/x")
    assert (got.status_code, got.content) == (201, b"\x89PNG")
    assert got.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    assert (got.headers["content-type"], got.headers["content-length"]) == ("image/png", "4")
    assert "connection" not in got.headers


@pytest.mark.parametrize("answer", [{"stored": 3}, "text", 7, None])
async def test_an_answer_without_a_status_is_a_body(answer: Any) -> None:
    async with asking(Functions(answer)) as client:
        got = await client.get("/x")
    assert (got.status_code, got.headers["content-type"]) == (200, "application/json")
    assert got.text == (answer if isinstance(answer, str) else json.dumps(answer))


@pytest.mark.parametrize(
    "answer",
    [
        {"errorMessage": "no", "errorType": "ValueError"},
        {"statusCode": "many"},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "body": {"not": "text"}},
    ],
)
async def test_a_failure_or_a_malformed_answer_is_told_to_nobody(answer: Any) -> None:
    async with asking(Functions(answer)) as client:
        got = await client.get("/x")
    assert (got.status_code, got.text) == (500, '{"message":"Internal Server Error"}')


async def test_a_long_body_and_a_slow_function_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = Functions({"statusCode": 200})
    async with asking(functions) as client:
        assert (await client.post("/api/v1/links", content=b" " * gateway.MOST)).status_code == 200
        got = await client.post("/api/v1/links", content=b" " * (gateway.MOST + 1))
    assert (got.status_code, got.text) == (413, '{"message":"Request Entity Too Large"}')
    assert len(functions.seen) == 1
    monkeypatch.setattr(gateway, "SECONDS", 0.01)

    async def slow(name: str, event: dict[str, Any]) -> None:
        await asyncio.sleep(1)

    transport = httpx.ASGITransport(Gateway(ROUTES, slow))
    async with httpx.AsyncClient(transport=transport, base_url="http://go.test") as client:
        assert (await client.get("/x")).status_code == 504
