"""Asking for the second factor at log-in, and for password or both again before what matters is changed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, db, passwords, throttle, users, web
from ginnel.errors import Forbidden, TooManyRequests, Unauthorized
from ginnel.users import User

from . import passkeys, recovery, standing, totp
from .assertions import Assertion
from .tables import Means

TRIES = ((10, 15 * 60), (50, 24 * 60 * 60))
"""Tries and seconds. Each try of a code hits one of three in a million: in a day, whoever has the password gets in with a
chance of 1 in 6,700. Recovery codes are counted apart, so that nobody's guesses keep the owner from using theirs."""

Code = Annotated[
    web.Text,
    Field(min_length=1, max_length=32, description="The app's code, or a recovery code.", examples=["123456"]),
]


class Proof(web.Input):
    """What makes sure that it is the account's owner who changes its factors, and no one who found a browser open."""

    password: passwords.Given
    code: Annotated[
        Code | None,
        Field(
            description="Needed if the account has an authenticator app, or a passkey that this session began without."
        ),
    ] = None


class TotpRequired(Unauthorized):
    """The password is right, and the account has a second factor: send `totp` too, the app's code or a recovery code."""

    code = "totp_required"


class PasskeyRequired(Unauthorized):
    """The password is right, and the account has passkeys but no authenticator app: use one, or send a recovery code."""

    code = "passkey_required"


class TotpInvalid(Unauthorized):
    """The code is wrong, too old, or was used before."""

    code = "totp_invalid"
    commits = True


class CodesThrottled(TooManyRequests):
    """Too many codes were tried on this account."""

    code = "codes_throttled"


class PasswordWrong(Forbidden):
    """The password that was sent as proof is not the account's."""

    code = "password_wrong"


class CodeRequired(Forbidden):
    """The account has a second factor: send `code` too, its app's or a recovery code."""

    code = "code_required"


UNPROVED = (PasswordWrong, CodeRequired, totp.CodeWrong, CodesThrottled, TooManyRequests)
"""What a call may be answered that takes a Proof, for its documentation."""


async def demand(
    conn: AsyncSession, user: User, code: str | None, *, passkey: Assertion | None = None, now: datetime
) -> Means | None:
    """Have somebody whose password was right prove their second factor; say by which means they did, None without one.

    Raises TotpRequired, PasskeyRequired, TotpInvalid, PasskeyInvalid or CodesThrottled.
    """
    there = await standing.kinds(conn, user.id)
    if not there:
        return None
    if passkey is not None:
        await passkeys.use(conn, passkey, of=user.id, now=now)
        return "passkey"
    if not code:
        if "totp" in there:
            raise TotpRequired("Please send a code of your authenticator app, or a recovery code.")
        raise PasskeyRequired("Please use your passkey, or send a recovery code.")
    means = await _try(conn, user.id, code, now=now)
    if means is None:
        audit.record(conn, "factor_refused", subject=f"user:{user.id}", at=now, user=user.id)
        raise TotpInvalid("The code is wrong, too old, or was used before.")
    return means


async def prove(conn: AsyncSession, user: int, given: Proof, *, strong: bool, now: datetime) -> None:
    """Have a signed-in person prove that it is them; `strong` says that a second factor began their session.

    From then on nobody else changes their factors until the transaction ends. Raises what UNPROVED lists.
    """
    kept = (await prove_password(conn, user, given.password)).password_hash
    there = await standing.kinds(conn, user)
    if given.code is not None and there:
        if await _try(conn, user, given.code, now=now) is None:
            raise totp.CodeWrong("The code is wrong, too old, or was used before.")
    elif "totp" in there or (there and not strong):
        raise CodeRequired("Please send a code of your authenticator app, or a recovery code.")
    unchanged = select(User.id).where(User.id == user, User.password_hash == kept)
    if await conn.scalar(unchanged.with_for_update(key_share=True)) is None:
        raise PasswordWrong(_WRONG)


async def prove_password(conn: AsyncSession, user: int, password: str, *, counted: str = "proof") -> User:
    """Return somebody as they are once their password has proved that it is they. Raises PasswordWrong, TooManyRequests.

    `counted` names the count of who may have nothing but the password to try, and is not to use up the owner's. It gives the
    connection back while the hash waits for its turn: nothing else may have been done yet.
    """
    await db.pause(conn)  # counting may need the database
    if (seconds := await _spent(f"{counted}:{user}")) is not None:
        raise TooManyRequests("Too many passwords were tried. Please wait.", headers={"retry-after": str(seconds)})
    person = await users.get(conn, user)
    await db.pause(conn)
    if not await passwords.verify(person.password_hash, password):
        raise PasswordWrong(_WRONG)
    return person


_WRONG = "This is not the account's password."


async def _try(conn: AsyncSession, user: int, code: str, *, now: datetime) -> Means | None:
    """Take a code of either kind."""
    await db.pause(conn)  # counting may need the database
    compact = "".join(code.split())
    if re.fullmatch(r"[0-9]{6}", compact):
        await _spend(f"totp:{user}")
        return "totp" if await totp.use(conn, user, compact, now=now) else None
    await _spend(f"recovery:{user}")
    if not await recovery.use(conn, user, code, now=now):
        return None
    left = await recovery.left(conn, user)
    what = f"A recovery code was used. {left} of them are left."
    await standing.tell(conn, user, "recovery_code_used", what, kind="recovery_code", now=now)
    return "recovery_code"


async def _spend(name: str) -> None:
    if (seconds := await _spent(name)) is not None:
        raise CodesThrottled("That was tried too often. Please wait.", headers={"retry-after": str(seconds)})


async def _spent(name: str) -> int | None:
    """Count a try; if there were too many, return for how many seconds they count."""
    for limit, seconds in TRIES:
        if not await throttle.spend(f"factor:{name}:{seconds}", limit=limit, seconds=seconds):
            return seconds
    return None
