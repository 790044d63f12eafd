"""Who may do what: every operation of the merged OpenAPI document, by everybody in `actors.ACTORS` (T11)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from ginnel import access, web

from .actors import ACTORS, ALL, FOR_KEYS, GUEST, MEMBER, READ, Standing, World
from .conftest import Make, forget_tries
from .estate import Tenant, digest
from .rows import KNOWN, OPERATOR, PERSON, PUBLIC, ROUTES, SPACE, UNLISTED, Of, Row

NOWHERE = 2**62
"""An id that nothing has."""


async def test_every_operation_has_a_row(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert sorted(operations - set(ROUTES)) == [], "without a row in tests/security/rows.py"
    assert sorted(set(ROUTES) - operations) == [], "no operation any more"


def test_what_the_document_leaves_out_is_known() -> None:
    from local.host import FUNCTIONS  # noqa: PLC0415  # not before the environment is made

    served = {
        f"{method} {path.replace(':path', '')}"
        for app in FUNCTIONS
        for path, methods in web.routes(app)
        for method in methods
    }
    assert served - set(ROUTES) == UNLISTED


def test_roles_and_keys_reach_as_far_as_the_design_says() -> None:
    assert access.KEY_SCOPES == FOR_KEYS
    assert access.ROLE_SCOPES == {"owner": ALL, "admin": ALL, "member": MEMBER, "viewer": READ}
    assert access.GUEST_SCOPES == GUEST


@dataclass
class Report:
    checked: int = 0
    leaks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


async def test_everybody_gets_what_is_theirs_and_nothing_else(
    make: Make, bare: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report()
    here = await make()
    for route, row in ROUTES.items():
        await forget_tries()
        here = await _check(Check(route, row, bare, report), here, make)
    with capsys.disabled():
        print(
            f"\n  {len(ROUTES)} routes x {len(ACTORS)} actors: {report.checked} answers checked, {len(report.leaks)} leaks, "
            f"{len(report.faults)} other faults"
        )
    assert not report.leaks + report.faults, "\n".join(report.leaks + report.faults)


@dataclass(frozen=True)
class Check:
    route: str
    row: Row
    http: httpx.AsyncClient
    report: Report

    async def ask(self, name: str, here: World, ids: dict[str, Any]) -> httpx.Response:
        method, path = self.route.split(" ")
        own = here.other if ACTORS[name].standing is not Standing.INSIDE else here.home
        headers = await here.headers(name)
        self.http.cookies.clear()
        password = here.password(headers)
        self.report.checked += 1
        # Nobody is refused for what others have tried before.
        headers = {**headers, "x-forwarded-for": f"198.51.{self.report.checked // 250}.{self.report.checked % 250 + 1}"}
        return await self.http.request(
            method,
            path.format(**ids),
            params=_filled(self.row.query, own, ids),
            json=_filled(self.row.json, own, {**ids, "password": password}),
            content=self.row.content,
            headers=headers,
        )

    def leak(self, name: str, answered: httpx.Response, what: str) -> None:
        self.report.leaks.append(f"{self.route}: {name}: {what}: {answered.status_code} {answered.text[:300]}")

    def judge(self, name: str, answered: httpx.Response, wanted: int | None) -> None:
        """Compare with the status that is `wanted`; None is what the row grants."""
        status = answered.status_code
        granted = status == self.row.answers if self.row.answers else status // 100 == 2
        if granted if wanted is None else status == wanted:
            return
        if wanted is not None and (status < 400 or {status, wanted} == {403, 404}):
            self.leak(name, answered, f"expected {wanted}")
        else:
            self.report.faults.append(
                f"{self.route}: {name}: expected {wanted or 'success'}: {status} {answered.text[:300]}"
            )


async def _check(check: Check, here: World, make: Make) -> World:
    row = check.row
    refused = [name for name in ACTORS if _expected(check, name) is not None]
    granted = [name for name in ACTORS if name not in refused]
    ids = await _ids(check, here.home)
    for kind in row.shows:
        await here.home.thing(kind)
    for name in refused:
        await here.headers(name)  # what it takes to come changes something
    before = await digest(here.home.workspace)
    for name in refused:
        await _refused(check, name, here, ids)
    if await digest(here.home.workspace) != before:
        check.report.leaks.append(f"{check.route}: those who were refused have changed something")
    for name in granted:
        if check.route.startswith("DELETE"):
            here.home.made.clear()
        ids = await _ids(check, here.home)
        answered = await check.ask(name, here, ids)
        check.judge(name, answered, row.but.get(name))
        _look(check, name, here, answered)
        if row.ends and ACTORS[name].person and ACTORS[name].standing is not Standing.UNKNOWN:
            here = await make()
    await here.home.clear()
    await here.other.clear()
    return here


async def _refused(check: Check, name: str, here: World, ids: dict[str, Any]) -> None:
    answered = await check.ask(name, here, ids)
    check.judge(name, answered, _expected(check, name))
    if here.home.mark in f"{answered.headers}{answered.text}":
        check.leak(name, answered, "tells of what is another's")
    if answered.status_code != 404 or (ACTORS[name].standing is Standing.SHUT_OUT and not _names_the_workspace(check)):
        return
    nobodys = await check.ask(name, here, dict.fromkeys(ids, NOWHERE))
    if _plain(answered, ids) != _plain(nobodys, dict.fromkeys(ids, NOWHERE)):
        check.leak(name, answered, f"differs from what is nowhere: {nobodys.text[:200]}")
    if len(ids) > 1 and name == "other tenant":
        kinds = _kinds(check)
        for kind, value in ids.items():
            mixed = {k: value if k == kind else await here.other.thing(kinds[k]) for k in ids}
            answered = await check.ask(name, here, mixed)
            # A refusal of one's own thing comes first, if the row knows of one.
            check.judge(name, answered, None if answered.status_code == check.row.answers else 404)


def _look(check: Check, name: str, here: World, answered: httpx.Response) -> None:
    """See to it that an answer shows the workspace that is attacked to those in it, and to nobody else."""
    if check.row.needs == PUBLIC:
        return
    seen = here.home.mark in f"{answered.headers}{answered.text}"
    inside = ACTORS[name].standing is Standing.INSIDE or _is_member(check, name)
    if seen and not inside and check.row.needs != OPERATOR:
        check.leak(name, answered, "tells of what is another's")
    if not seen and name == "owner" and check.row.shows:
        check.report.faults.append(f"{check.route}: the owner is not shown what there is: {answered.text[:300]}")


def _expected(check: Check, name: str) -> int | None:
    """Derive what somebody is answered; None is a success."""
    row, actor = check.row, ACTORS[name]
    if row.needs == PUBLIC:
        return None
    if (row.needs == PERSON or row.person) and not actor.person:
        return 403
    if actor.standing is Standing.UNKNOWN:
        return 401
    if (row.needs == PERSON or row.person) and actor.guest and not row.guests:
        return 403
    if row.needs == PERSON:
        return 404 if row.own and name != "owner" else row.but.get(name)
    elsewhere = actor.standing is Standing.ELSEWHERE and not _is_member(check, name)
    if actor.standing is Standing.SHUT_OUT or (elsewhere and _names_the_workspace(check)):
        return 404
    if not _reaches(check, name):
        return 403
    named = bool(_kinds(check)) and not row.installation
    if named and elsewhere:
        return 404
    return row.but.get(name)


def _reaches(check: Check, name: str) -> bool:
    row, actor = check.row, ACTORS[name]
    if actor.guest and not row.guests:
        return False
    if row.needs == OPERATOR:
        return actor.operator and actor.person
    return row.needs == KNOWN or row.needs in (MEMBER if _is_member(check, name) else actor.scopes)


def _names_the_workspace(check: Check) -> bool:
    return SPACE in check.route


def _is_member(check: Check, name: str) -> bool:
    """Say whether somebody who acts elsewhere is let in nevertheless, as the path names the workspace."""
    return name == "member, elsewhere" and _names_the_workspace(check)


def _kinds(check: Check) -> dict[str, str]:
    """Return the kinds of things that a request names, by the name of the parameter or field."""
    path = check.route.split(" ")[1].split("/")
    names = (part[1:-1] for part in path if part.startswith("{"))
    found = {name: check.row.names.get(name, name.removesuffix("_id")) for name in names}
    fields = {**check.row.query, **(check.row.json if isinstance(check.row.json, dict) else {})}
    return found | {name: value.kind for name, value in fields.items() if isinstance(value, Of)}


async def _ids(check: Check, own: Tenant) -> dict[str, Any]:
    return {name: await own.thing(kind) for name, kind in _kinds(check).items()}


def _filled(template: Any, own: Tenant, ids: dict[str, Any], name: str = "") -> Any:
    if isinstance(template, Of):
        return ids[name]
    if isinstance(template, dict):
        return {key: _filled(value, own, ids, key) for key, value in template.items()} or None
    if isinstance(template, list):
        return [_filled(value, own, ids) for value in template]
    if template == "{password}":
        return ids[name]
    if isinstance(template, str):
        return template.replace("{unique}", own.unique() if "{unique}" in template else "").replace("{page}", own.page)
    return template


def _plain(answered: httpx.Response, ids: dict[str, Any]) -> tuple[Any, ...]:
    """Reduce an answer to what must be the same whichever id was asked for."""
    body = answered.json()
    del body["request_id"]
    text = json.dumps(body)
    for value in ids.values():
        text = re.sub(rf"\b{re.escape(str(value))}\b", "ID", text)
    headers = {
        k: v for k, v in answered.headers.items() if k not in {"x-request-id", "content-length", "date", "ratelimit"}
    }
    return answered.status_code, text, headers
