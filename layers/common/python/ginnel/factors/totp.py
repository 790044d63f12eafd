"""Authenticator apps: codes of six digits that change every 30 seconds (RFC 6238). Each counts once."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import qr, settings, web
from ginnel.errors import Conflict, Forbidden

from .tables import Totp

if TYPE_CHECKING:
    import pyotp

PENDING = timedelta(minutes=30)
"""How long a secret waits for its first code."""
DRIFT = 1
"""Steps that a clock may be off, either way: RFC 6238, section 5.2."""


class TotpInForce(Conflict):
    """The account has an authenticator app already: remove it first."""

    code = "totp_in_force"


class TotpMissing(Conflict):
    """There is no authenticator app to confirm or remove, or its set-up took too long: begin again."""

    code = "totp_missing"


class CodeWrong(Forbidden):
    """The code is wrong, too old, or was used before."""

    code = "code_wrong"


class TotpBegun(web.Output):
    secret: Annotated[
        str, Field(description="To type in where no code can be read.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    ]
    uri: Annotated[
        str,
        Field(
            description="What the QR code says.",
            examples=["otpauth://totp/go.example.com:ada%40example.com?secret=JBSWY3DPEHPK3PXP…&issuer=go.example.com"],
        ),
    ]
    qr: Annotated[
        str,
        Field(description="A picture, as an address of its own: SVG.", examples=["data:image/svg+xml;base64,PHN2…"]),
    ]


async def begin(conn: AsyncSession, user: int, *, email: str, now: datetime) -> TotpBegun:
    """Draw a secret, in place of one that was not confirmed. It is no factor yet. Raises TotpInForce."""
    import pyotp  # noqa: PLC0415  # 16 ms, and few requests need it

    secret = pyotp.random_base32()  # 160 bits: RFC 4226, section 4, R6
    fields = {"secret": secret, "created_at": now, "last_step": 0}
    begun = await conn.scalar(
        insert(Totp)
        .values(user_id=user, **fields)
        .on_conflict_do_update(index_elements=["user_id"], set_=fields, where=Totp.confirmed_at.is_(None))
        .returning(Totp.user_id)
    )
    if begun is None:
        raise TotpInForce("There is an authenticator app already. Remove it first.")
    uri = _app(secret).provisioning_uri(name=email, issuer_name=settings.site().host)
    picture = await asyncio.to_thread(qr.draw, uri, qr.Look())
    return TotpBegun(secret=secret, uri=uri, qr=f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}")


async def confirm(conn: AsyncSession, user: int, code: str, *, now: datetime) -> None:
    """Put an app into force by its first code. Raises TotpMissing or CodeWrong."""
    waits = (Totp.user_id == user, Totp.confirmed_at.is_(None), Totp.created_at > now - PENDING)
    secret = await conn.scalar(select(Totp.secret).where(*waits))
    if secret is None:
        raise TotpMissing("There is no authenticator app to confirm. Begin again.")
    step = _step(secret, code, now=now)
    if step is None:
        raise CodeWrong("This is not the code that the app shows now.")
    confirmed = await conn.scalar(
        update(Totp)
        .where(*waits, Totp.secret == secret)
        .values(confirmed_at=now, last_step=step)
        .returning(Totp.user_id)
        .execution_options(synchronize_session=False)
    )
    if confirmed is None:
        raise TotpMissing("The authenticator app was confirmed, or begun again, meanwhile.")


async def use(conn: AsyncSession, user: int, code: str, *, now: datetime) -> bool:
    """Take a code. It, and all older ones, are void from then on: of any number at once exactly one succeeds."""
    secret = await conn.scalar(select(Totp.secret).where(Totp.user_id == user, Totp.confirmed_at.is_not(None)))
    step = None if secret is None else _step(secret, code, now=now)
    if step is None:
        return False
    used = await conn.scalar(
        update(Totp)
        .where(Totp.user_id == user, Totp.secret == secret, Totp.last_step < step)
        .values(last_step=step)
        .returning(Totp.user_id)
        .execution_options(synchronize_session=False)
    )
    return used is not None


async def remove(conn: AsyncSession, user: int) -> None:
    """Raises TotpMissing."""
    in_force = (Totp.user_id == user, Totp.confirmed_at.is_not(None))
    removed = await conn.scalar(
        delete(Totp).where(*in_force).returning(Totp.user_id).execution_options(synchronize_session=False)
    )
    if removed is None:
        raise TotpMissing("There is no authenticator app to remove.")


def _step(secret: str, code: str, *, now: datetime) -> int | None:
    """Say which time-step a code is of, if it is of one about now."""
    from pyotp import OTPVerificationError  # noqa: PLC0415  # see begin

    try:
        return _app(secret).verify_and_get_timecode(code, for_time=now, valid_window=DRIFT)
    except OTPVerificationError:
        return None


def _app(secret: str) -> pyotp.TOTP:
    import pyotp  # noqa: PLC0415  # see begin

    return pyotp.TOTP(secret)
