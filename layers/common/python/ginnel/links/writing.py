"""Making, changing and deleting links."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, blocking, conditions, domains, passwords, purges, slugs, tags, webhooks
from ginnel.domains import Domain
from ginnel.drafts import Imported, LinkChange, LinkDefaults, LinkDraft
from ginnel.errors import Conflict, Invalid, PreconditionFailed, Problem
from ginnel.outputs import LinkOut
from ginnel.workspaces import Workspace

from . import history
from .reading import Found, own, show, shown
from .tables import REUSABLE_AFTER, Link


class SlugTaken(Conflict):
    """Another link has this slug on this domain, or another workspace's had it until lately."""

    code = "slug_taken"


class LinkBlocked(Conflict):
    """The operator has blocked this link, so that its slug may not become free for another one."""

    code = "link_blocked"


class Made(NamedTuple):
    link: LinkOut
    created: bool
    """False for one that was there: found by its external_id, and changed; or by its target, and reused."""


async def create(conn: AsyncSession, draft: LinkDraft, *, workspace: int, user: int, now: datetime) -> Made:
    """Make a link. Raises Invalid for a bad target, slug or domain, and SlugTaken."""
    (made,) = await create_all(conn, [draft], workspace=workspace, user=user, now=now)
    if isinstance(made, Problem):
        raise made
    return made


async def create_all(
    conn: AsyncSession, drafts: Sequence[LinkDraft], *, workspace: int, user: int, now: datetime
) -> list[Made | Problem]:
    """Make links, each for itself: what is wrong with one keeps none of the others. The results are in the drafts' order."""
    batch = _Batch(conn, workspace=workspace, user=user, now=now)
    await batch.prepare(drafts)
    results: list[Made | Problem | None] = []
    for draft in drafts:
        try:
            made = await batch.existing(draft)
            if made is None:
                await batch.draw_up(draft)
            results.append(made)
        except Problem as problem:
            results.append(problem)
    inserted = iter(await batch.insert())
    return [next(inserted) if result is None else result for result in results]


class _Row(NamedTuple):
    draft: LinkDraft
    tags: Sequence[str]
    domain: Domain
    columns: dict[str, Any]


class _Batch:
    """Links that are made by the same statements."""

    def __init__(self, conn: AsyncSession, *, workspace: int, user: int, now: datetime) -> None:
        self.conn, self.workspace, self.user, self.now = conn, workspace, user, now
        self.rows: list[_Row] = []
        self.own: set[str] = set()
        self.blocked: set[str] = set()
        self.defaults = LinkDefaults()
        self.stopped = False
        self.chosen = ""
        self.on: dict[str, Domain | None] = {}
        self.known: dict[str, int] = {}

    async def prepare(self, drafts: Sequence[LinkDraft]) -> None:
        """Ask once for what all of them need."""
        self.own = await domains.hosts(self.conn)
        self.blocked = await blocking.among(self.conn, (url for draft in drafts for url in _pointed(draft).values()))
        query = select(Workspace.link_defaults, Workspace.blocked_at.is_not(None)).where(Workspace.id == self.workspace)
        said, self.stopped = (await self.conn.execute(query)).one()
        self.defaults = LinkDefaults.model_validate(said or {})
        if not all(draft.domain for draft in drafts):
            self.chosen = await domains.chosen(self.conn, workspace=self.workspace)
        for host in sorted({draft.domain or self.chosen for draft in drafts}):
            self.on[host] = await domains.find(self.conn, host, workspace=self.workspace)
        await self._learn([draft.external_id for draft in drafts if draft.external_id])

    async def _learn(self, external_ids: Sequence[str]) -> None:
        if external_ids:
            query = select(Link.external_id, Link.id).where(
                Link.workspace_id == self.workspace, Link.external_id.in_(external_ids), Link.deleted_at.is_(None)
            )
            self.known |= {str(external): link_id for external, link_id in await self.conn.execute(query)}

    async def existing(self, draft: LinkDraft) -> Made | None:
        """Return the link that a draft means and that is there already, changed if need be. Raises Problem."""
        if draft.external_id in self.known:
            return await self._change(self.known[draft.external_id], draft)
        if draft.reuse and draft.slug is None and (found := await self._same(draft)):
            return Made((await shown(self.conn, [found]))[0], created=False)
        return None

    async def _change(self, link_id: int, draft: LinkDraft) -> Made:
        fields = draft.model_fields_set & LinkChange.model_fields.keys()
        wanted = LinkChange.model_construct(fields, **{field: getattr(draft, field) for field in fields})
        changed = await change(
            self.conn, link_id, wanted, workspace=self.workspace, user=self.user, version=None, now=self.now
        )
        return Made(changed, created=False)

    async def _same(self, draft: LinkDraft) -> Found | None:
        """Find the oldest link that leads everybody to a draft's target, and will."""
        domain = self._domain(draft)
        row = (
            await self.conn.scalars(
                select(Link)
                .where(
                    Link.workspace_id == self.workspace, text("md5(target) = md5(:same)"), Link.target == draft.target
                )
                .where(Link.domain_id == domain.id, Link.deleted_at.is_(None), Link.archived_at.is_(None))
                .where(Link.disabled_at.is_(None), Link.blocked_at.is_(None), Link.starts_at.is_(None))
                .where(Link.expires_at.is_(None), Link.max_clicks.is_(None), Link.password_hash.is_(None))
                .where(Link.rules == [], Link.variants == [])
                .order_by(Link.id)
                .limit(1),
                {"same": draft.target},
            )
        ).first()
        return Found(row, domain, None) if row else None

    def _domain(self, draft: LinkDraft) -> Domain:
        domain = self.on[draft.domain or self.chosen]
        if domain is None:
            raise Invalid.field("/domain", "domain_unknown", "is not a domain that this workspace may use")
        return domain

    async def draw_up(self, draft: LinkDraft) -> None:
        """Have a link made of a draft by the next `insert`. Raises Invalid."""
        domain = self._domain(draft)
        blocking.refuse(_pointed(draft), own_hosts=self.own, blocked=self.blocked)
        # A file says all of its links that there is to say.
        filled = draft if isinstance(draft, Imported) else self.defaults.filled(draft, self.now)
        columns = {
            **await _columns(filled, LinkDraft.model_fields.keys() - _ELSEWHERE),
            "workspace_id": self.workspace,
            "domain_id": domain.id,
            "created_by": self.user,
            "created_at": self.now,
            "updated_at": self.now,
            "version": 1,
            **self._brought(draft),
        }
        _check_order(columns["starts_at"], columns["expires_at"])
        self.rows.append(_Row(draft, filled.tags, domain, columns))

    def _brought(self, draft: LinkDraft) -> dict[str, Any]:
        """Make the columns of what only links from elsewhere bring with them."""
        brought = draft if isinstance(draft, Imported) else None
        return {
            "imported_clicks": brought.imported_clicks if brought else 0,
            "disabled_at": self.now if brought and brought.disabled else None,
            "archived_at": self.now if brought and brought.archived else None,
        }

    async def insert(self) -> list[Made | Problem]:
        """Make the links that were drawn up; return them in their order."""
        links: dict[int, Link] = {}
        await free(self.conn, self._wanted(), workspace=self.workspace, now=self.now)
        left = list(range(len(self.rows)))
        for _ in range(_DRAWS):
            if not left:
                break
            links |= await self._try(left)
            left = [number for number in left if number not in links and not self.rows[number].draft.slug]
        results: dict[int, Made | Problem] = dict(await self._finish(links))
        for number, row in enumerate(self.rows):
            if number not in results:
                results[number] = await self._refused(row)
        return [results[number] for number in sorted(results)]

    def _wanted(self) -> set[tuple[int, str]]:
        return {(row.domain.id, _key(row.domain, row.draft.slug)) for row in self.rows if row.draft.slug}

    async def _try(self, numbers: Sequence[int]) -> dict[int, Link]:
        """Insert rows; return those whose slug was free, a random one having been drawn where none is wanted."""
        first: dict[tuple[int, str], int] = {}
        for number in numbers:
            row = self.rows[number]
            slug = row.draft.slug or slugs.random_slug(case_sensitive=row.domain.case_sensitive)
            row.columns.update(slug=slug, slug_key=_key(row.domain, slug))
            first.setdefault((row.domain.id, row.columns["slug_key"]), number)
        rows = [self.rows[number].columns for number in first.values()]
        names = ", ".join(rows[0])
        inserted = await self.conn.execute(
            text(
                f"""
                insert into links ({names})
                select {names} from jsonb_populate_recordset(null::links, cast(:rows as jsonb))
                on conflict do nothing returning id, domain_id, slug_key
                """  # noqa: S608  # the names are our own columns'
            ),
            {"rows": json.dumps(rows, default=datetime.isoformat)},
        )
        return {
            first[domain, key]: Link(**self.rows[first[domain, key]].columns, id=link_id)
            for link_id, domain, key in inserted
        }

    async def _refused(self, row: _Row) -> Made | Problem:
        if row.draft.external_id:
            # Somebody else, or an earlier draft, has made it meanwhile.
            await self._learn([row.draft.external_id])
            if row.draft.external_id in self.known:
                return await self._change(self.known[row.draft.external_id], row.draft)
        if row.draft.slug:
            return SlugTaken(f"The slug {row.draft.slug} is taken on this domain.")
        return SlugTaken("No free random slug was found. Please try again.")

    async def _finish(self, links: Mapping[int, Link]) -> list[tuple[int, Made]]:
        """Write down what belongs to new links, which are given by their rows' numbers."""
        used = await open_budgets(self.conn, [link.id for link in links.values() if link.max_clicks is not None])
        tagged = {link.id: self.rows[number].tags for number, link in links.items()}
        await tags.put_all(self.conn, tagged, workspace=self.workspace, now=self.now)
        subjects = [f"link:{link.id}" for link in links.values()]
        await audit.record_all(
            self.conn, "link_created", subjects=subjects, at=self.now, workspace=self.workspace, user=self.user
        )
        made: list[tuple[int, Made]] = []
        for number, link in links.items():
            _, named, domain, _ = self.rows[number]
            found = Found(link, domain, used.get(link.id))
            shown = show(found, names=sorted(set(named)), clicks=0, stopped=self.stopped)
            made.append((number, Made(shown, created=True)))
        if made:
            fresh = [one.link for _, one in made]
            await history.keep(self.conn, fresh, user=self.user)
            await webhooks.announce(self.conn, "link.created", fresh, workspace=self.workspace, now=self.now)
            changed = [(self.rows[number].domain.host, link.slug_key) for number, link in links.items()]
            purges.after_commit(self.conn, changed, self.now)
        return made


_DRAWS = 10


async def change(  # noqa: PLR0913  # who changes what, from which version, when
    conn: AsyncSession,
    link_id: int,
    wanted: LinkChange,
    *,
    workspace: int,
    user: int,
    version: int | None,
    now: datetime,
) -> LinkOut:
    """Change a link's given fields, if it still is at `version` (None: whatever it is).

    Raises NotFound, PreconditionFailed, Invalid, SlugTaken, LinkBlocked.
    """
    found = await own(conn, link_id, workspace=workspace, lock=True)
    link, domain, used = found
    _check_version(link, version)
    if link.blocked_at and wanted.slug and wanted.slug != link.slug:
        raise LinkBlocked("The operator has blocked this link: it keeps its slug.")
    given = wanted.model_fields_set
    pointed = _pointed(wanted)
    blocking.refuse(pointed, own_hosts=await domains.hosts(conn), blocked=await blocking.among(conn, pointed.values()))
    columns = await _columns(wanted, given - _ELSEWHERE)
    # Links that are older than the keeping of versions have their first one kept now.
    await history.keep(conn, await shown(conn, [found]), user=None)
    old_key = link.slug_key
    for field, moment in (("disabled", "disabled_at"), ("archived", "archived_at")):
        if field in given:
            columns[moment] = (getattr(link, moment) or now) if getattr(wanted, field) else None
    limit_begins = link.max_clicks is None and columns.get("max_clicks") is not None
    for column, value in columns.items():
        setattr(link, column, value)
    _check_order(link.starts_at, link.expires_at)
    link.version += 1
    link.updated_at = now
    if wanted.slug:
        await _move(conn, link, domain, wanted.slug, now=now)
    if "tags" in given:
        await tags.put(conn, wanted.tags, link=link.id, workspace=workspace, now=now)
    await conn.flush()
    if limit_begins:
        used = (await open_budgets(conn, [link.id]))[link.id]
    fields = sorted(given)
    audit.record(conn, "link_changed", subject=f"link:{link.id}", at=now, workspace=workspace, user=user, fields=fields)
    purges.after_commit(conn, {(domain.host, key) for key in (old_key, link.slug_key)}, now)
    changed = (await shown(conn, [Found(link, domain, used)]))[0]
    await history.keep(conn, [changed], user=user)
    await webhooks.announce(conn, "link.updated", [changed], workspace=workspace, now=now)
    return changed


async def revert(  # noqa: PLR0913  # as for change
    conn: AsyncSession, link_id: int, to: int, *, workspace: int, user: int, version: int | None, now: datetime
) -> LinkOut:
    """Give a link the fields again that it had at a version; its password, of which nothing is kept, stays as it is.

    Raises NotFound, PreconditionFailed, Invalid, SlugTaken.
    """
    found = await own(conn, link_id, workspace=workspace, lock=True)
    wanted = await history.earlier(conn, (await shown(conn, [found]))[0], to)
    return await change(conn, link_id, wanted, workspace=workspace, user=user, version=version, now=now)


async def delete(  # noqa: PLR0913  # as for change
    conn: AsyncSession, link_id: int, *, workspace: int, user: int, version: int | None, now: datetime
) -> None:
    """Delete a link: visitors get 410, and nobody else can have its slug for a while. Raises NotFound, PreconditionFailed."""
    found = await own(conn, link_id, workspace=workspace, lock=True)
    link, domain, _ = found
    _check_version(link, version)
    await webhooks.announce(conn, "link.deleted", await shown(conn, [found]), workspace=workspace, now=now)
    link.deleted_at = link.updated_at = now
    link.version += 1
    audit.record(conn, "link_deleted", subject=f"link:{link.id}", at=now, workspace=workspace, user=user)
    purges.after_commit(conn, [(domain.host, link.slug_key)], now)


async def free(conn: AsyncSession, wanted: AbstractSet[tuple[int, str]], *, workspace: int, now: datetime) -> None:
    """Take slugs (domain and key) from deleted links: from the workspace's own at once, from others' after a while.

    Those of blocked ones stay with them: whoever follows such an address is not to be led on by another link.
    """
    if not wanted:
        return
    # No slug has a ~, so that these keys are in nobody's way.
    await conn.execute(
        text(
            """
            update links set slug_key = '~' || links.id
            from jsonb_to_recordset(cast(:wanted as jsonb)) as w (domain bigint, key text)
            where links.domain_id = w.domain and links.slug_key = w.key and links.deleted_at is not null
            and links.blocked_at is null and (links.workspace_id = :workspace or links.deleted_at < :before)
            """
        ),
        {
            "wanted": json.dumps([{"domain": domain, "key": key} for domain, key in sorted(wanted)]),
            "workspace": workspace,
            "before": now - REUSABLE_AFTER,
        },
    )


async def open_budgets(conn: AsyncSession, links: Sequence[int]) -> dict[int, int]:
    """Begin to count links' clicks against their limits, from those they have had; return how many these are.

    `used` may be more than the clicks that are stored, if it was counted before and some are still on their way.
    """
    if not links:
        return {}
    opened = await conn.execute(
        text(
            """
            insert into link_budgets as kept (link_id, used)
            select l.id, l.imported_clicks + coalesce((select sum(clicks) from clicks_hourly h where h.link_id = l.id), 0)
            from links l where l.id = any(:links)
            on conflict (link_id) do update set used = greatest(kept.used, excluded.used)
            returning link_id, used
            """
        ),
        {"links": list(links)},
    )
    return {link: int(used) for link, used in opened}


async def _move(conn: AsyncSession, link: Link, domain: Domain, slug: str, *, now: datetime) -> None:
    """Give a link another slug. Raises SlugTaken."""
    key = _key(domain, slug)
    if key != link.slug_key:
        await free(conn, {(domain.id, key)}, workspace=link.workspace_id, now=now)
    try:
        async with conn.begin_nested():
            await conn.execute(update(Link).where(Link.id == link.id).values(slug=slug, slug_key=key))
    except IntegrityError as error:
        if "links_domain_id_slug_key_key" not in str(error.orig):
            raise
        raise SlugTaken(f"The slug {slug} is taken on this domain.") from error
    link.slug, link.slug_key = slug, key


def _key(domain: Domain, slug: str) -> str:
    return slug if domain.case_sensitive else slugs.fold(slug)


_ELSEWHERE = frozenset({"slug", "domain", "tags", "disabled", "archived", "reuse", "fetch_title"})
"""Fields that are not kept in a column of their own name and kind."""


async def _columns(said: LinkDraft | LinkChange, fields: AbstractSet[str]) -> dict[str, Any]:
    """Make the columns that fields are kept in. Raises Invalid if rules or variants are at odds."""
    if faults := list(conditions.faults(said.rules, said.variants)):
        raise Invalid("Some fields are not valid.", errors=faults)
    columns = {field: getattr(said, field) for field in fields}
    for field in {"rules", "variants"} & fields:
        columns[field] = conditions.stored(columns[field])
    if "password" in fields:
        password = columns.pop("password")
        columns["password_hash"] = await passwords.encode(password) if password else None
    return columns


def _pointed(said: LinkDraft | LinkChange) -> Mapping[str, str | None]:
    return {
        "/target": said.target,
        "/expired_target": said.expired_target,
        "/image": said.image,
        **{f"/rules/{number}/target": rule.target for number, rule in enumerate(said.rules)},
        **{f"/variants/{number}/target": variant.target for number, variant in enumerate(said.variants)},
    }


def _check_version(link: Link, version: int | None) -> None:
    if version is not None and link.version != version:
        raise PreconditionFailed(f"The link is at version {link.version}, not {version}.")


def _check_order(starts_at: datetime | None, expires_at: datetime | None) -> None:
    if starts_at and expires_at and starts_at >= expires_at:
        raise Invalid.field("/expires_at", "not_in_order", "must be later than starts_at")
