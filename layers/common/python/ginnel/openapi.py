"""The OpenAPI document: those of all functions, as the one that clients see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ginnel import web
from ginnel.errors import BadRequest, BodyTooLarge, Invalid, NotFound, Problem, TooManyRequests, Unavailable


def merged(apps: Sequence[FastAPI], *, version: str, server: str) -> dict[str, Any]:
    """Merge the functions' documents."""
    document = get_openapi(
        title="Ginnel",
        version=version,
        summary="Shorten links, follow them, count every click.",
        routes=[route for app in apps for route in app.routes],
        servers=[{"url": server}],
    )
    problem = {"description": "A problem (RFC 9457)", "content": {"application/problem+json": {"schema": web.PROBLEM}}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = _name(method, path)
            responses = operation["responses"]
            # FastAPI's own: it has another shape than what is answered.
            if "HTTPValidationError" in str(responses.get("422")):
                del responses["422"]
            responses["default"] = dict(problem)
            if path.startswith("/api/"):
                _describe_what_comes_first(operation)
                _describe_limits(responses)
    document.setdefault("components", {})["headers"] = _HEADERS
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _name(method: str, path: str) -> str:
    """Name an operation for clients made from the document: `get_links_by_link_id` is `GET /api/v1/links/{link_id}`."""
    words = path.removeprefix("/api/v1").replace("{", "by/").translate(str.maketrans("-", "_", "}")).strip("/")
    return f"{method}_{words.replace('/', '_')}"


def _describe_what_comes_first(operation: dict[str, Any]) -> None:
    """Say what any call of its kind may be answered before its route is asked, or where that can't be."""
    kinds: list[type[Problem]] = [BadRequest, Unavailable]
    body, parameters = operation.get("requestBody"), operation.get("parameters", ())
    if body:
        kinds.append(BodyTooLarge)
    if body or parameters:
        kinds.append(Invalid)
    if any(parameter["name"] == "Ginnel-Workspace" for parameter in parameters):
        kinds.append(NotFound)
    for status, told in web.problems(*kinds).items():
        operation["responses"].setdefault(str(status), told)


def _describe_limits(responses: dict[str, Any]) -> None:
    """Say of all answers that they tell how many calls are left, and that one may be that there are none."""
    responses.setdefault("429", web.problems(TooManyRequests)[429])
    for status, response in responses.items():
        shown = _LIMITS if status != "429" else (*_LIMITS, "Retry-After")
        headers = response.setdefault("headers", {})
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in shown}


_LIMITS = ("RateLimit", "RateLimit-Policy")
_HEADERS = {
    "RateLimit": {
        "description": "How many calls are left (`r`) of the named policy's, and in how many seconds (`t`) its present "
        "window ends; as in draft-ietf-httpapi-ratelimit-headers.",
        "schema": {"type": "string"},
        "example": '"read";r=5999;t=42',
    },
    "RateLimit-Policy": {
        "description": "The policy that the call was counted by: how many calls (`q`) there may be in so many seconds (`w`), "
        "of an account or API key, or of an address where nobody is asked who they are.",
        "schema": {"type": "string"},
        "example": '"read";q=6000;w=60',
    },
    "Retry-After": {
        "description": "In how many seconds there may be another call.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 7,
    },
}


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable: write your program against it."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "One entry a bad field, all of them at once.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body, or `query:name`."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
