"""Passkeys: WebAuthn credentials that say whose they are, and that are used only by whom the authenticator has verified.

So one is both factors at once, and also does as the second after a password.

Who asks for options to sign in says nothing about themselves and is told nothing: there are no two answers to compare.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import audit, settings, tickets
from ginnel.errors import BadRequest, Conflict, NotFound, Unauthorized
from ginnel.tickets import TicketInvalid
from ginnel.users import User

from .assertions import Assertion, Attestation
from .tables import Passkey

T = TypeVar("T")
Options = dict[str, Any]

LIFETIME = timedelta(minutes=5)
"""Of a challenge: the least that Web Authentication, level 3, section 15.1, recommends where people are verified."""
LIMIT = 20
"""Passkeys a person may have."""
_HANDLE = 32
"""Bytes of a user handle. It says nothing of whose it is: section 14.6.1."""
_LONGEST_KEY = 1024
"""Bytes. RSA's of 4096 bits has 550; much longer ones would cost much to verify with."""


class PasskeyRefused(BadRequest):
    """The new passkey does not answer a challenge of the last five minutes, or is not one that can be taken here."""

    code = "passkey_refused"
    commits = True  # a challenge counts once, however it is answered


class PasskeyInvalid(Unauthorized):
    """No passkey of this account, or an answer to no challenge of the last five minutes."""

    code = "passkey_invalid"
    commits = True  # as above


class PasskeyKnown(Conflict):
    """This passkey is registered already."""

    code = "passkey_known"
    commits = True  # as above


class TooManyPasskeys(Conflict):
    """The account has as many passkeys as it may have: remove one."""

    code = "too_many_passkeys"


async def begin(conn: AsyncSession, user: int, *, email: str, now: datetime) -> Options:
    """Make the options by which a browser makes a passkey. Raises TooManyPasskeys."""
    import webauthn  # noqa: PLC0415  # 70 ms, most of it OpenSSL's bindings: only those who have passkeys wait for it
    from webauthn.helpers import options_to_json_dict, structs  # noqa: PLC0415  # as above

    mine = list(await conn.scalars(select(Passkey).where(Passkey.user_id == user)))
    if len(mine) >= LIMIT:
        raise TooManyPasskeys(f"An account may have {LIMIT} passkeys. Remove one first.")
    handle = mine[0].user_handle if mine else secrets.token_bytes(_HANDLE)
    challenge = await tickets.issue(
        conn, "passkey_registration", user=user, lifetime=LIFETIME, now=now, handle=handle.hex()
    )
    options = webauthn.generate_registration_options(
        rp_id=settings.site().host,
        rp_name=settings.site().host,
        user_id=handle,
        user_name=email,
        challenge=webauthn.base64url_to_bytes(challenge),
        timeout=_MILLISECONDS,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in mine],
    )
    return options_to_json_dict(options)


async def register(conn: AsyncSession, user: int, made: Attestation, *, name: str, now: datetime) -> Passkey:
    """Keep a new passkey. Raises PasskeyRefused or PasskeyKnown."""
    import webauthn  # noqa: PLC0415  # see begin

    challenge = _challenge(made.response.client_data)
    try:
        ticket = await tickets.redeem(conn, "passkey_registration", challenge, now=now)
    except TicketInvalid:
        ticket = None
    verified = _judged(
        lambda: webauthn.verify_registration_response(
            credential=made.model_dump(),
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=settings.site().host,
            expected_origin=settings.site().origin,
            require_user_verification=True,
        )
    )
    if ticket is None or ticket.user_id != user or verified is None or not _usable(verified.credential_public_key):
        raise PasskeyRefused("The passkey could not be taken. Please try again.")
    passkey: Passkey | None = await conn.scalar(
        insert(Passkey)
        .values(
            user_id=user,
            user_handle=bytes.fromhex(ticket.data["handle"]),
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            name=name,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["credential_id"])
        .returning(Passkey)
    )
    if passkey is None:
        raise PasskeyKnown("This passkey is registered already.")
    return passkey


async def ask(conn: AsyncSession, *, now: datetime) -> Options:
    """Make the options by which a browser finds a passkey for this installation, whoever's it is."""
    import webauthn  # noqa: PLC0415  # see begin
    from webauthn.helpers import options_to_json_dict, structs  # noqa: PLC0415  # as above

    challenge = await tickets.issue(conn, "passkey_use", lifetime=LIFETIME, now=now)
    options = webauthn.generate_authentication_options(
        rp_id=settings.site().host,
        challenge=webauthn.base64url_to_bytes(challenge),
        timeout=_MILLISECONDS,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


async def use(conn: AsyncSession, given: Assertion, *, of: int | None = None, now: datetime) -> int:
    """Say who has proved that they have their passkey and are its owner: `of` a person, if it must be theirs.

    Raises PasskeyInvalid.
    """
    import webauthn  # noqa: PLC0415  # see begin

    refused = PasskeyInvalid("The passkey was not accepted. Please try again.")
    challenge = _challenge(given.response.client_data)
    try:
        await tickets.redeem(conn, "passkey_use", challenge, now=now)
    except TicketInvalid:
        raise refused from None
    passkey = await _owned(conn, given)
    if passkey is None or of not in {None, passkey.user_id}:
        raise refused
    verified = _judged(
        lambda: webauthn.verify_authentication_response(
            credential=given.model_dump(),
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=settings.site().host,
            expected_origin=settings.site().origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # the database compares
            require_user_verification=True,
        )
    )
    if verified is None:
        raise refused
    if not await _advance(conn, passkey.id, verified.new_sign_count, now=now):
        subject = f"passkey:{passkey.id}"
        audit.record(conn, "passkey_count_reversed", subject=subject, at=now, user=passkey.user_id)
        raise refused
    return passkey.user_id


async def _owned(conn: AsyncSession, given: Assertion) -> Passkey | None:
    """Find the passkey that an assertion names, if its owner may sign in and the authenticator knows them as its owner."""
    import webauthn  # noqa: PLC0415  # see begin

    identifier = _judged(lambda: webauthn.base64url_to_bytes(given.raw_id))
    handle = _judged(lambda: webauthn.base64url_to_bytes(given.response.user_handle or ""))
    found: Passkey | None = await conn.scalar(
        select(Passkey)
        .join(User, User.id == Passkey.user_id)
        .where(Passkey.credential_id == identifier, Passkey.user_handle == handle, User.disabled_at.is_(None))
    )
    return found


async def _advance(conn: AsyncSession, passkey: int, count: int, *, now: datetime) -> bool:
    """Keep a signature's count. One that does not grow is of a copy, unless the authenticator counts none at all (6.1.1)."""
    grows = or_(Passkey.sign_count < count, (Passkey.sign_count == 0) & (count == 0))
    advanced = await conn.scalar(
        update(Passkey)
        .where(Passkey.id == passkey, grows)
        .values(sign_count=count, last_used_at=func.greatest(Passkey.last_used_at, now))
        .returning(Passkey.id)
        .execution_options(synchronize_session=False)
    )
    return advanced is not None


async def rename(conn: AsyncSession, passkey: int, *, of: int, name: str) -> Passkey:
    """Raises NotFound."""
    renamed: Passkey | None = await conn.scalar(
        update(Passkey).where(Passkey.id == passkey, Passkey.user_id == of).values(name=name).returning(Passkey)
    )
    if renamed is None:
        raise NotFound("passkey", passkey)
    return renamed


async def remove(conn: AsyncSession, passkey: int, *, of: int) -> str:
    """Forget a passkey, and return the name that it had. Raises NotFound."""
    name = await conn.scalar(
        delete(Passkey)
        .where(Passkey.id == passkey, Passkey.user_id == of)
        .returning(Passkey.name)
        .execution_options(synchronize_session=False)
    )
    if name is None:
        raise NotFound("passkey", passkey)
    return name


_MILLISECONDS = LIFETIME // timedelta(milliseconds=1)


def _challenge(client_data: str) -> str:
    """Read which challenge is answered, as it was issued; nothing if a page in another site's frame has answered."""
    import webauthn  # noqa: PLC0415  # see begin

    said = _judged(lambda: json.loads(webauthn.base64url_to_bytes(client_data)))
    match said:
        case {"crossOrigin": crossed} if crossed:
            return ""
        case {"challenge": str(challenge)} if challenge.isascii():
            return challenge
    return ""


def _usable(key: bytes) -> bool:
    """Say whether signatures can be verified with a public key: without an attestation nothing has been yet."""
    from webauthn import helpers  # noqa: PLC0415  # see begin

    if len(key) > _LONGEST_KEY:
        return False
    return (
        _judged(lambda: helpers.decoded_public_key_to_cryptography(helpers.decode_credential_public_key(key)))
        is not None
    )


def _judged(work: Callable[[], T]) -> T | None:
    """Return what is made of a stranger's bytes; None if they are not what they must be."""
    try:
        return work()
    except Exception:  # noqa: BLE001  # the library lets out what its parsers raise: KeyError, IndexError, TypeError …
        return None
