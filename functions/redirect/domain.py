"""What a domain answers where no link does: at its root, to apps, and in place of unknown links and of those that are over.

None of it is a click. An installation's own domain says nothing of this by itself: its root is a page, if there is a host for
it.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ginnel import lookup, nowhere, redirects, slugs
from ginnel.errors import Unavailable
from ginnel.hosts import Host
from ginnel.redirects import Answer, Record

from . import refusals

router = APIRouter(include_in_schema=False)

PAST = frozenset({"link_expired", "link_used_up"})
"""Codes of links that are over, whose domain may lead on."""


@router.api_route("/", methods=["GET", "HEAD"])
async def root(request: Request) -> Response:
    host = await lookup.domain(request.headers.get("host", ""))
    return _led(host.root) if host and host.root else refusals.answer(request.scope, 404, "not_found")


@router.api_route("/.well-known/apple-app-site-association", methods=["GET", "HEAD"])
async def apple(request: Request) -> Response:
    """Serve what Apple's devices read (https://developer.apple.com/documentation/xcode/supporting-associated-domains)."""
    host = await lookup.domain(request.headers.get("host", ""))
    return _file(request, host.apple if host else None)


@router.api_route("/.well-known/assetlinks.json", methods=["GET", "HEAD"])
async def android(request: Request) -> Response:
    """Serve what Android reads (https://developers.google.com/digital-asset-links)."""
    host = await lookup.domain(request.headers.get("host", ""))
    return _file(request, host.android if host else None)


def _file(request: Request, document: str | None) -> Response:
    if document is None:
        return refusals.answer(request.scope, 404, "not_found")
    return Response(document, 200, {"cache-control": "no-cache"}, media_type="application/json")


def _led(location: str) -> Response:
    return Response(status_code=302, headers=dict(redirects.headers(Answer(302, location))))


async def backed(request: Request, record: Record) -> Record:
    """Give a link that is over its domain's word of where such links lead."""
    return redirects.backed(record, await _known(request))


async def instead(request: Request, path: bytes, *, unknown: bool) -> Response | None:
    """Answer for a link that there is not (yet), if its domain leads on; write down that an `unknown` one was asked for.

    Programs that look for a file at an address of their own, such as /.well-known/…, are not led on: there is none.
    """
    if request.method not in {"GET", "HEAD"} or slugs.reserved(path.decode("latin-1")):
        return None
    slug = slugs.from_path(path)
    host = await _known(request)
    if host is None:
        return None
    if unknown and slug and request.method == "GET":
        await nowhere.note(host.domain, host.key(slug))
    return _led(host.not_found) if host.not_found else None


async def _known(request: Request) -> Host | None:
    """Look at the domain, of which nothing may depend that is known of the link: that is an answer without it too."""
    try:
        return await lookup.domain(request.headers.get("host", ""))
    except Unavailable:
        return None
