"""People: who they are and how they prove it.

An e-mail address is a claim until a mail sent there is answered. Any number of accounts may claim one, so that registering
tells nobody whether it is known; one at most has proved it. Until one has, its owner is who claimed it first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import Identity, Index, Row, Text, func, select, text, union_all, update
from sqlalchemy.dialects.postgresql import CITEXT, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, mail, passwords, tokens, web, workspaces
from ginnel.db import Base
from ginnel.errors import Conflict, Forbidden, NotFound, Unauthorized

MAX_EMAIL = 254
"""Characters: RFC 5321, section 4.5.3.1.3, less the angle brackets."""


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        Index("users_email_idx", "email"),
        Index("users_email_verified_idx", "email", unique=True, postgresql_where=text("email_verified_at is not null")),
        Index("users_guest_until_idx", "guest_until", postgresql_where=text("guest_until is not null")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT)
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    is_admin: Mapped[bool]
    email_verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    guest_until: Mapped[datetime | None]
    """When a guest is erased who has not signed up by then (see `guests`); None for everybody else."""

    @property
    def guest(self) -> bool:
        return self.guest_until is not None


class EmailTaken(Conflict):
    """Another account has proved that this e-mail address is its own."""

    code = "email_taken"


class GuestGone(Conflict):
    """This guest has signed up meanwhile, or is no more."""

    code = "guest_gone"


class EmailUnverified(Forbidden):
    """An e-mail address is not verified: the account's own, or the one that a provider of sign-in names."""

    code = "email_unverified"


class CredentialsInvalid(Unauthorized):
    """The e-mail address and the password don't belong together. Whether the address is known is not said."""

    code = "credentials_invalid"


def _normal(text: str, *, ascii_local: bool = True) -> str:
    """Settle an address's spelling: the domain in lower case and Unicode, all in normal form C. Asks no DNS.

    What stands before the @ is ASCII. No mail gets to another without SMTPUTF8 (RFC 6531), and of other letters Python and
    the database think differently which are the same but for their case.
    """
    try:
        # An intranet's installation has addresses such as ada@wiki, and tests have theirs below .test (RFC 2606).
        checked = validate_email(
            text,
            strict=True,
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
            allow_smtputf8=not ascii_local,
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return checked.normalized


Email = Annotated[web.Text, Field(max_length=MAX_EMAIL, examples=["ada@example.com"]), AfterValidator(_normal)]


NOBODY = "guest:"
"""How the text begins that stands in the place of a guest's address: it is none, so nobody signs in with it."""


def address(email: str | None) -> str | None:
    """Return an account's address as it is shown; None for a guest, who has none."""
    return None if email is None or email.startswith(NOBODY) else email


Shown = Annotated[
    str | None,
    Field(description="Null for a guest, who has none.", examples=["ada@example.com"]),
    BeforeValidator(address),
]


Name = Annotated[web.Text, Field(max_length=100, description="What to call you.", examples=["Ada"])]


class Registration(web.Input):
    email: Email
    password: passwords.New
    name: Name = ""
    invitation: Annotated[
        web.Text | None,
        Field(max_length=128, description="From the mail that invited you, where registration is by invitation only."),
    ] = None


class Credentials(web.Input):
    email: Annotated[web.Text, Field(max_length=MAX_EMAIL, examples=["ada@example.com"])]
    password: passwords.Given
    totp: Annotated[
        web.Text | None, Field(max_length=32, description="For accounts with a second factor.", examples=["123456"])
    ] = None


class UserChange(web.Input):
    name: Name


class UserOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    email: Shown
    name: Annotated[str, Field(examples=["Ada"])]
    guest: Annotated[bool, Field(description="Whether they have still to sign up: see `POST /api/v1/auth/guest`.")]
    is_admin: Annotated[bool, Field(description="Whether they run this installation.")]
    email_verified_at: datetime | None
    created_at: datetime


async def register(  # noqa: PLR0913  # what is known of who registers, each by name
    conn: AsyncSession,
    wanted: Registration,
    *,
    verified: bool = False,
    tell: bool = True,
    guest: int | None = None,
    now: datetime,
) -> User:
    """Add a person and their personal workspace, or make one of a guest, and `tell` their mailbox.

    It does the same whether or not the address is known: only its mailbox will hear. Whoever has an invitation has
    `verified` theirs already: for them alone it raises EmailTaken. Raises Invalid for a common password, GuestGone.
    """
    about = [wanted.email, *wanted.email.split("@"), *wanted.name.split()]
    await passwords.check(wanted.password, pointer="/password", about=about)
    if guest is None:
        user = await add(
            conn, email=wanted.email, name=wanted.name, password=wanted.password, verified=verified, now=now
        )
    else:
        user = await _sign_up(conn, guest, wanted, verified=verified, now=now)
    if tell and not verified:
        mail.send(conn, "welcome", to=wanted.email, now=now, user=user.id)
    return user


async def join(conn: AsyncSession, *, email: str, name: str, now: datetime) -> User:
    """Add a person who has proved their address elsewhere, and comes without a password. Raises EmailTaken."""
    return await add(conn, email=email, name=name, password=None, now=now, verified=True)


async def add(  # noqa: PLR0913  # a person's fields, each by name
    conn: AsyncSession,
    *,
    email: str,
    name: str,
    password: str | None,
    now: datetime,
    admin: bool = False,
    verified: bool = False,
) -> User:
    """Add a person, with a password or without, and their personal workspace.

    Raises EmailTaken if another has proved an address that is `verified`.
    """
    fields = {
        "email": email,
        "name": name,
        "password_hash": passwords.NONE if password is None else await passwords.encode(password),
        "is_admin": admin,
        "email_verified_at": now if verified else None,
        "created_at": now,
    }
    user: User | None = await conn.scalar(
        insert(User)
        .values(fields)
        .on_conflict_do_nothing(index_elements=["email"], index_where=User.email_verified_at.is_not(None))
        .returning(User)
    )
    if user is None:
        raise EmailTaken("There is an account with this e-mail address already.")
    workspace = await workspaces.create_personal(conn, user_id=user.id, now=now)
    audit.record(conn, "user_registered", subject=f"user:{user.id}", at=now, workspace=workspace.id, user=user.id)
    return user


async def _sign_up(conn: AsyncSession, guest: int, wanted: Registration, *, verified: bool, now: datetime) -> User:
    """Make an account of a guest, who keeps what is theirs. Raises EmailTaken, GuestGone."""
    fields = {
        "email": wanted.email,
        "name": wanted.name,
        "password_hash": await passwords.encode(wanted.password),
        "email_verified_at": now if verified else None,
        "guest_until": None,
    }
    still = (User.id == guest, User.guest_until.is_not(None), User.disabled_at.is_(None))
    changed = update(User).where(*still).values(fields).returning(User).execution_options(populate_existing=True)
    try:
        user: User | None = await conn.scalar(changed)
    except IntegrityError as error:
        raise EmailTaken("There is an account with this e-mail address already.") from error
    if user is None:
        raise GuestGone("You have signed up already, or waited for too long.")
    audit.record(conn, "guest_registered", subject=f"user:{user.id}", at=now, user=user.id)
    return user


async def authenticate(conn: AsyncSession, given: Credentials, *, only: int | None = None) -> User:
    """Find the person whose e-mail address and password these are, or this one alone. Raises CredentialsInvalid.

    An unknown address, a disabled account and a wrong password look alike, and take as long: two hashes. For an address may
    be claimed by somebody else before its owner comes, and both must be able to sign in.
    """
    claimants = await _claimants(conn, given.email, only=only)
    # Gives the connection back while the hashes wait for their turn.
    await conn.rollback()
    user = None
    for claimant in (*claimants, None, None)[:2]:
        if await passwords.verify(claimant.password_hash if claimant else None, given.password) and claimant:
            # Asked again: the password may have been changed, or the account disabled, while the hash was computed. A change
            # that comes now waits for the session that is about to be, to end it.
            unchanged = (User.id == claimant.id, User.password_hash == claimant.password_hash)
            user = await conn.scalar(
                select(User).where(*unchanged, User.disabled_at.is_(None)).with_for_update(key_share=True)
            )
            break
    if user is None:
        raise CredentialsInvalid("The e-mail address or the password is wrong.")
    if passwords.outdated(user.password_hash):
        fresh = await passwords.encode(given.password)
        unchanged = (User.id == user.id, User.password_hash == user.password_hash)
        await conn.execute(update(User).where(*unchanged).values(password_hash=fresh))
    return user


async def _claimants(conn: AsyncSession, email: str, *, only: int | None) -> list[Row[int, str, str]]:
    """Find an address's owner, and then who else claimed it last; or `only` this one of those who claim it."""
    claims = select(User.id, User.password_hash, User.email)
    claims = claims.where(User.email == spelling(email), User.disabled_at.is_(None))
    if only is not None:
        claims = claims.where(User.id == only)
    owner = claims.order_by(User.email_verified_at.is_(None), User.id).limit(1).subquery()
    newest = claims.where(User.id != select(owner.c.id).scalar_subquery()).order_by(User.id.desc()).limit(1).subquery()
    found = await conn.execute(union_all(select(owner), select(newest)))
    # The database takes `İ` for `i`: by that, more spellings would lead to an account than tries are counted for it.
    return [claim for claim in found if key(claim.email) == key(email)]


def spelling(email: str) -> str:
    """Settle the spelling of an address that somebody signs in with."""
    try:
        return _normal(email, ascii_local=False)
    except ValueError:
        return email  # an operator may have made an account such as admin@localhost


def key(email: str) -> str:
    """Return what an address is compared and counted by, however it is spelt: those of `Email` as the database does."""
    return spelling(email).lower()


def proper(email: str) -> str | None:
    """Settle the spelling of an address that another has vouched for; None if it is none that an account may have."""
    try:
        return _normal(email)
    except ValueError:
        return None


async def get(conn: AsyncSession, user: int) -> User:
    found = await conn.get(User, user)
    if found is None:
        raise NotFound("user", user)
    return found


async def rename(conn: AsyncSession, user: int, *, name: str, now: datetime) -> User:
    """Change what somebody is called; the log does not say to what, so that it need not be erased there. Raises NotFound."""
    changed: User | None = await conn.scalar(
        update(User).where(User.id == user, User.disabled_at.is_(None)).values(name=name).returning(User)
    )
    if changed is None:
        raise NotFound("user", user)
    audit.record(conn, "user_renamed", subject=f"user:{user}", at=now, user=user)
    return changed


async def ensure_admin(conn: AsyncSession, *, email: str, now: datetime) -> str | None:
    """Make the first admin and return their password; None when there is an admin already.

    Their address counts as proved: who runs the installation has named it. An account that a stranger has registered with it
    is not promoted, nor in the way; raises EmailTaken if its owner has proved it.
    """
    # Of two hosts that start together one makes the admin.
    await conn.execute(select(func.pg_advisory_xact_lock(7462)))
    if await conn.scalar(select(User.id).where(User.is_admin).limit(1)) is not None:
        return None
    password = tokens.secret()
    await add(conn, email=email, name="Admin", password=password, now=now, admin=True, verified=True)
    return password
