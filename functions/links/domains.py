"""Domains of a workspace's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse, Response

from ginnel import access, web
from ginnel.access import Me
from ginnel.db import Conn
from ginnel.domains import reading, writing
from ginnel.domains.drafts import DomainChange, DomainDraft, DomainOut, DomainPage
from ginnel.domains.verification import Resolve, ask
from ginnel.domains.writing import DomainInUse, DomainTaken, NotVerified, TooManyDomains
from ginnel.errors import Invalid, NotFound, PreconditionFailed
from ginnel.web import IfMatch, Now

router = APIRouter(tags=["domains"])

Reader = Annotated[Me, Depends(access.may("domains:read"))]
Writer = Annotated[Me, Depends(access.may("domains:write"))]
DomainId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


def resolver() -> Resolve:
    """Give what asks the DNS; tests give their own."""
    return ask


def _answer(domain: DomainOut, status: int = 200, **headers: str) -> JSONResponse:
    common = {"etag": web.etag(domain.version), "cache-control": "private, no-cache"}
    return JSONResponse(domain.model_dump(mode="json"), status, common | headers)


@router.post(
    "/api/v1/domains",
    status_code=201,
    response_model=DomainOut,
    summary="Claim a host",
    description="The answer says which DNS record shows that the host is yours. Until it is verified, nobody is served on it.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, DomainTaken, TooManyDomains, Invalid),
)
async def create(draft: DomainDraft, conn: Conn, me: Writer, now: Now) -> Response:
    made = await writing.create(conn, draft, workspace=me.workspace, user=me.user, now=now)
    return _answer(made, 201, location=f"/api/v1/domains/{made.id}")


@router.get(
    "/api/v1/domains",
    summary="List the workspace's domains",
    description="All of them, by host, those that are not verified yet too. The installation's own is nobody's.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing),
)
async def find_all(conn: Conn, me: Reader) -> DomainPage:
    return await reading.find_all(conn, workspace=me.workspace)


@router.get(
    "/api/v1/domains/{domain_id}",
    response_model=DomainOut,
    summary="Get a domain",
    description="The `ETag` is the domain's version; send it as `If-Match` when changing it.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound),
)
async def get(domain_id: DomainId, conn: Conn, me: Reader) -> Response:
    return _answer(await reading.get(conn, domain_id, workspace=me.workspace))


@router.patch(
    "/api/v1/domains/{domain_id}",
    response_model=DomainOut,
    summary="Change a domain",
    description="Changes the fields that are given; visitors get the new answers within a second. With `If-Match`, only if "
    "nobody changed it meanwhile (else 412).",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, DomainInUse, PreconditionFailed, Invalid),
)
async def change(  # noqa: PLR0913  # FastAPI injects each by its type
    domain_id: DomainId, wanted: DomainChange, conn: Conn, me: Writer, now: Now, version: IfMatch
) -> Response:
    return _answer(
        await writing.change(conn, domain_id, wanted, workspace=me.workspace, user=me.user, version=version, now=now)
    )


@router.post(
    "/api/v1/domains/{domain_id}/verify",
    response_model=DomainOut,
    summary="Verify a domain",
    description="Asks the DNS for the TXT record. Of several workspaces that claim a host, the first to verify it has it.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, DomainTaken, NotVerified),
)
async def verify(
    domain_id: DomainId, conn: Conn, me: Writer, now: Now, resolve: Annotated[Resolve, Depends(resolver)]
) -> Response:
    return _answer(
        await writing.verify(conn, domain_id, workspace=me.workspace, user=me.user, resolve=resolve, now=now)
    )


@router.delete(
    "/api/v1/domains/{domain_id}",
    status_code=204,
    summary="Delete a domain",
    description="Refused while links stand on it. Nobody is served on it any more, and others may claim its host.",
    responses=web.problems(*access.REFUSALS, access.ScopeMissing, NotFound, DomainInUse, PreconditionFailed, Invalid),
)
async def delete(domain_id: DomainId, conn: Conn, me: Writer, now: Now, version: IfMatch) -> None:
    await writing.delete(conn, domain_id, workspace=me.workspace, user=me.user, version=version, now=now)
