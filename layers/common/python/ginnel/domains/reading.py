"""A workspace's domains, as clients see them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel.errors import NotFound

from .drafts import DomainOut, DomainPage, Record
from .tables import Domain

_RECORD, _TOKEN = "_ginnel", "ginnel-verification"


async def get(conn: AsyncSession, domain: int, *, workspace: int) -> DomainOut:
    """Raises NotFound."""
    return show(await own(conn, domain, workspace=workspace))


async def find_all(conn: AsyncSession, *, workspace: int) -> DomainPage:
    """List a workspace's domains, of which it may have few, by host."""
    query = select(Domain).where(*_own(workspace)).order_by(Domain.host, Domain.id)
    return DomainPage(items=[show(domain) for domain in await conn.scalars(query)])


async def own(conn: AsyncSession, domain: int, *, workspace: int, lock: bool = False) -> Domain:
    """Raises NotFound. Locked, no link can be put on it until the transaction ends."""
    query = select(Domain).where(Domain.id == domain, *_own(workspace))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = await conn.scalar(query)
    if found is None:
        raise NotFound("domain", domain)
    return found


def _own(workspace: int) -> tuple[ColumnElement[bool], ...]:
    return Domain.workspace_id == workspace, Domain.deleted_at.is_(None)


def proof(domain: Domain) -> Record:
    """Tell the DNS record by which the workspace shows that a host is its own."""
    return Record(name=f"{_RECORD}.{domain.host}", type="TXT", value=f"{_TOKEN}={domain.verification_token}")


def show(domain: Domain) -> DomainOut:
    return DomainOut(
        id=domain.id,
        host=domain.host,
        verified=domain.verified_at is not None,
        verification=proof(domain) if domain.verified_at is None else None,
        case_sensitive=domain.case_sensitive,
        default=domain.is_default,
        root_target=domain.root_target,
        not_found_target=domain.not_found_target,
        expired_target=domain.expired_target,
        apple_app_site_association=domain.apple_app_site_association,
        assetlinks=domain.assetlinks,
        version=domain.version,
        created_at=domain.created_at,
        updated_at=domain.updated_at or domain.created_at,
    )
