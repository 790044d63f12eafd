"""Every function in one process, as one site: what API Gateway and CloudFront are on AWS.

A request goes to the function whose routes begin alike; what is nobody's is a slug.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from auth.app import app as auth
from clicks.app import app as clicks
from ginnel import VERSION, db, lookup, openapi, settings, web
from links.app import app as links
from local import dashboard, metrics, tracing
from local.lifespan import lifespan
from redirect.app import app as redirect
from redirect.app import slugs_only

FUNCTIONS = (redirect, auth, links, clicks)

_PAGES = Path(__file__).parent / "pages"
# Swagger UI and Redoc style their elements one by one.
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PLAIN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)


def _pages() -> FastAPI:
    """Serve what CloudFront would: the landing page, the dashboard and the documentation."""
    app = web.new_app("Pages", limited=False)

    def page(name: str, policy: str = _PLAIN_POLICY) -> Response:
        # The walk-through is for this very address.
        text = (_PAGES / name).read_text().replace("http://localhost:8000", settings.site().origin)
        return HTMLResponse(text, headers={"content-security-policy": policy, "cache-control": "no-cache"})

    def shown(name: str, policy: str) -> Any:  # noqa: ANN401  # an endpoint of FastAPI's making
        async def show() -> Response:
            return page(name, policy)

        return show

    for path, name in (("/docs", "docs.html"), ("/redoc", "redoc.html")):
        app.add_api_route(path, shown(name, _DOCS_POLICY), methods=["GET", "HEAD"], include_in_schema=False)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def landing(request: Request) -> Response:
        return dashboard.landing(request.headers) if dashboard.built() else page("index.html")

    @app.api_route("/app", methods=["GET", "HEAD"], include_in_schema=False)
    @app.api_route("/app/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def application(request: Request) -> Response:
        return dashboard.application(request) if dashboard.built() else page("unbuilt.html")

    @app.get("/openapi.json", include_in_schema=False)
    async def document() -> Response:
        return JSONResponse(openapi.merged(FUNCTIONS, version=VERSION, server=settings.site().origin))

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> Response:
        return FileResponse(
            _PAGES / "favicon.svg", media_type="image/svg+xml", headers={"cache-control": "max-age=86400"}
        )

    app.mount("/assets/app", dashboard.files)
    app.mount("/assets", StaticFiles(directory=_PAGES))
    # The wheel's files are all that is wanted: importing it would patch nothing and cost a little.
    spec = find_spec("fastapi_offline")
    if spec and spec.origin:
        app.mount("/static-offline-docs", StaticFiles(directory=Path(spec.origin).parent / "static"))
    return app


class Host:
    """Sends each request to its function's app. The landing page is the installation's own; another domain's root is its."""

    def __init__(self) -> None:
        settings.read(tracing.Settings)  # a wrong one is said before anything starts
        self.pages = _pages()
        self._by_prefix: dict[str, ASGIApp] = {
            _prefix(path): app for app in (redirect, auth, links, clicks, self.pages) for path, _ in web.routes(app)
        }
        if watched := metrics.app():
            self._by_prefix[metrics.PREFIX] = watched

    @property
    def prefixes(self) -> frozenset[str]:
        """What paths begin with that are no slugs."""
        return frozenset(self._by_prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            tracing.begin("ginnel-api")
            await lifespan(receive, send, db.close, tracing.end)
            return
        path: str = scope["path"]
        app = self._by_prefix.get(_prefix(path))
        if path == "/" and _host(scope) != settings.site().host:
            app = redirect
        if app is None:
            # Under /api nothing is a slug: a mistyped path is told so as a problem.
            visits = slugs_only if scope["method"] in {"GET", "HEAD"} else redirect
            app = links if f"{path}/".startswith("/api/") else visits
        await tracing.followed(app, scope)(scope, receive, send)


def _host(scope: Scope) -> str:
    return lookup.canonical(dict(reversed(scope["headers"])).get(b"host", b"").decode("latin-1"))


def _prefix(path: str) -> str:
    """Reduce a path to the part that tells whose it is: `/api/v1/links`, `/api/v1/admin/links`, or its first segment."""
    depth = (5 if path.startswith("/api/v1/admin/") else 4) if path.startswith("/api/") else 2
    return "/".join(path.split("/", depth)[:depth])


app = Host()
