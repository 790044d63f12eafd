"""What is deployed does what the template says: each route and schedule once cold or warm and once more, from the packages.

Every function runs under AWS's own emulator with nothing but what template.yaml and Lambda give it. A failure of a handler
comes as an answer with `errorMessage`, so each answer's body is looked at.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local import stack

from . import artefacts, events, template
from .artefacts import Emulated, Packages
from .conftest import Link, declared
from .connected import Answer, Stores

pytestmark = pytest.mark.artefact

ROUTES = [route for function in stack.read(template.ROOT / "template.yaml") for route in function.routes]
SCHEDULED = events.load("scheduled")

Emulation = dict[str, Emulated]


@dataclass(frozen=True)
class Step:
    """An event, and what becomes of it when it comes twice."""

    event: str
    status: int
    again: int
    keeps: tuple[tuple[str, str], ...] = ()
    """What later steps need: the placeholder's name, and the field of the body that it is."""


# In an order in which each has what it needs.
STORY = (
    Step("auth_register", 201, 201, (("token", "access_token"),)),
    Step("auth_login", 200, 200, (("token", "access_token"),)),
    Step("auth_me", 200, 200),
    Step("auth_me_change", 200, 200),
    Step("auth_refresh", 200, 409),
    Step("auth_sessions_find", 200, 200),
    Step("auth_sessions_revoke", 404, 404),
    Step("auth_sessions_end", 204, 204),
    Step("auth_keys_create", 201, 201, (("api_key", "id"),)),
    Step("auth_keys_find", 200, 200),
    Step("auth_keys_revoke", 204, 404),
    Step("auth_verify", 400, 400),
    Step("auth_factors_find", 200, 200),
    Step("auth_totp_begin", 201, 201),
    Step("auth_totp_confirm", 403, 403),
    Step("auth_totp_remove", 409, 409),
    Step("auth_recovery_codes_renew", 409, 409),
    Step("auth_passkeys_begin", 200, 200),
    Step("auth_passkeys_add", 400, 400),
    Step("auth_passkeys_rename", 404, 404),
    Step("auth_passkeys_remove", 404, 404),
    Step("auth_passkeys_ask", 200, 200),
    Step("auth_passkeys_sign_in", 401, 401),
    Step("auth_providers", 200, 200),
    Step("auth_oidc_start", 404, 404),
    Step("auth_oidc_callback", 404, 404),
    Step("auth_oidc_finish", 400, 400),
    Step("auth_oidc_link", 404, 404),
    Step("auth_identities_find", 200, 200),
    Step("auth_identities_remove", 404, 404),
    Step("auth_workspaces_create", 201, 201, (("workspace_id", "id"),)),
    Step("auth_workspaces_find", 200, 200),
    Step("auth_workspaces_get", 200, 200),
    Step("auth_members_find", 200, 200),
    Step("auth_members_change", 404, 404),
    Step("auth_members_remove", 404, 404),
    Step("auth_workspaces_leave", 409, 409),
    Step("auth_workspaces_transfer", 404, 404),
    Step("auth_invitations_create", 201, 409, (("invitation_id", "id"),)),
    Step("auth_invitations_find", 200, 200),
    Step("auth_invitations_resend", 202, 202),
    Step("auth_invitations_revoke", 204, 404),
    Step("auth_invitations_preview", 400, 400),
    Step("auth_invitations_accept", 400, 400),
    Step("auth_invitations_decline", 400, 400),
    Step("auth_audit_find", 200, 200),
    Step("auth_audit_export", 200, 200),
    # Changed twice, it is at the third version, which the deletion names.
    Step("auth_workspaces_change", 200, 200),
    Step("auth_workspaces_delete", 204, 404),
    Step("auth_workspaces_restore", 200, 404),
    Step("links_create", 201, 201, (("link", "id"),)),
    Step("links_find_all", 200, 200),
    Step("links_get", 200, 200),
    Step("links_change", 200, 200),
    Step("links_explain", 200, 200),
    Step("links_qr", 200, 200),
    Step("links_qr_with_logo", 200, 200),
    Step("links_bulk", 200, 200),
    Step("links_available", 200, 200),
    Step("links_history", 200, 200),
    Step("links_revert", 200, 200),
    Step("tags_create", 201, 409, (("tag_id", "id"),)),
    Step("tags_find", 200, 200),
    Step("tags_rename", 200, 200),
    Step("tags_drop", 204, 404),
    Step("links_domains_create", 201, 409, (("domain_id", "id"),)),
    Step("links_domains_find", 200, 200),
    Step("links_domains_get", 200, 200),
    Step("links_domains_change", 200, 200),
    Step("links_domains_delete", 204, 404),
    Step("links_domains_verify", 404, 404),
    Step("links_orphans_find", 200, 200),
    Step("links_orphans_dismiss", 404, 404),
    Step("auth_registration", 200, 200),
    Step("auth_guest", 201, 201),
    Step("admin_users", 403, 403),
    Step("admin_user", 403, 403),
    Step("admin_user_disable", 403, 403),
    Step("admin_user_enable", 403, 403),
    Step("admin_user_promote", 403, 403),
    Step("admin_user_demote", 403, 403),
    Step("admin_user_sign_out", 403, 403),
    Step("admin_user_verify", 403, 403),
    Step("admin_workspaces", 403, 403),
    Step("admin_workspace", 403, 403),
    Step("admin_workspace_block", 403, 403),
    Step("admin_workspace_unblock", 403, 403),
    Step("admin_registration", 403, 403),
    Step("admin_invite", 403, 403),
    Step("admin_audit", 403, 403),
    Step("admin_system", 403, 403),
    Step("admin_links", 403, 403),
    Step("admin_link", 403, 403),
    Step("admin_link_block", 403, 403),
    Step("admin_link_unblock", 403, 403),
    Step("links_blocked_find", 403, 403),
    Step("links_blocked_block", 403, 403),
    Step("links_blocked_import", 403, 403),
    Step("links_blocked_unblock", 403, 403),
    Step("redirect_root", 404, 404),
    Step("redirect_root_head", 404, 404),
    Step("redirect_apple", 404, 404),
    Step("redirect_apple_head", 404, 404),
    Step("redirect_android", 404, 404),
    Step("redirect_android_head", 404, 404),
    Step("targets_preview", 422, 422),
    Step("webhooks_create", 201, 201, (("webhook_id", "id"),)),
    Step("webhooks_find_all", 200, 200),
    Step("webhooks_get", 200, 200),
    Step("webhooks_change", 200, 200),
    Step("webhooks_rotate", 200, 200),
    Step("webhooks_test", 202, 202, (("delivery_id", "id"),)),
    Step("webhooks_deliveries", 200, 200),
    Step("webhooks_redeliver", 202, 202),
    Step("webhooks_delete", 204, 404),
    Step("links_export", 200, 200),
    Step("links_import", 202, 202, (("import", "id"),)),
    Step("links_import_rows", 202, 202),
    Step("links_imports", 200, 200),
    Step("links_import_get", 200, 200),
    Step("links_import_report", 200, 200),
    Step("links_import_cancel", 200, 200),
    Step("links_import_resume", 200, 200),
    Step("redirect_health", 200, 200),
    Step("redirect_health_head", 200, 200),
    Step("redirect_robots", 200, 200),
    Step("redirect_robots_head", 200, 200),
    Step("redirect_get", 302, 302),
    Step("redirect_head", 302, 302),
    Step("redirect_unknown", 404, 404),
    Step("clicks_record", 202, 202),
    Step("links_summary", 200, 200),
    Step("links_series", 200, 200),
    Step("stats_breakdown", 200, 200),
    Step("stats_clicks", 200, 200),
    Step("stats_live", 200, 200),
    Step("stats_export_series", 200, 200),
    Step("stats_export_breakdown", 200, 200),
    Step("stats_export_clicks", 200, 200),
    Step("shares_create", 201, 201, (("share_id", "id"), ("share_token", "token"))),
    Step("shares_find", 200, 200),
    Step("shared_show", 200, 200),
    Step("shared_summary", 200, 200),
    Step("shared_series", 200, 200),
    Step("shared_breakdown", 200, 200),
    Step("shares_revoke", 204, 404),
    Step("links_delete", 204, 404),
    Step("auth_me_export", 200, 200),
    Step("auth_verify_resend", 202, 202),
    Step("auth_forgot", 202, 202),
    Step("auth_reset", 400, 400),
    Step("auth_password", 403, 403),
    Step("auth_email", 202, 202),
    Step("auth_email_confirm", 400, 400),
    Step("auth_me_erase", 202, 401),
    Step("auth_logout", 204, 204),
)

# As it takes to invite others. Registered twice, the address belongs to the first account, which signs in.
_VERIFIED = "update users set email_verified_at = now() where id = (select min(id) from users where email = $1)"


def body(answer: Answer, status: int) -> Any:
    """Check an answer and return what it says."""
    assert answer.get("statusCode") == status, answer
    text = answer.get("body") or ""
    return json.loads(text) if "json" in answer["headers"].get("content-type", "") and text else text


def owner(event: events.Event) -> str:
    """Tell which function the template gives an event to, by its folder's name."""
    (name,) = (route.function for route in ROUTES if route.key == event["routeKey"])
    return name.removesuffix("Function").lower()


async def test_every_route_works_cold_and_warm_from_the_packages(emulated: Emulation, stores: Stores) -> None:
    values: dict[str, object] = {
        "email": f"{secrets.token_hex(6)}@example.com",
        "password": secrets.token_urlsafe(12),
        "slug": secrets.token_hex(6),
        "key": secrets.token_hex(8),
        "click": "order-1",
        "host": f"{secrets.token_hex(6)}.test",
        "orphan_id": 1,
        "passkey": 1,
        "identity": 1,
        "session": 2**62,
        "blocked_id": 1,
        # Nobody who is a member of what the story makes.
        "user": 999_999_999,
        "user_id": 1,
        "workspace_id": 1,
    }
    walked = set()
    for step in STORY:
        event = events.load(step.event, **values)
        walked.add(event["routeKey"])
        await stores.forgive()
        for status in (step.status, step.again):
            answer = await emulated[owner(event)].call(event)
            said = body(answer, status)
            if status == step.status:
                values |= {name: said[name_there] for name, name_there in step.keeps}
                if step.event == "auth_register":
                    await stores.sql.execute(_VERIFIED, values["email"])
                if cookies := answer.get("cookies"):
                    values["cookie"] = cookies[0].partition(";")[0]
            elif status >= 400:
                assert said["status"] == status
    every = {route.key for route in ROUTES}
    assert walked == every, f"no step for {sorted(every - walked)}"
    # Two visits, and one click of another server's, taken once.
    assert (await emulated["clicks"].call(SCHEDULED)) == {"stored": 3}
    assert (await emulated["clicks"].call(SCHEDULED)) == {"stored": 0}
    assert await stores.clicks(int(str(values["link"]))) == 3


async def test_a_click_knows_its_place_by_the_layers_database(
    emulated: Emulation, shortened: Callable[[], Awaitable[Link]], stores: Stores
) -> None:
    link = await shortened()
    event = events.load("redirect_get", slug=link.slug)
    event["requestContext"]["http"]["sourceIp"] = "8.8.8.8"
    body(await emulated["redirect"].call(event), 302)
    await emulated["clicks"].call(SCHEDULED)
    assert await stores.sql.fetchval("select country from clicks where link_id = $1", link.id) == "US"


@pytest.mark.parametrize("name", template.FUNCTIONS)
async def test_an_event_of_no_known_kind_is_refused_clearly(emulated: Emulation, name: str) -> None:
    for _ in range(2):
        answer = await emulated[name].call({"Records": []})
        assert answer["errorType"] == "ValueError", answer
        assert "['Records']" in answer["errorMessage"]


@pytest.mark.parametrize("name", template.FUNCTIONS)
async def test_a_module_that_is_missing_is_named(packages: Packages, stores: Stores, name: str) -> None:
    """The runtime has nothing of ours, so what the layers lack can't come from anywhere else."""
    functions = {name: replace(packages.functions[name], handler="no_such.module.handler")}
    async with artefacts.running(replace(packages, functions=functions), name, stores, declared(name)) as function:
        answer = await function.exchange({})
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'no_such'" in answer["errorMessage"]


@pytest.mark.parametrize("name", template.FUNCTIONS)
async def test_a_variable_that_is_missing_is_named(packages: Packages, stores: Stores, name: str) -> None:
    environment = {key: value for key, value in declared(name).items() if key != "DATABASE_URL"}
    async with artefacts.running(packages, name, stores, environment) as function:
        answer = await function.exchange({} if name == "migrate" else SCHEDULED)
    assert answer["errorType"] == "BadSettings"
    assert answer["errorMessage"].startswith("DATABASE_URL is not set")


async def test_a_queues_messages_are_answered_one_by_one(emulated: Emulation) -> None:
    event = events.load("webhooks_sqs", lease='[1, "2025-10-04T10:08:20+00:00", 1]')
    for _ in range(2):
        answer = await emulated["webhooks"].call(event)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da"}]}


async def test_refusals_say_so_in_their_bodies(emulated: Emulation) -> None:
    nobody = events.load("auth_me", token="stolen")
    assert body(await emulated["auth"].call(nobody), 401)["code"] == "token_invalid"
    login = events.load("auth_login", email="nobody@example.com", password="something else")
    assert body(await emulated["auth"].call(login), 401)["code"] == "credentials_invalid"
    stranger = events.load("links_get", token="stolen", link=1)
    assert body(await emulated["links"].call(stranger), 401)["code"] == "token_invalid"
    unread = events.load("links_create", token="stolen", slug="-", key="-")
    unread["body"] = "{"
    assert body(await emulated["links"].call(unread), 400)["code"] == "json_invalid"
    mistyped = events.at("/api/v1/no-such-call")
    assert body(await emulated["redirect"].call(mistyped), 404)["code"] == "not_found"


async def test_nothing_but_tmp_can_be_written_to(packages: Packages, stores: Stores, tmp_path: Path) -> None:
    if not packages.sealed:
        pytest.skip("this machine's kernel lets nobody mount anything")
    (tmp_path / "probe.py").write_text(
        "import os, tempfile\n"
        "def handler(event, context):\n"
        "    tempfile.TemporaryFile(dir='/tmp').close()\n"
        "    found = {}\n"
        "    for folder in ('/var/task', '/opt/python', '/opt/geoip', '/', '/usr', os.path.expanduser('~')):\n"
        "        try:\n"
        "            open(folder + '/written', 'w').close()\n"
        "        except OSError as error:\n"
        "            found[folder] = type(error).__name__\n"
        "    return {'refused': len(found), 'cwd': os.getcwd(), 'layer': os.listdir('/opt/python')}\n"
    )
    real = packages.functions["clicks"]
    probe = replace(real, handler="probe.handler", prefix=(*real.prefix[:-2], str(tmp_path), real.prefix[-1]))
    async with artefacts.running(replace(packages, functions={"probe": probe}), "probe", stores, {}) as function:
        answer = await function.exchange({})
    assert (answer["refused"], answer["cwd"]) == (6, "/var/task"), answer
    assert {"ginnel", "fastapi"} <= set(answer["layer"])
