"""Pictures of links as QR codes."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from ginnel import access, links, qr, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.errors import Invalid, NotFound

from .answer import LinkId

router = APIRouter(tags=["qr"])

Reader = Annotated[Me, Depends(access.may("links:read", guests=True))]
_COLOUR = "#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})"

_TYPES: dict[qr.Format, str] = {"svg": "image/svg+xml", "png": "image/png"}
_MAX_AGE = 3600
# An SVG that is opened by itself is a page: what stands in it may be shown, and do nothing.
_POLICY = "default-src 'none'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"


def look(  # noqa: PLR0913  # FastAPI injects each by its type
    format: Annotated[qr.Format, Query()] = "svg",  # noqa: A002  # the parameter's name
    size: Annotated[int, Query(ge=64, le=4096, description="Width and height in pixels.")] = 512,
    margin: Annotated[
        int, Query(ge=0, le=16, description="In modules. With fewer than 4 some scanners find no code.")
    ] = 4,
    ecc: Annotated[
        qr.Correction, Query(description="How much may be damaged: L 7 %, M 15 %, Q 25 %, H 30 %. With a logo it is H.")
    ] = "M",
    fg: Annotated[
        web.Text,
        Query(
            max_length=32,
            description="The modules' colour, #rgb or #rrggbb; # may be left out.",
            json_schema_extra={"pattern": f"^{_COLOUR}$"},
        ),
    ] = "#000000",
    bg: Annotated[
        web.Text,
        Query(
            max_length=32,
            description="The background's, or `transparent`. It must be the lighter one.",
            json_schema_extra={"pattern": f"^({_COLOUR}|transparent)$"},
        ),
    ] = "#ffffff",
) -> qr.Look:
    """Read how a code is to look. Raises Invalid."""
    wanted = qr.Look(format, size, margin, ecc, _colour("fg", fg), None if bg == "transparent" else _colour("bg", bg))
    wanted.check()
    return wanted


def _colour(name: str, text: str) -> qr.Colour:
    try:
        return qr.Colour.parse(text)
    except ValueError as error:
        raise Invalid.field(f"query:{name}", "colour_invalid", str(error)) from None


Wanted = Annotated[qr.Look, Depends(look)]
Download = Annotated[bool, Query(description="Have browsers save it under the slug's name.")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=1024)]
_PICTURE: dict[str, Any] = {
    "image/svg+xml": {"schema": {"type": "string"}},
    "image/png": {"schema": {"type": "string", "format": "binary"}},
}
_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": _PICTURE, "description": "The picture"}}


@router.get(
    "/api/v1/links/{link_id}/qr",
    response_class=Response,
    summary="Draw a link's QR code",
    description="The code holds the short URL with `?qr=1`, which is not passed on and has clicks counted as from a code. "
    "The colours must differ by 3:1, the modules being the darker ones.",
    responses=_ANSWERS
    | {304: {"description": "The picture of `If-None-Match` is still the same"}}
    | web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid),
)
async def draw(  # noqa: PLR0913  # FastAPI injects each by its type
    link_id: LinkId,
    conn: Conn,
    me: Reader,
    wanted: Wanted,
    download: Download = False,  # noqa: FBT002  # a query parameter, given by name
    logo: Annotated[str | None, Query(include_in_schema=False)] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    if logo is not None:
        raise Invalid.field("query:logo", "logo_by_post", "is sent as the body of a POST to this address")
    link = await links.get(conn, link_id, workspace=me.workspace)
    said = qr.content(link.short_url)
    headers = _headers(qr.etag(said, wanted), wanted, slug=link.slug if download else None)
    if _matches(if_none_match, headers["etag"]):
        return Response(status_code=304, headers=headers)
    picture = await asyncio.to_thread(qr.draw, said, wanted)
    return Response(picture, headers=headers, media_type=_TYPES[wanted.format])


@router.post(
    "/api/v1/links/{link_id}/qr",
    response_class=Response,
    summary="Draw a link's QR code with a logo",
    description="The body is the logo, a PNG or JPEG of up to 256 kB. It takes a quarter of the code's width; the code is made "
    "with correction H, so that it can be read nevertheless. The logo is not kept.",
    responses=_ANSWERS
    | web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, Invalid, qr.LogoTooLarge, qr.LogoUnreadable),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg")
            },
        }
    },
)
async def draw_with_logo(  # noqa: PLR0913  # FastAPI injects each by its type
    link_id: LinkId,
    request: Request,
    conn: Conn,
    me: Reader,
    wanted: Wanted,
    download: Download = False,  # noqa: FBT002  # as above
) -> Response:
    logo = await request.body()
    if not logo:
        raise qr.LogoUnreadable("The body is empty; it must be a PNG or a JPEG.")
    link = await links.get(conn, link_id, workspace=me.workspace)
    said = qr.content(link.short_url)
    headers = _headers(qr.etag(said, wanted, logo), wanted, slug=link.slug if download else None)
    picture = await asyncio.to_thread(qr.draw, said, wanted, logo)
    return Response(picture, headers=headers, media_type=_TYPES[wanted.format])


def _headers(etag: str, wanted: qr.Look, *, slug: str | None) -> dict[str, str]:
    headers = {"etag": etag, "cache-control": f"private, max-age={_MAX_AGE}", "vary": "authorization"}
    if wanted.format == "svg":
        headers["content-security-policy"] = _POLICY
    if slug is not None:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", slug).strip("-.") or "qr"
        full = quote(f"{slug.replace('/', '-')}.{wanted.format}", safe="")
        # The second name for slugs that ASCII can't say (RFC 6266, section 4.3).
        headers["content-disposition"] = f"attachment; filename=\"{plain}.{wanted.format}\"; filename*=UTF-8''{full}"
    return headers


def _matches(tags: str | None, etag: str) -> bool:
    """Compare as RFC 9110, section 13.1.2 has it: weakly."""
    return tags is not None and (tags.strip() == "*" or etag in [t.strip().removeprefix("W/") for t in tags.split(",")])
