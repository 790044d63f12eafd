"""What it means to be signed in: a session, its cookie, and the answer that says so."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from ginnel import devices, sessions, tokens, web
from ginnel.users import User, UserOut

from . import cookies

if TYPE_CHECKING:
    from ginnel.factors import Means

OwnPage = Depends(cookies.same_site)
"""For every route that reads or sets a cookie."""


class SignedIn(web.Output):
    user: UserOut
    access_token: Annotated[
        str, Field(description="Send it as `Authorization: Bearer …`.", examples=["eyJhbGciOiJIUzI1NiIs…"])
    ]
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds.", examples=[900])]


async def sign_in(  # noqa: PLR0913  # a session's circumstances, each by name
    conn: AsyncSession,
    user: User,
    request: Request,
    response: Response,
    *,
    second_factor: Means | None = None,
    remembered: bool = True,
    now: datetime,
) -> SignedIn:
    """Start a session for somebody who has proved who they are, by a second factor too if they have one.

    Their browser is `remembered` as theirs. That of a guest is still that of whoever it was before.
    """
    device, secret = None, None
    if remembered:
        device, secret = await devices.remember(conn, cookies.read_device(request), user=user.id, now=now)
    grant = await sessions.start(
        conn,
        user=user.id,
        user_agent=request.headers.get("user-agent", ""),
        address=web.address(request),
        device=device,
        second_factor=second_factor,
        now=now,
    )
    answer = await signed_in(user, grant, response, now=now)
    if secret is not None:
        cookies.put_device(response, secret)
    return answer


async def signed_in(user: User, grant: sessions.Grant, response: Response, *, now: datetime) -> SignedIn:
    """Answer with a session's next tokens: the refresh token as a cookie, the access token in the body."""
    cookies.put(response, grant.refresh)
    response.headers["cache-control"] = "no-store"
    return SignedIn(
        user=UserOut.model_validate(user),
        access_token=await tokens.issue(user=user.id, session=grant.session, now=now),
        token_type="Bearer",  # noqa: S106  # RFC 6750's name for the kind
        expires_in=int(tokens.LIFETIME.total_seconds()),
    )
