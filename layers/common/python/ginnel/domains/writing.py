"""Claiming, verifying, changing and deleting domains."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, blocking, hosts, purges, settings, tokens
from ginnel.errors import Conflict, Invalid, PreconditionFailed, Problem
from ginnel.workspaces import Workspace

from . import finding, reading
from .drafts import DomainChange, DomainDraft, DomainOut
from .reading import own, proof, show
from .tables import Domain
from .verification import Resolve, said

LIMIT = 100
"""Domains a workspace may have."""


class DomainTaken(Conflict):
    """The host is another workspace's, who has verified it, or this workspace has it already."""

    code = "domain_taken"


class TooManyDomains(Conflict):
    """The workspace has as many domains as it may have: delete one."""

    code = "too_many_domains"


class DomainInUse(Conflict):
    """Links stand on the domain, so that it can't be deleted, nor its case rule be changed."""

    code = "domain_in_use"


class NotVerified(Problem):
    """The DNS does not have the record that is expected; the detail says what it has."""

    status, code = 422, "verification_failed"


async def create(conn: AsyncSession, draft: DomainDraft, *, workspace: int, user: int, now: datetime) -> DomainOut:
    """Claim a host. Raises Invalid, DomainTaken, TooManyDomains."""
    _refuse_ours(draft.host)
    await _refuse_targets(conn, draft)
    if draft.default:
        raise Invalid.field("/default", "domain_unverified", "must be verified before links can stand on it by default")
    if await conn.scalar(
        select(Domain.id).where(Domain.host == draft.host, Domain.verified_at.is_not(None), Domain.deleted_at.is_(None))
    ):
        raise DomainTaken(f"The host {draft.host} is taken.")
    if len((await reading.find_all(conn, workspace=workspace)).items) >= LIMIT:
        raise TooManyDomains(f"A workspace may have {LIMIT} domains. Delete one first.")
    domain = Domain(
        workspace_id=workspace,
        host=draft.host,
        is_default=False,
        verification_token=tokens.secret(),
        version=1,
        created_at=now,
        updated_at=now,
        **_columns(draft, DomainChange.model_fields.keys() - {"default"}),
    )
    await _settle(conn, domain, draft.host)
    subject = f"domain:{domain.id}"
    audit.record(conn, "domain_created", subject=subject, at=now, workspace=workspace, user=user)
    return show(domain)


async def verify(  # noqa: PLR0913  # who verifies what, by whom to ask, when
    conn: AsyncSession, domain_id: int, *, workspace: int, user: int, resolve: Resolve, now: datetime
) -> DomainOut:
    """Ask the DNS for the domain's record; with it, the host is the workspace's. Raises NotFound, NotVerified, DomainTaken."""
    domain = await own(conn, domain_id, workspace=workspace)
    if domain.verified_at is not None:
        return show(domain)
    expected = proof(domain)
    await conn.rollback()  # gives the connection back while the DNS is asked
    found = await said(expected.name, resolve)
    if expected.value not in found.values:
        raise NotVerified(f"Expected a TXT record {expected.value} at {expected.name}; {found.told}.")
    domain = await own(conn, domain_id, workspace=workspace, lock=True)
    domain.verified_at = domain.updated_at = now
    domain.version += 1
    await _settle(conn, domain, domain.host)
    subject = f"domain:{domain.id}"
    audit.record(conn, "domain_verified", subject=subject, at=now, workspace=workspace, user=user)
    _tell(conn, domain, now)
    return show(domain)


async def change(  # noqa: PLR0913  # who changes what, from which version, when
    conn: AsyncSession,
    domain_id: int,
    wanted: DomainChange,
    *,
    workspace: int,
    user: int,
    version: int | None,
    now: datetime,
) -> DomainOut:
    """Change a domain's given fields. Raises NotFound, PreconditionFailed, Invalid, DomainInUse."""
    given = wanted.model_fields_set
    if "default" in given:
        # Of two that are made it together, the later one is it.
        await conn.execute(select(Workspace.id).where(Workspace.id == workspace).with_for_update(key_share=True))
    domain = await own(conn, domain_id, workspace=workspace, lock=True)
    _check_version(domain, version)
    await _refuse_targets(conn, wanted)
    if "case_sensitive" in given and wanted.case_sensitive != domain.case_sensitive:
        await _refuse_links(
            conn, domain, "the case rule of a domain can't be changed while it has links, deleted ones too"
        )
    if "default" in given:
        await _make_default(conn, domain, default=wanted.default)
    for column, value in _columns(wanted, given - {"default"}).items():
        setattr(domain, column, value)
    domain.version += 1
    domain.updated_at = now
    await conn.flush()
    fields, subject = sorted(given), f"domain:{domain.id}"
    audit.record(conn, "domain_changed", subject=subject, at=now, workspace=workspace, user=user, fields=fields)
    _tell(conn, domain, now)
    return show(domain)


async def delete(  # noqa: PLR0913  # as for change
    conn: AsyncSession, domain_id: int, *, workspace: int, user: int, version: int | None, now: datetime
) -> None:
    """Give a domain up: nobody is served there any more, and others may claim it. Its deleted links keep their history.

    Raises NotFound, PreconditionFailed, DomainInUse.
    """
    domain = await own(conn, domain_id, workspace=workspace, lock=True)
    _check_version(domain, version)
    await _refuse_links(conn, domain, "a domain can't be deleted while links stand on it", alive=True)
    domain.deleted_at = domain.updated_at = now
    domain.version += 1
    audit.record(conn, "domain_deleted", subject=f"domain:{domain.id}", at=now, workspace=workspace, user=user)
    # What visitors of its deleted links were told was that these were deleted, not that there never was one.
    await conn.execute(
        text(
            """
            insert into purges (created_at, host, slug_key)
            select :now, :host, slug_key from links where domain_id = :domain
            """
        ),
        {"now": now, "host": domain.host, "domain": domain.id},
    )
    _tell(conn, domain, now)


def _tell(conn: AsyncSession, domain: Domain, now: datetime) -> None:
    if domain.verified_at is not None:
        purges.after_commit(conn, [(domain.host, hosts.NAME)], now)


async def _make_default(conn: AsyncSession, domain: Domain, *, default: bool) -> None:
    if default and domain.verified_at is None:
        raise Invalid.field("/default", "domain_unverified", "must be verified before links can stand on it by default")
    if default:
        others = (Domain.workspace_id == domain.workspace_id, Domain.is_default, Domain.id != domain.id)
        await conn.execute(update(Domain).where(*others).values(is_default=False, version=Domain.version + 1))
    domain.is_default = default


async def _refuse_links(conn: AsyncSession, domain: Domain, why: str, *, alive: bool = False) -> None:
    """Raise DomainInUse if there are links on a domain; `alive`: those that are not deleted."""
    found = await conn.scalar(
        text(
            """
            select exists (
                select from links
                where domain_id = :domain and (deleted_at is null or not :alive and slug_key not like '~%')
            )
            """
        ),
        {"domain": domain.id, "alive": alive},
    )
    if found:
        raise DomainInUse(f"{why[0].upper()}{why[1:]}.")


def _refuse_ours(host: str) -> None:
    if host in {settings.site().host, *settings.LOOPBACK}:
        raise Invalid.field("/host", "host_ours", "is the installation's own, which every workspace may use")


async def _refuse_targets(conn: AsyncSession, said: DomainDraft | DomainChange) -> None:
    given: Mapping[str, str | None] = {
        "/root_target": said.root_target,
        "/not_found_target": said.not_found_target,
        "/expired_target": said.expired_target,
    }
    own_hosts = await finding.hosts(conn)
    if isinstance(said, DomainDraft):
        own_hosts = own_hosts | {said.host}
    blocking.refuse(given, own_hosts=own_hosts, blocked=await blocking.among(conn, given.values()))


def _columns(said: DomainDraft | DomainChange, fields: set[str]) -> dict[str, Any]:
    return {field: getattr(said, field) for field in fields}


async def _settle(conn: AsyncSession, domain: Domain, host: str) -> None:
    """Write a domain; its host is the database's to give. Raises DomainTaken."""
    try:
        conn.add(domain)
        await conn.flush()
    except IntegrityError as error:
        if "domains_host_key" in str(error.orig):
            raise DomainTaken(f"Another workspace has verified the host {host}.") from error
        if "domains_workspace_id_host_key" in str(error.orig):
            raise DomainTaken(f"The workspace has the host {host} already.") from error
        raise


def _check_version(domain: Domain, version: int | None) -> None:
    if version is not None and domain.version != version:
        raise PreconditionFailed(f"The domain is at version {domain.version}, not {version}.")
