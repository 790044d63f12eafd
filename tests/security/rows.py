"""The table: what each operation of the API asks of those who call it, and a request that it grants to the right ones.

A path's parameters are filled in with what `estate.THINGS` makes: `{link_id}` with a link. Texts may have `{unique}`, which is
another one each time and bears the mark of its workspace; `Of(kind)` stands for one more thing of the workspace that is
attacked.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Final

from .estate import TARGET

PUBLIC: Final = "public"
"""Answered alike whoever asks."""
KNOWN: Final = "known"
"""For everybody who can prove who they are, keys too."""
PERSON: Final = "person"
"""The same, but for no key, and whatever workspace is asked for."""
OPERATOR: Final = "operator"
"""For those who run the installation, signed in themselves. Anything else is a scope."""


@dataclass(frozen=True)
class Of:
    """What a request names a thing by."""

    kind: str


@dataclass(frozen=True)
class Row:
    needs: str
    query: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    shows: tuple[str, ...] = ()
    """Kinds of things that the answer lists."""
    answers: int | None = None
    """What the right ones get; left out, any success."""
    but: dict[str, int] = field(default_factory=dict)
    """Actors that fare otherwise than all of their standing and scopes."""
    installation: bool = False
    """What it names belongs to no workspace."""
    names: dict[str, str] = field(default_factory=dict)
    """Kinds of things that the path's parameters name, where that is not the parameter's own."""
    person: bool = False
    """Beside a scope, it takes somebody who is signed in themselves."""
    own: bool = False
    """What it names is the owner's own: nobody else has it, in the workspace or out of it."""
    guests: bool = False
    """Guests may do it, too, in their own workspace."""
    ends: bool = False
    """Those who are granted it can do nothing more."""


SPACE: Final = "/api/v1/workspaces/{workspace_id}"
"""Calls below it are about this workspace, whatever their header says."""
ANY_SPACE: Final = "/api/v1/admin/workspaces/{workspace_id}"
PROOF: Final = {"password": "{password}"}
TICKET: Final = {"ticket": "no-such-ticket-{unique}"}
LOGO: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)
LINK: Final = {"target": TARGET, "title": "{unique}"}

ROUTES: dict[str, Row] = {
    "GET /health": Row(PUBLIC),
    "GET /{slug}": Row(PUBLIC, answers=302),
    # What is sent may be the token of a guest, who is not to lose their links by its age.
    "POST /api/v1/auth/register": Row(
        PUBLIC,
        json={"email": "{unique}@example.com", "password": "quiet lantern 7 oaks"},
        but=dict.fromkeys(("suspended", "ended session", "expired token"), 401),
    ),
    "POST /api/v1/auth/guest": Row(PUBLIC),
    "POST /api/v1/auth/login": Row(PUBLIC, json={"email": "{unique}@example.com", "password": "wrong"}, answers=401),
    "POST /api/v1/auth/refresh": Row(PUBLIC, answers=401),
    "POST /api/v1/auth/logout": Row(PUBLIC, ends=True),
    "GET /api/v1/auth/me": Row(KNOWN, guests=True),
    "PATCH /api/v1/auth/me": Row(PERSON, json={"name": "{unique}"}),
    "POST /api/v1/auth/verify": Row(PERSON, json=TICKET, answers=400),
    "POST /api/v1/auth/verify/resend": Row(PUBLIC, json={"email": "{unique}@example.com"}),
    "POST /api/v1/auth/email": Row(PERSON, json={**PROOF, "email": "{unique}@example.com"}),
    "POST /api/v1/auth/email/confirm": Row(PUBLIC, json=TICKET, answers=400),
    "POST /api/v1/auth/forgot": Row(PUBLIC, json={"email": "{unique}@example.com"}),
    "POST /api/v1/auth/reset": Row(PUBLIC, json={**TICKET, "password": "quiet lantern 7 oaks"}, answers=400),
    "POST /api/v1/auth/password": Row(PERSON, json={"current": "wrong", "new": "quiet lantern 7 oaks"}, answers=403),
    "GET /api/v1/auth/sessions": Row(PERSON, guests=True),
    "DELETE /api/v1/auth/sessions": Row(PERSON, guests=True),
    "DELETE /api/v1/auth/sessions/{session}": Row(PERSON, own=True, guests=True),
    "GET /api/v1/auth/factors": Row(PERSON),
    "POST /api/v1/auth/totp": Row(PERSON, json=PROOF),
    # Nobody has a code of an app that none of them has confirmed.
    "POST /api/v1/auth/totp/confirm": Row(PERSON, json={"code": "000000"}, answers=403),
    "DELETE /api/v1/auth/totp": Row(PERSON, json=PROOF, answers=409),
    "POST /api/v1/auth/recovery-codes": Row(PERSON, json=PROOF, answers=409),
    "POST /api/v1/auth/passkeys/options": Row(PERSON, json=PROOF),
    "POST /api/v1/auth/passkeys": Row(PERSON, json={"name": "{unique}", "credential": {}}, answers=422),
    "PATCH /api/v1/auth/passkeys/{passkey}": Row(PERSON, json={"name": "{unique}"}, own=True),
    # Who has a passkey is asked for more than a password.
    "DELETE /api/v1/auth/passkeys/{passkey}": Row(PERSON, json=PROOF, own=True, answers=403),
    "POST /api/v1/auth/passkeys/sign-in/options": Row(PUBLIC),
    "POST /api/v1/auth/passkeys/sign-in": Row(PUBLIC, json={"credential": {}}, answers=422),
    # No provider is set up here; tests/auth/test_oidc.py has one.
    "GET /api/v1/auth/providers": Row(PUBLIC),
    "GET /api/v1/auth/oidc/start": Row(PUBLIC, answers=404),
    "GET /api/v1/auth/oidc/callback": Row(PUBLIC, answers=404),
    "POST /api/v1/auth/oidc/finish": Row(PUBLIC, json=TICKET, answers=400),
    "POST /api/v1/auth/oidc/link": Row(PERSON, json=PROOF, answers=404),
    "GET /api/v1/auth/identities": Row(PERSON),
    "DELETE /api/v1/auth/identities/{identity}": Row(PERSON, own=True),
    "GET /api/v1/auth/registration": Row(PUBLIC),
    "GET /api/v1/auth/me/export": Row(PERSON, guests=True),
    "DELETE /api/v1/auth/me": Row(PERSON, json=PROOF, ends=True, guests=True),
    "POST /api/v1/api-keys": Row("keys:write", json={"name": "{unique}", "scopes": ["links:read"]}),
    "GET /api/v1/api-keys": Row("keys:write", shows=("key",)),
    "DELETE /api/v1/api-keys/{key}": Row("keys:write", but={"member": 404}),
    "GET /api/v1/workspaces": Row(PERSON, guests=True),
    "POST /api/v1/workspaces": Row(PERSON, json={"name": "{unique}"}),
    f"GET {SPACE}": Row("workspace:read", guests=True),
    f"PATCH {SPACE}": Row("workspace:write", json={"name": "{unique}"}),
    f"DELETE {SPACE}": Row("workspace:write", answers=428),  # without If-Match
    f"POST {SPACE}/restore": Row(PERSON, names={"workspace_id": "deleted"}, own=True),
    f"GET {SPACE}/members": Row("workspace:read", guests=True),
    f"PATCH {SPACE}/members/{{user}}": Row("workspace:write", json={"role": "viewer"}),
    f"DELETE {SPACE}/members/{{user}}": Row("workspace:write"),
    # Owners are asked to hand the personal workspace on to nobody, and others are no owners.
    f"POST {SPACE}/transfer": Row("workspace:write", json={"user": Of("user")}, answers=409, but={"admin": 403}),
    f"POST {SPACE}/leave": Row("workspace:read", person=True, but={"owner": 409}, ends=True),
    f"GET {SPACE}/audit": Row("audit:read"),
    f"GET {SPACE}/audit/export": Row("audit:read"),
    f"POST {SPACE}/invitations": Row("workspace:write", json={"email": "{unique}@example.com", "role": "viewer"}),
    f"GET {SPACE}/invitations": Row("workspace:write", shows=("invitation",)),
    f"POST {SPACE}/invitations/{{invitation_id}}/resend": Row("workspace:write"),
    f"DELETE {SPACE}/invitations/{{invitation_id}}": Row("workspace:write"),
    "POST /api/v1/invitations/preview": Row(PUBLIC, json=TICKET, answers=400),
    "POST /api/v1/invitations/accept": Row(PERSON, json=TICKET, answers=400),
    "POST /api/v1/invitations/decline": Row(PUBLIC, json=TICKET, answers=400),
    "GET /api/v1/links/export": Row("links:read", shows=("link",)),
    "POST /api/v1/imports": Row("links:write", content=b"target\nhttps://example.com/\n"),
    "GET /api/v1/imports": Row("links:read"),
    "POST /api/v1/imports/{import_id}/rows": Row(
        "links:write", query={"part": 2, "more": True}, content=b"https://example.com/,\n"
    ),
    "GET /api/v1/imports/{import_id}": Row("links:read"),
    "DELETE /api/v1/imports/{import_id}": Row("links:write"),
    "GET /api/v1/imports/{import_id}/report": Row("links:read"),
    "POST /api/v1/imports/{import_id}/resume": Row("links:write"),
    "GET /api/v1/links/{link_id}/qr": Row("links:read", guests=True),
    "POST /api/v1/links/{link_id}/qr": Row("links:read", content=LOGO, guests=True),
    "POST /api/v1/links": Row("links:write", json=LINK, guests=True),
    "GET /api/v1/links": Row("links:read", shows=("link",), guests=True),
    "POST /api/v1/links/bulk": Row("links:write", json=[{"op": "create", **LINK}]),
    "GET /api/v1/links/available": Row("links:read", query={"slug": "{unique}"}),
    "GET /api/v1/links/{link_id}": Row("links:read", guests=True),
    "PATCH /api/v1/links/{link_id}": Row("links:write", json={"title": "{unique}"}, guests=True),
    "DELETE /api/v1/links/{link_id}": Row("links:write", guests=True),
    "GET /api/v1/links/{link_id}/explain": Row("links:read", guests=True),
    "GET /api/v1/links/{link_id}/history": Row("links:read", guests=True),
    "POST /api/v1/links/{link_id}/revert": Row("links:write", json={"version": 1}),
    "GET /api/v1/stats/summary": Row("stats:read", query={"link": Of("link")}, guests=True),
    "GET /api/v1/stats/series": Row("stats:read", query={"link": Of("link")}, guests=True),
    "GET /api/v1/stats/breakdown": Row("stats:read", query={"link": Of("link"), "dimension": "country"}, guests=True),
    "GET /api/v1/stats/clicks": Row("stats:read", query={"tag": Of("tag")}, guests=True),
    "GET /api/v1/stats/live": Row("stats:read", query={"link": Of("link")}, guests=True),
    "GET /api/v1/stats/series/export": Row("stats:read", query={"link": Of("link")}, guests=True),
    "GET /api/v1/stats/breakdown/export": Row(
        "stats:read", query={"link": Of("link"), "dimension": "country"}, guests=True
    ),
    "GET /api/v1/stats/clicks/export": Row("stats:read", query={"tag": Of("tag")}, guests=True),
    # Who may not see numbers can't show them to others.
    "POST /api/v1/links/{link_id}/shares": Row(
        "links:write", json={"name": "{unique}"}, but={"key of links:write": 403}
    ),
    "GET /api/v1/links/{link_id}/shares": Row("links:read", shows=("share",)),
    "DELETE /api/v1/links/{link_id}/shares/{share_id}": Row("links:write"),
    "GET /api/v1/shared/{token}": Row(PUBLIC),
    "GET /api/v1/shared/{token}/summary": Row(PUBLIC),
    "GET /api/v1/shared/{token}/series": Row(PUBLIC),
    "GET /api/v1/shared/{token}/breakdown": Row(PUBLIC, query={"dimension": "country"}),
    "GET /api/v1/tags": Row("links:read", shows=("tag",)),
    "POST /api/v1/tags": Row("links:write", json={"name": "{unique}"}),
    "PATCH /api/v1/tags/{tag_id}": Row("links:write", json={"name": "{unique}"}),
    "DELETE /api/v1/tags/{tag_id}": Row("links:write"),
    "POST /api/v1/domains": Row("domains:write", json={"host": "{unique}.test"}),
    "GET /api/v1/domains": Row("domains:read", shows=("domain",)),
    "GET /api/v1/domains/{domain_id}": Row("domains:read"),
    "PATCH /api/v1/domains/{domain_id}": Row("domains:write", json={"not_found_target": TARGET}),
    "DELETE /api/v1/domains/{domain_id}": Row("domains:write"),
    "POST /api/v1/domains/{domain_id}/verify": Row("domains:write"),
    "GET /api/v1/orphans": Row("domains:read", shows=("orphan",)),
    "DELETE /api/v1/orphans/{orphan_id}": Row("domains:write"),
    "GET /api/v1/admin/blocked-hosts": Row(OPERATOR),
    "POST /api/v1/admin/blocked-hosts": Row(OPERATOR, json={"host": "{unique}.example"}),
    "POST /api/v1/admin/blocked-hosts/import": Row(OPERATOR, content=b"blocked.example\n"),
    "DELETE /api/v1/admin/blocked-hosts/{blocked_id}": Row(OPERATOR, installation=True),
    "GET /api/v1/admin/users": Row(OPERATOR),
    "GET /api/v1/admin/users/{user_id}": Row(OPERATOR, installation=True),
    "POST /api/v1/admin/users/{user_id}/disable": Row(OPERATOR, json={"reason": "{unique}"}, installation=True),
    "POST /api/v1/admin/users/{user_id}/enable": Row(OPERATOR, installation=True),
    "POST /api/v1/admin/users/{user_id}/promote": Row(OPERATOR, json=PROOF, installation=True),
    "POST /api/v1/admin/users/{user_id}/demote": Row(OPERATOR, json=PROOF, installation=True),
    "POST /api/v1/admin/users/{user_id}/sign-out": Row(OPERATOR, installation=True),
    "POST /api/v1/admin/users/{user_id}/verify": Row(OPERATOR, installation=True),
    "GET /api/v1/admin/workspaces": Row(OPERATOR),
    f"GET {ANY_SPACE}": Row(OPERATOR, names={"workspace_id": "spare"}, installation=True),
    f"POST {ANY_SPACE}/block": Row(
        OPERATOR, json={"reason": "{unique}"}, names={"workspace_id": "spare"}, installation=True
    ),
    f"POST {ANY_SPACE}/unblock": Row(OPERATOR, names={"workspace_id": "spare"}, installation=True),
    "PUT /api/v1/admin/registration": Row(OPERATOR, json={"mode": "open"}),
    "POST /api/v1/admin/invitations": Row(OPERATOR, json={"email": "{unique}@example.com"}),
    "GET /api/v1/admin/audit": Row(OPERATOR),
    "GET /api/v1/admin/system": Row(OPERATOR),
    "GET /api/v1/admin/links": Row(OPERATOR),
    "GET /api/v1/admin/links/{link_id}": Row(OPERATOR, installation=True),
    "POST /api/v1/admin/links/{link_id}/block": Row(OPERATOR, json={"reason": "{unique}"}, installation=True),
    "POST /api/v1/admin/links/{link_id}/unblock": Row(OPERATOR, installation=True),
    "GET /api/v1/targets/preview": Row("links:write", query={"url": "{page}"}, guests=True),
    "POST /api/v1/webhooks": Row(
        "webhooks:write", json={"url": "{page}", "events": ["link.created"], "name": "{unique}"}
    ),
    "GET /api/v1/webhooks": Row("webhooks:read", shows=("webhook",)),
    "GET /api/v1/webhooks/{webhook_id}": Row("webhooks:read"),
    "PATCH /api/v1/webhooks/{webhook_id}": Row("webhooks:write", json={"name": "{unique}"}),
    "DELETE /api/v1/webhooks/{webhook_id}": Row("webhooks:write"),
    "POST /api/v1/webhooks/{webhook_id}/secret": Row("webhooks:write"),
    "POST /api/v1/webhooks/{webhook_id}/test": Row("webhooks:write"),
    "GET /api/v1/webhooks/{webhook_id}/deliveries": Row("webhooks:read"),
    "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": Row("webhooks:write"),
    "POST /api/v1/clicks": Row("clicks:write", json=[{"id": "{unique}", "slug": "no-such-slug"}]),
}

UNLISTED: frozenset[str] = frozenset(
    {
        # What browsers and crawlers ask for by themselves, and the forms of a link's own pages.
        *(f"{method} {path}" for method in ("GET", "HEAD") for path in ("/", "/robots.txt")),
        *(
            f"{method} /.well-known/{file}"
            for method in ("GET", "HEAD")
            for file in ("apple-app-site-association", "assetlinks.json")
        ),
        "HEAD /health",
        *(f"{method} /{{slug}}" for method in ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")),
    }
)
"""Routes that the document leaves out."""
