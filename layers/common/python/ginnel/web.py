"""What every function's HTTP side has in common: problems as RFC 9457, request ids, security headers, bounded bodies.

Nothing here knows the database: the redirect function imports it too.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ginnel import errors, metrics, observe, settings, visits
from ginnel.errors import FieldError, Invalid, Problem

MAX_BODY = 1024 * 1024
"""Bytes. A hundred links with every field at its longest fit."""
MAX_FILE = 64 * 1024 * 1024
"""Bytes of a body that its route reads piece by piece, as `stream` does."""

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def now() -> datetime:
    return datetime.now(UTC)


Now = Annotated[datetime, Depends(now)]


def _storable(text: str) -> str:
    """Refuse what PostgreSQL can't keep or a header can't carry: control characters and lone surrogates."""
    if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in text):  # noqa: PLR2004
        raise ValueError("must not contain control characters or unpaired surrogates")
    return text


NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""What schemas say of text; that no surrogate may stand alone goes without saying where JSON is Unicode."""
Text = Annotated[str, AfterValidator(_storable), Field(json_schema_extra={"pattern": NO_CONTROLS})]
"""A line of text from outside. Bound its length where it is used."""


def representable(moment: datetime | None) -> datetime | None:
    """Refuse a time that not every zone can express."""
    if moment is not None and not 2000 <= moment.year <= 9998:  # noqa: PLR2004
        raise ValueError("must lie between the years 2000 and 9998")
    return moment


def _spelt(moment: object) -> object:
    """Refuse a number of seconds, or milliseconds, since 1970: a time has its zone and says its year."""
    if isinstance(moment, int | float):
        raise ValueError("must be a time such as 2030-01-01T00:00:00Z")  # noqa: TRY004  # a TypeError would not be told
    return moment


AnyMoment = Annotated[AwareDatetime, BeforeValidator(_spelt)]
Moment = Annotated[AnyMoment, AfterValidator(representable)]
"""A time from outside."""


class Input(BaseModel):
    """What a client sends: an unknown field is an error, not a surprise later."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Output(BaseModel):
    """What a client gets: fields have no defaults, so that leaving one out is a type error here."""

    model_config = ConfigDict(from_attributes=True)


def address(request: Request) -> bytes:
    """Return the address of whoever makes a request; b"" if it is unknown."""
    return visits.address(
        (request.scope.get("client") or ("",))[0] or "",
        request.headers.getlist("x-forwarded-for"),
        appended="aws.event" in request.scope,
    )


_LOCAL = re.compile(r"/[\w\-.~!$&'()*+,;=:@%/?#]*", re.ASCII)
_MAX_LOCAL = 2048


def local_path(wanted: str | None, *, otherwise: str = "/") -> str:
    """Return an address of this site's own to go on to, as a `next` parameter asks for it, or `otherwise` for any other text.

    It begins with one slash only, however often it is decoded; what browsers read as one, or pass over, is refused.
    """
    if wanted is None or len(wanted) > _MAX_LOCAL or not _LOCAL.fullmatch(wanted):
        return otherwise
    path = re.split(r"[?#]", wanted, maxsplit=1)[0]
    for _ in range(len(path)):
        if "//" in path or not path.isprintable() or "\\" in path:
            return otherwise
        if (decoded := unquote(path)) == path:
            return wanted
        path = decoded
    return wanted


def new_app(title: str, *, needs: Sequence[type] = (), limited: bool = True) -> FastAPI:
    """Make a function's app. `needs` are the settings classes without which it must not start.

    How many calls of it somebody may make is limited, but where it is no API.
    """
    dependencies: list[Any] = []
    if limited:
        from ginnel import limits  # noqa: PLC0415  # visits to links are not counted so, and start without

        dependencies, needs = [Depends(limits.anybody)], (*needs, limits.Settings)
    for kind in needs:
        settings.read(kind)
    app = FastAPI(
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=dependencies,
        # Where a tracer is at work in the process, a layer's on Lambda say, FastAPI would tell it of paths and queries.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.needs = tuple(needs)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_middleware(Frame)
    return app


class Frame:
    """The outermost layer: gives each request its id, each answer its headers, and turns what escaped into a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        identifier = visits.new_request_id().decode()
        token = observe.request_id.set(identifier)
        began, status = time.perf_counter(), 500
        started = False
        told: dict[bytes, bytes] = {}

        async def framed(message: Message) -> None:
            nonlocal started, status
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                raw = message.setdefault("headers", [])
                raw.append((b"x-request-id", identifier.encode()))
                raw.extend(told.items())
                # A redirect has no page to protect, and these would keep it from being an image's address.
                if message["status"] // 100 != 3:  # noqa: PLR2004  # 3xx
                    headers = MutableHeaders(raw=raw)
                    for name, value in SECURITY_HEADERS.items():
                        headers.setdefault(name, value)
            await send(message)

        try:
            bound = scope[_BOUND] = _Bound()
            scope[_TOLD] = told
            await self.app(scope, _bounded(receive, bound), framed)
        except Exception:
            observe.log.exception("request_failed", method=scope["method"])
            if started:
                raise
            await _respond(500, "internal_error", "Something went wrong on our side.")(scope, receive, framed)
        finally:
            observe.request_id.reset(token)
            route = getattr(scope.get("route"), "path", None)
            metrics.answered(scope["method"], route, status, time.perf_counter() - began)


_BOUND = "ginnel.bound"
_TOLD = "ginnel.told"


def tell(request: Request, name: str, value: str) -> None:
    """Have a header on the request's answer, even if that is a refusal."""
    request.scope[_TOLD][name.encode()] = value.encode()


class _Bound:
    """How many bytes a request's body may have: its route may raise it once it knows who is asking."""

    most = MAX_BODY


def _bounded(receive: Receive, bound: _Bound) -> Receive:
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > bound.most:
            # FastAPI turns all but its own exceptions into "400, error parsing the body".
            raise HTTPException(413, f"A request's body may hold {bound.most} bytes.")
        return message

    return bounded


async def stream(request: Request) -> AsyncIterator[bytes]:
    """Give a body piece by piece, which may be as long as a file. Nobody is asked for it before they are known."""
    request.scope[_BOUND].most = MAX_FILE
    async for piece in request.stream():
        yield piece


def _respond(
    status: int,
    code: str,
    detail: str,
    *,
    faults: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    return JSONResponse(
        errors.body(status, code, detail, observe.request_id.get(), faults),
        status,
        {"cache-control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


async def _problem(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)  # noqa: S101  # tells the type checker what the registration says
    return _respond(problem.status, problem.code, problem.detail, faults=problem.errors, headers=problem.headers)


async def _http_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # as above
    if error.status_code == 405:  # noqa: PLR2004  # of the routes with this path, the framework names but the first one's
        path = request.scope["path"]
        found = (methods for route, methods in routes(request.app) if compile_path(route)[0].match(path))
        error.headers = {"allow": ", ".join(sorted(frozenset().union(*found)))}
    codes = {404: "not_found", 405: "method_not_allowed", 400: "bad_request", 413: "body_too_large"}
    return _respond(error.status_code, codes.get(error.status_code, "http_error"), error.detail, headers=error.headers)


async def _validation_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as above
    found = error.errors()
    if any(e["type"] == "json_invalid" for e in found):
        return _respond(400, "json_invalid", "The body is not valid JSON.")
    named = faults((e["loc"], e["type"], e["msg"]) for e in found)
    return _respond(422, "invalid", "Some fields are not valid.", faults=named)


def faults(found: Iterable[tuple[Sequence[str | int], str, str]]) -> list[FieldError]:
    """Name fields as problems do, by the location, type and message of a validator's errors."""
    return [FieldError(_pointer(where), kind, said.removeprefix("Value error, ")) for where, kind, said in found]


def _pointer(location: Sequence[str | int]) -> str:
    """Turn a validator's location into a JSON pointer (RFC 6901) for the body, or `query:name` and the like."""
    where, *rest = location
    if where == "body":
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return ":".join(map(str, location))


def routes(app: FastAPI) -> Iterator[tuple[str, frozenset[str]]]:
    """List an app's paths with their methods; a mounted folder has none."""
    for route in iter_route_contexts(app.routes):
        yield route.path or "", frozenset(getattr(route, "methods", None) or ())


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Document an operation's refusals, for a route's `responses`: each kind by its code and its docstring."""
    documented: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        says = " ".join((kind.__doc__ or kind.code).split())
        response = documented.setdefault(
            kind.status,
            {"description": "", "content": {"application/problem+json": {"schema": PROBLEM, "examples": {}}}},
        )
        response["description"] = f"{response['description']}\n* `{kind.code}`: {says}".strip()
        example = {"summary": says, "value": errors.body(kind.status, kind.code, says, "7f0c9a52d1e84b36")}
        response["content"]["application/problem+json"]["examples"][kind.code] = example
    return documented


PROBLEM = {"$ref": "#/components/schemas/Problem"}
"""The schema of problems, which `openapi` describes."""


def etag(version: int) -> str:
    return f'"{version}"'


_ETAG = {"pattern": r"^(\*|(W/)?\"[0-9]{1,9}\")$"}


def _if_match(
    value: Annotated[str | None, Header(alias="If-Match", max_length=64, json_schema_extra=_ETAG)] = None,
) -> int | None:
    if value is None or value.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', value.strip())
    if not found:
        raise Invalid.field("header:if-match", "etag_invalid", "is not an ETag that was given out")
    return int(found[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that a write expects; None when it takes any."""
