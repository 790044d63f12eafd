"""What links a guest may make: few, for some days, on slugs that nobody has chosen, and plain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import settings, throttle
from ginnel.access import GuestNotAllowed
from ginnel.drafts import LinkChange, LinkDraft
from ginnel.links import Link, writing
from ginnel.links.reading import own
from ginnel.links.writing import Made
from ginnel.outputs import LinkOut
from ginnel.users import GuestGone, User

from .tables import GRACE, LIFETIME, Expiry

LIMIT = 10
"""Links that a guest may make, those among them that they have deleted."""
PREVIEWS, PREVIEWS_SECONDS = 30, 3600
"""Pages that are fetched for a guest, within so many seconds."""

_OPEN = frozenset(
    {"target", "title", "redirect_status", "forward_query", "starts_at", "expires_at", "disabled", "archived"}
    | {"reuse", "fetch_title"}
)
"""Fields that guests may give."""


async def preview(guest: int) -> None:
    """Count a page that is to be fetched for a guest. Raises TooManyRequests."""
    await throttle.check(
        f"preview:{guest}", limit=PREVIEWS, seconds=PREVIEWS_SECONDS, detail="Sign up to look at more pages."
    )


async def create(conn: AsyncSession, draft: LinkDraft, *, workspace: int, user: int, now: datetime) -> Made:
    """Make a link for a guest, which expires. Raises GuestNotAllowed, GuestGone, and as `writing.create`."""
    if not await _still(conn, user):
        return await writing.create(conn, draft, workspace=workspace, user=user, now=now)
    _refuse(draft)
    if (await conn.scalar(select(func.count()).where(Link.workspace_id == workspace)) or 0) >= LIMIT:
        raise GuestNotAllowed.here(f"make more than {LIMIT} links")
    last = now + LIFETIME
    _refuse_later(draft.expires_at, last)
    confined = draft if draft.expires_at else draft.model_copy(update={"expires_at": last})
    made = await writing.create(conn, confined, workspace=workspace, user=user, now=now)
    if made.created:
        await _note(conn, made.link, user, ruled=draft.expires_at is None)
    return made


async def change(  # noqa: PLR0913  # as writing.change
    conn: AsyncSession,
    link_id: int,
    wanted: LinkChange,
    *,
    workspace: int,
    user: int,
    version: int | None,
    now: datetime,
) -> LinkOut:
    """Change a guest's link. Raises GuestNotAllowed, GuestGone, and as `writing.change`."""
    about: dict[str, Any] = {"workspace": workspace, "user": user, "version": version, "now": now}
    if not await _still(conn, user):
        return await writing.change(conn, link_id, wanted, **about)
    _refuse(wanted)
    if "expires_at" not in wanted.model_fields_set:
        return await writing.change(conn, link_id, wanted, **about)
    last = (await own(conn, link_id, workspace=workspace)).link.created_at + LIFETIME
    _refuse_later(wanted.expires_at, last)
    confined = wanted if wanted.expires_at else wanted.model_copy(update={"expires_at": last})
    changed = await writing.change(conn, link_id, confined, **about)
    await _note(conn, changed, user, ruled=wanted.expires_at is None)
    return changed


async def _still(conn: AsyncSession, user: int) -> bool:
    """Say whether somebody still is the guest that they were a moment ago, and have nothing else change that meanwhile.

    Of links that are made together, one is counted by the other. Raises GuestGone.
    """
    query = select(User.guest_until, User.disabled_at).where(User.id == user).with_for_update(key_share=True)
    found = (await conn.execute(query)).one_or_none()
    if found is None or found.disabled_at is not None:
        raise GuestGone("This guest is no more.")
    return found.guest_until is not None


def _refuse(said: LinkDraft | LinkChange) -> None:
    """Raise GuestNotAllowed for a field that says something which takes an account."""
    defaults = type(said).model_fields
    for name in sorted(said.model_fields_set - _OPEN):
        value = getattr(said, name)
        if name == "domain" and value == settings.site().host:
            continue
        if value != defaults[name].get_default(call_default_factory=True):
            raise GuestNotAllowed.here(f"set a link's {name}")


def _refuse_later(wanted: datetime | None, last: datetime) -> None:
    if wanted is not None and wanted > last:
        raise GuestNotAllowed.here(f"have a link lead on for more than {LIFETIME.days} days")


async def _note(conn: AsyncSession, link: LinkOut, guest: int, *, ruled: bool) -> None:
    """Keep whether a link's expiry is the rule's, and the guest for as long as the link wants."""
    if ruled:
        kept = insert(Expiry).values(link_id=link.id, expires_at=link.expires_at)
        fresh = {"expires_at": kept.excluded.expires_at}
        await conn.execute(kept.on_conflict_do_update(index_elements=["link_id"], set_=fresh))
    else:
        await conn.execute(delete(Expiry).where(Expiry.link_id == link.id))
    if link.expires_at is not None:
        until = func.greatest(User.guest_until, link.expires_at + GRACE)
        await conn.execute(
            update(User).where(User.id == guest).values(guest_until=until),
            execution_options={"synchronize_session": False},
        )
