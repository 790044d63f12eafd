"""API Gateway's HTTP API on one machine: HTTP to an event of payload format 2.0, and a function's answer to HTTP.

Only what is between the two; who runs the function is told by `Invoke`. What is not ours to know is as AWS's documentation
has it: how fields fold, which routes go first, what is refused by the gateway itself.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.types import Message, Receive, Scope, Send

from ginnel.observe import log
from local.stack import Route

Event = dict[str, Any]
Invoke = Callable[[str, Event], Awaitable[Any]]
"""Calls a function by its name in the template."""

SECONDS = 30.0
"""How long a function may take, whatever its own time-out is."""
MOST = 10 * 1024 * 1024
"""Bytes of a request's body."""

_TEXT = re.compile(r"text/|application/(json|javascript|xml|[\w.-]+\+(json|xml))", re.IGNORECASE)
_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"}
_UNSENDABLE = re.compile(r"[\r\n\0]")
_REFUSALS = {
    404: "Not Found",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    504: "Endpoint request timed out",
}


class Gateway:
    """An ASGI app that is a template's routes."""

    def __init__(self, routes: Iterable[Route], invoke: Invoke) -> None:
        # The most specific first, as the gateway has it: fixed segments before parameters, those before greedy ones.
        ranked = sorted(
            routes, key=lambda route: ([_rank(part) for part in route.path.split("/")], route.method == "ANY")
        )
        self._routes = [(route, _pattern(route.path)) for route in ranked]
        self._invoke = invoke

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._match(scope["method"], scope["path"])
        if found is None:
            await _refuse(404, send)
            return
        body = await _read(receive)
        if body is None:
            await _refuse(413, send)
            return
        route, parameters = found
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._invoke(route.function, event(route, parameters, scope, body))
        except TimeoutError:
            await _refuse(504, send)
            return
        await _respond(answer, route, send)

    def _match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for route, pattern in self._routes:
            if route.method in (method, "ANY") and (found := pattern.fullmatch(path)):
                return route, found.groupdict()
        return None


def _rank(part: str) -> int:
    return 0 if not part.startswith("{") else 2 if part.endswith("+}") else 1


def _pattern(path: str) -> re.Pattern[str]:
    """Make the pattern of a route's path; its parameters are the pattern's groups."""
    parts = []
    for part in path.split("/"):
        name = part.strip("{}+")
        if part.startswith("{"):
            parts.append(f"(?P<{name}>.+)" if part.endswith("+}") else f"(?P<{name}>[^/]+)")
        else:
            parts.append(re.escape(part))
    return re.compile("/".join(parts), re.DOTALL)


async def _read(receive: Receive) -> bytes | None:
    """Read a request's body; None if it is too long."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MOST:
            chunks.append(chunk)
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(chunks) if size <= MOST else None


def event(route: Route, parameters: dict[str, str], scope: Scope, body: bytes) -> Event:
    """Make the event that a request becomes."""
    headers, cookies = _headers(scope)
    query = scope["query_string"].decode("latin-1")
    now = datetime.now(UTC)
    path = unquote(scope["raw_path"].decode("latin-1"), errors="replace")
    domain = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    made: Event = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
        **({"cookies": cookies} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": _query(query)} if query else {}),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": scope["method"],
                "path": path,
                "protocol": f"HTTP/{scope['http_version']}",
                "sourceIp": _peer(scope),
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": secrets.token_urlsafe(11) + "=",
            "routeKey": route.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        **({"pathParameters": parameters} if parameters else {}),
        "isBase64Encoded": False,
    }
    return made | _body(body, headers)


def _headers(scope: Scope) -> tuple[dict[str, str], list[str]]:
    """Fold a request's fields into one of each name, and the cookies into a list, as the gateway hands them on."""
    folded: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "cookie":
            cookies += [cookie for cookie in value.split("; ") if cookie]
        elif name not in _HOP:
            folded[name] = f"{folded[name]},{value}" if name in folded else value
    before = folded.get("x-forwarded-for")
    folded |= {
        "x-amzn-trace-id": f"Root=1-{int(time.time()):x}-{secrets.token_hex(12)}",
        "x-forwarded-for": f"{before}, {_peer(scope)}" if before else _peer(scope),
        "x-forwarded-port": str((scope.get("server") or ("", None))[1] or (443 if scope["scheme"] == "https" else 80)),
        "x-forwarded-proto": scope["scheme"],
    }
    return dict(sorted(folded.items())), cookies


def _peer(scope: Scope) -> str:
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def _query(query: str) -> dict[str, str]:
    folded: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        folded[name] = f"{folded[name]},{value}" if name in folded else value
    return folded


def _body(body: bytes, headers: dict[str, str]) -> Event:
    if not body:
        return {}
    if _TEXT.match(headers.get("content-type", "text/plain")) and "content-encoding" not in headers:
        try:
            return {"body": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


async def _respond(answer: Any, route: Route, send: Send) -> None:  # noqa: ANN401  # whatever the function answers
    """Send what a function answered, as format 2.0 has it: an answer without a status is a body."""
    if isinstance(answer, dict) and "errorMessage" in answer and "statusCode" not in answer:
        log.warning("function_failed", function=route.function, error=answer.get("errorType"))
        await _refuse(500, send)
        return
    if not isinstance(answer, dict) or "statusCode" not in answer:
        answer = {
            "statusCode": 200,
            "headers": {"content-type": "application/json"},
            "body": answer if isinstance(answer, str) else json.dumps(answer),
        }
    try:
        start, body = _message(answer)
    except (TypeError, ValueError):  # the gateway understands no other shape
        log.warning("answer_malformed", function=route.function)
        await _refuse(500, send)
        return
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _message(answer: dict[str, Any]) -> tuple[Message, bytes]:
    body = answer.get("body") or ""
    if not isinstance(body, str):
        raise TypeError("a body that is no text")
    content = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
    fields = [(str(name).lower(), str(value)) for name, value in (answer.get("headers") or {}).items()]
    fields = [(name, value) for name, value in fields if name not in _HOP | {"content-length"}]
    fields += [("set-cookie", cookie) for cookie in answer.get("cookies") or []]
    if any(_UNSENDABLE.search(name + value) for name, value in fields):
        raise ValueError("a header that ends before its line does")
    fields.append(("content-length", str(len(content))))
    fields.append(("apigw-requestid", secrets.token_urlsafe(11) + "="))
    return {
        "type": "http.response.start",
        "status": int(answer["statusCode"]),
        "headers": [(name.encode("latin-1"), value.encode("utf-8")) for name, value in fields],
    }, content


async def _refuse(status: int, send: Send) -> None:
    """Say what the gateway says by itself."""
    body = json.dumps({"message": _REFUSALS[status]}, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
