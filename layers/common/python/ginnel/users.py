"""People: who they are and how they prove it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field
from sqlalchemy import Identity, Text, func, select, update
from sqlalchemy.dialects.postgresql import CITEXT, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ginnel import audit, installation, passwords, tokens, web, workspaces
from ginnel.db import Base
from ginnel.errors import Conflict, NotFound, Unauthorized

MAX_EMAIL = 254
"""Characters: RFC 5321, section 4.5.3.1.3, less the angle brackets."""


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT, unique=True)
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    is_admin: Mapped[bool]
    email_verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class EmailTaken(Conflict):
    """Somebody has registered with this e-mail address already."""

    code = "email_taken"


class CredentialsInvalid(Unauthorized):
    """The e-mail address and the password don't belong together. Whether the address is known is not said."""

    code = "credentials_invalid"


def _normal(text: str) -> str:
    """Settle an address's spelling: the domain in lower case and Unicode, all in normal form C. Asks no DNS."""
    try:
        # An intranet's installation has addresses such as ada@wiki, and tests have theirs below .test (RFC 2606).
        checked = validate_email(
            text, strict=True, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return checked.normalized


Email = Annotated[web.Text, Field(max_length=MAX_EMAIL, examples=["ada@example.com"]), AfterValidator(_normal)]


class Registration(web.Input):
    email: Email
    password: passwords.New
    name: Annotated[web.Text, Field(max_length=100, description="What to call you.", examples=["Ada"])] = ""
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


class UserOut(web.Output):
    id: Annotated[int, Field(examples=[7])]
    email: Annotated[str, Field(examples=["ada@example.com"])]
    name: Annotated[str, Field(examples=["Ada"])]
    is_admin: Annotated[bool, Field(description="Whether they run this installation.")]
    email_verified_at: datetime | None
    created_at: datetime


async def register(conn: AsyncSession, wanted: Registration, *, now: datetime) -> User:
    """Add a person and their personal workspace. Raises EmailTaken, or Invalid for a common password; else as `admit` does."""
    await installation.admit(conn, email=wanted.email, invitation=wanted.invitation, now=now)
    about = [wanted.email, *wanted.email.split("@"), *wanted.name.split()]
    await passwords.check(wanted.password, pointer="/password", about=about)
    return await add(conn, email=wanted.email, name=wanted.name, password=wanted.password, now=now)


async def add(  # noqa: PLR0913  # a person's fields, each by name
    conn: AsyncSession, *, email: str, name: str, password: str, now: datetime, admin: bool = False
) -> User:
    """Add a person and their personal workspace. Raises EmailTaken."""
    fields = {
        "email": email,
        "name": name,
        "password_hash": await passwords.encode(password),
        "is_admin": admin,
        "created_at": now,
    }
    user: User | None = await conn.scalar(
        insert(User).values(fields).on_conflict_do_nothing(index_elements=["email"]).returning(User)
    )
    if user is None:
        raise EmailTaken("There is an account with this e-mail address already.")
    workspace = await workspaces.create_personal(conn, user_id=user.id, now=now)
    audit.record(conn, "user_registered", subject=f"user:{user.id}", at=now, workspace=workspace.id, user=user.id)
    return user


async def authenticate(conn: AsyncSession, given: Credentials) -> User:
    """Find the person whose e-mail address and password these are. Raises CredentialsInvalid.

    An unknown address, a disabled account and a wrong password look alike, and take as long.
    """
    claimed = (
        await conn.execute(
            select(User.id, User.password_hash).where(User.email == _spelling(given.email), User.disabled_at.is_(None))
        )
    ).one_or_none()
    # Gives the connection back while the hash waits for its turn.
    await conn.rollback()
    user = None
    if await passwords.verify(claimed.password_hash if claimed else None, given.password) and claimed:
        # Asked again: the password may have been changed, or the account disabled, while the hash was computed.
        user = await conn.scalar(
            select(User).where(
                User.id == claimed.id, User.password_hash == claimed.password_hash, User.disabled_at.is_(None)
            )
        )
    if user is None:
        raise CredentialsInvalid("The e-mail address or the password is wrong.")
    if passwords.outdated(user.password_hash):
        fresh = await passwords.encode(given.password)
        unchanged = (User.id == user.id, User.password_hash == user.password_hash)
        await conn.execute(update(User).where(*unchanged).values(password_hash=fresh))
    return user


def _spelling(email: str) -> str:
    try:
        return _normal(email)
    except ValueError:
        return email  # an operator may have made an account such as admin@localhost


async def get(conn: AsyncSession, user: int) -> User:
    found = await conn.get(User, user)
    if found is None:
        raise NotFound("user", user)
    return found


async def ensure_admin(conn: AsyncSession, *, email: str, now: datetime) -> str | None:
    """Make the first admin and return their password; None when there is an admin already.

    Raises EmailTaken rather than promote an account that a stranger may have registered.
    """
    # Of two hosts that start together one makes the admin.
    await conn.execute(select(func.pg_advisory_xact_lock(7462)))
    if await conn.scalar(select(User.id).where(User.is_admin).limit(1)) is not None:
        return None
    password = tokens.secret()
    await add(conn, email=email, name="Admin", password=password, now=now, admin=True)
    return password
