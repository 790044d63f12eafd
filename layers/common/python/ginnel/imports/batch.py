"""Some rows of an import, worked off together: what is made of each, and what is wrong with the others."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import domains, settings, slugs, web
from ginnel.domains import Domain
from ginnel.drafts import Imported, LinkChange
from ginnel.errors import FieldError, Problem
from ginnel.links import writing

from . import formats
from .formats import Format
from .tables import RowState


class Job(NamedTuple):
    """What an import's rows have in common."""

    id: int
    workspace: int
    user: int
    format: Format
    on_conflict: str
    dry_run: bool
    domain: str | None
    position: int
    """The row up to which it was worked off before."""


class Outcome(NamedTuple):
    number: int
    state: RowState
    link: int | None
    short_url: str | None
    errors: list[FieldError]


class _There(NamedTuple):
    """A link that has a slug, or an external id, that a row names."""

    id: int
    mine: bool
    protected: bool


class _Wish(NamedTuple):
    number: int
    draft: Imported
    notes: list[FieldError]


class _Enough(Exception):  # what was tried shall not be kept
    pass


class Batch:
    def __init__(self, conn: AsyncSession, job: Job, *, now: datetime) -> None:
        self._conn, self._job, self._now = conn, job, now
        self._done: dict[int, Outcome] = {}
        self._domains: dict[str, Domain | None] = {}
        self._taken: dict[str, _There] = {}

    async def work_off(self, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> list[Outcome]:
        """Make links of rows, given by number and cells in their order. The outcomes are in it too."""
        wishes = [wish for number, cells in rows if (wish := self._read(number, cells))]
        for host in {wish.draft.domain or settings.site().host for wish in wishes}:
            self._domains[host] = await domains.find(self._conn, host, workspace=self._job.workspace)
        wishes = [wish for wish in wishes if self._at_home(wish)]
        # What is named stays named after a dry run's batch: the next one's rows are held against it.
        wishes = await self._claim(wishes)
        if self._job.dry_run:
            with suppress(_Enough):
                async with self._conn.begin_nested():
                    await self._make(wishes)
                    raise _Enough
        else:
            await self._make(wishes)
        return [self._done[number] for number, _ in rows]

    async def _make(self, wishes: Sequence[_Wish]) -> None:
        self._taken = await self._find([name for wish in wishes for name in self._names(wish.draft)])
        new = [wish for wish in [await self._settle(wish) for wish in wishes] if wish]
        made = await writing.create_all(
            self._conn,
            [wish.draft for wish in new],
            workspace=self._job.workspace,
            user=self._job.user,
            now=self._now,
        )
        for wish, one in zip(new, made, strict=True):
            if isinstance(one, Problem):
                self._fail(wish.number, *_errors(one))
            else:
                state: RowState = "created" if one.created else "updated"
                self._keep(wish, state, one.link.id, one.link.short_url)

    def _read(self, number: int, cells: Mapping[str, Any]) -> _Wish | None:
        fields = formats.fields(self._job.format, cells)
        if self._job.domain:
            fields["domain"] = self._job.domain
        try:
            draft = Imported.model_validate(fields)
        except ValidationError as error:
            found = ((("body", *e["loc"]), e["type"], e["msg"]) for e in error.errors())
            self._fail(number, *web.faults(found))
            return None
        notes = []
        if draft.protected:
            draft.disabled = True
            notes = [
                FieldError("/password", "password_missing", "is not in the file: the link is disabled until it has one")
            ]
        return _Wish(number, draft, notes)

    def _at_home(self, wish: _Wish) -> bool:
        """Say whether a wish's domain is one of the workspace's."""
        host = wish.draft.domain or settings.site().host
        if self._domains[host]:
            return True
        detail = f"{host} is not a domain that this workspace may use; give domain=… to put the links on another"
        self._fail(wish.number, FieldError("/domain", "domain_unknown", detail))
        return False

    def _names(self, draft: Imported) -> Iterator[str]:
        """Name what only one link may have: a slug, and an external id."""
        if draft.slug:
            domain = self._domains[draft.domain or settings.site().host]
            assert domain  # noqa: S101  # tells the type checker what _at_home has seen to
            yield f"{domain.id}/{draft.slug if domain.case_sensitive else slugs.fold(draft.slug)}"
        if draft.external_id:
            yield f"external/{draft.external_id}"

    async def _claim(self, wishes: Sequence[_Wish]) -> list[_Wish]:
        """Leave out rows that name what an earlier row of the file has named, unless they can have another slug."""
        wanted = {name: wish.number for wish in reversed(wishes) for name in self._names(wish.draft)}
        owners = await self._owners(wanted)
        left = []
        for wish in wishes:
            first = {name: owners[name] for name in self._names(wish.draft) if owners[name] != wish.number}
            slug = next((number for name, number in first.items() if not name.startswith("external/")), None)
            if slug is not None and self._job.on_conflict == "suffix" and len(first) == 1:
                left.append(wish)
            elif first:
                field, number = ("slug", slug) if slug is not None else ("external_id", next(iter(first.values())))
                self._fail(wish.number, FieldError(f"/{field}", f"{field}_repeated", f"is that of row {number}, too"))
            else:
                left.append(wish)
        return left

    async def _owners(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Note which row names what; return for each name the row that was first."""
        if not wanted:
            return {}
        found = await self._conn.execute(
            text(
                """
                with wanted as (select * from unnest(cast(:names as text[]), cast(:numbers as bigint[])) as w (name, number)),
                noted as (
                    insert into import_claims (import_id, name, number)
                    select :import, name, number from wanted on conflict do nothing returning name, number
                )
                select name, number from noted
                union all
                select c.name, c.number from import_claims c join wanted using (name) where c.import_id = :import
                """
            ),
            {"import": self._job.id, "names": list(wanted), "numbers": list(wanted.values())},
        )
        return {name: number for name, number in found}  # noqa: C416  # a Row is no pair to the type checker

    async def _find(self, names: Sequence[str]) -> dict[str, _There]:
        """Find the links that have what is named; those that are deleted have nothing that this workspace can't."""
        if not names:
            return {}
        found = await self._conn.execute(
            text(
                """
                select n.name, l.id, l.workspace_id = :workspace, l.password_hash is not null
                from unnest(cast(:names as text[])) as n (name)
                join links l on l.domain_id = cast(split_part(n.name, '/', 1) as bigint)
                    and l.slug_key = substr(n.name, strpos(n.name, '/') + 1) and l.deleted_at is null
                where n.name not like 'external/%'
                union all
                select n.name, l.id, true, l.password_hash is not null
                from unnest(cast(:names as text[])) as n (name)
                join links l on l.workspace_id = :workspace and l.external_id = substr(n.name, 10) and l.deleted_at is null
                where n.name like 'external/%'
                """
            ),
            {"names": list(names), "workspace": self._job.workspace},
        )
        return {name: _There(*there) for name, *there in found}

    async def _settle(self, wish: _Wish) -> _Wish | None:
        """See to a row whose slug or external id a link has already; return it if a link is still to be made of it."""
        there = {name: self._taken[name] for name in self._names(wish.draft) if name in self._taken}
        external = any(name.startswith("external/") for name in there)
        if self._job.on_conflict == "suffix" and not external:
            return await self._suffixed(wish)
        if not there:
            return wish
        field = "external_id" if external else "slug"
        if self._job.on_conflict == "update":
            await self._update(wish, list(there.values()), field)
        else:
            detail = f"{getattr(wish.draft, field)} is that of a link that is there already"
            link = next((one.id for one in there.values() if one.mine), None)
            self._done[wish.number] = Outcome(
                wish.number, "skipped", link, None, [FieldError(f"/{field}", f"{field}_taken", detail)]
            )
        return None

    async def _suffixed(self, wish: _Wish) -> _Wish:
        """Give a row another slug if its own is taken: with a number behind, or some letters."""
        slug = wish.draft.slug
        if slug is None:
            return wish
        name = next(self._names(wish.draft))
        owner = (await self._owners({name: wish.number}))[name] if name not in self._taken else 0
        for end in (*range(2, 10), *(secrets.token_hex(3) for _ in range(3))):
            if owner == wish.number:
                break
            wish.draft.slug = f"{slug[:56].rstrip('-_./')}-{end}"
            name = next(self._names(wish.draft))
            if not await self._find([name]):
                owner = (await self._owners({name: wish.number}))[name]
        if wish.draft.slug != slug:
            wish.notes.append(FieldError("/slug", "slug_suffixed", f"was {slug}, which is taken"))
        return wish

    async def _update(self, wish: _Wish, there: Sequence[_There], field: str) -> None:
        """Change the link that a row names. What it has counted stays as it is."""
        if len({one.id for one in there}) > 1 or not there[0].mine:
            self._fail(wish.number, FieldError(f"/{field}", f"{field}_taken", "is that of another link"))
            return
        draft = wish.draft
        if draft.external_id and field != "external_id":
            wish.notes.append(FieldError("/external_id", "external_id_kept", "is given to new links only"))
        given = draft.model_fields_set & LinkChange.model_fields.keys()
        if draft.protected and not there[0].protected:
            given |= {"disabled"}
        wanted = LinkChange.model_construct(given, **{name: getattr(draft, name) for name in given})
        try:
            async with self._conn.begin_nested():
                changed = await writing.change(
                    self._conn,
                    there[0].id,
                    wanted,
                    workspace=self._job.workspace,
                    user=self._job.user,
                    version=None,
                    now=self._now,
                )
        except Problem as problem:
            self._fail(wish.number, *_errors(problem))
        else:
            self._keep(wish, "updated", changed.id, changed.short_url)

    def _keep(self, wish: _Wish, state: RowState, link: int, short_url: str) -> None:
        made = self._job.dry_run and state == "created"
        chosen = short_url if wish.draft.slug or not made else None
        self._done[wish.number] = Outcome(wish.number, state, None if made else link, chosen, wish.notes)

    def _fail(self, number: int, *errors: FieldError) -> None:
        self._done[number] = Outcome(number, "failed", None, None, list(errors))


def _errors(problem: Problem) -> list[FieldError]:
    if problem.errors:
        return problem.errors
    return [FieldError("/slug" if isinstance(problem, writing.SlugTaken) else "", problem.code, problem.detail)]
