"""The dashboard as it was built: the landing page, the one page of the application, and their files, compressed beforehand.

Nothing of it is needed for links and API; where it was not built, its pages say how it is.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ginnel import settings
from redirect.pages import language


@dataclass(frozen=True)
class Settings:
    dashboard: str = "frontend/dist"
    """The folder that the dashboard was built into, beneath the project's own."""


DIST: Path = Path(__file__).parent.parent / settings.read(Settings).dashboard
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# A file's name changes with what is in it (Vite hashes it).
_FOREVER = "public, max-age=31536000, immutable"
_POLICY = (
    "default-src 'none'; script-src 'self'{script}; style-src 'self'{style}; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)


@dataclass(frozen=True)
class _File:
    media_type: str
    bodies: Mapping[str, bytes]
    """By encoding; "" is without."""
    etag: str


def built() -> bool:
    return (DIST / "app.html").is_file()


@cache
def _read(path: Path) -> _File:
    bodies = {"": path.read_bytes()}
    for encoding, suffix in _ENCODINGS:
        compressed = path.with_name(path.name + suffix)
        if compressed.is_file():
            bodies[encoding] = compressed.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(kind, bodies, f'"{path.stat().st_mtime_ns:x}-{len(bodies[""]):x}"')


@cache
def _policy(dist: Path, name: str) -> str:
    # Its own files, and its inlined parts by their hashes (CSP 3, section 2.3.1).
    hashes: dict[str, dict[str, list[str]]] = json.loads((dist / "policy.json").read_text())
    return _POLICY.format(
        **{kind: "".join(f" '{found}'" for found in hashes[name][kind]) for kind in ("script", "style")}
    )


def landing(request: Headers) -> Response:
    """Answer with the landing page in the language that its reader prefers of those that it was rendered in."""
    spoken = language(request.get("accept-language", ""))
    found = page(f"index.{spoken}.html" if _is_there(DIST, spoken) else "index.html", request)
    found.headers["vary"] += ", accept-language"
    return found


@cache
def _is_there(dist: Path, spoken: str) -> bool:
    return (dist / f"index.{spoken}.html").is_file()


def application(request: Request) -> Response:
    """Answer with the one page of the application, wherever in it the address leads."""
    answer = page("app.html", request.headers)
    if request.url.path.startswith("/app/shared/"):
        # The address is a secret: no site that is gone to hears it, and no search engine shows it.
        answer.headers.update({"referrer-policy": "no-referrer", "x-robots-tag": "noindex"})
    return answer


def page(name: str, request: Headers) -> Response:
    """Answer with a page of those that were built, such as `app.html`."""
    return _answer(
        _read(DIST / name), request, {"cache-control": "no-cache", "content-security-policy": _policy(DIST, name)}
    )


async def files(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve the hashed files, beneath /assets/app."""
    file = _files(DIST).get(scope["path"].removeprefix("/assets/app/"))
    if scope["method"] not in {"GET", "HEAD"}:
        response = Response(status_code=405, headers={"allow": "GET, HEAD"})
    elif file is None:
        response = Response(status_code=404)
    else:
        response = _answer(_read(file), Headers(scope=scope), {"cache-control": _FOREVER})
    await response(scope, receive, send)


@cache
def _files(dist: Path) -> Mapping[str, Path]:
    # By their names, so that no path that is asked for is ever opened.
    folder = dist / "assets/app"
    found = folder.iterdir() if folder.is_dir() else ()
    return {file.name: file for file in found if file.suffix not in {".br", ".gz"}}


def _answer(file: _File, request: Headers, headers: Mapping[str, str]) -> Response:
    named = (part.lower().replace(" ", "") for part in request.get("accept-encoding", "").split(","))
    # By RFC 9110, section 12.4.2, what weighs nothing is not wanted.
    accepted = {
        name for name, _, weight in (part.partition(";") for part in named) if not re.fullmatch(r"q=0(\.0*)?", weight)
    }
    encoding = next((name for name, _ in _ENCODINGS if name in accepted and name in file.bodies), "")
    # Another encoding is another representation, with a tag of its own.
    etag = f'{file.etag[:-1]}-{encoding}"' if encoding else file.etag
    found = {**headers, "vary": "accept-encoding", "etag": etag}
    if etag in request.get("if-none-match", ""):
        return Response(status_code=304, headers=found)
    if encoding:
        found["content-encoding"] = encoding
    return Response(file.bodies[encoding], media_type=file.media_type, headers=found)
