"""What may be said of a link, and what is answered to that: the models of the API. A link itself is in `outputs`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ginnel import passwords, slugs, web
from ginnel.conditions import Rules, Target, Variants
from ginnel.outputs import LinkOut, RedirectStatus


def _checked_slug(text: str) -> str:
    try:
        return slugs.parse(text)
    except slugs.BadSlug as error:
        raise PydanticCustomError(error.code, "{detail}", {"detail": error.detail}) from error


Slug = Annotated[str, AfterValidator(_checked_slug), Field(examples=["spring-sale"])]
Title = Annotated[web.Text, Field(max_length=256)]
ExternalId = Annotated[web.Text, Field(min_length=1, max_length=128, examples=["order-7"])]
Description = Annotated[web.Text, Field(max_length=512)]
Password = Annotated[passwords.Given, Field(min_length=4)]
MaxClicks = Annotated[int, Field(strict=True, ge=1, le=10**12, examples=[100])]
Tags = Annotated[list[Annotated[web.Text, Field(min_length=1, max_length=64)]], Field(max_length=32)]


class _Draft(web.Input):
    """The fields that creating and changing a link share, and the rules between them."""

    title: Title | None = None
    tags: Tags = Field(default_factory=list)
    redirect_status: RedirectStatus = 302
    allow_caching: bool = Field(
        default=False, description="Let browsers keep a 301 or 308 for 90 seconds, unseen by us."
    )
    forward_query: bool = Field(default=True, description="Pass a visitor's query parameters on to the target.")
    starts_at: web.Moment | None = None
    expires_at: web.Moment | None = None
    expired_target: Target | None = Field(default=None, description="Where it leads once it has expired or is used up.")
    forward_path: bool = Field(
        default=False, description="Pass the path behind the slug on to the target's: /docs/a/b, for the slug docs."
    )
    rules: Rules = Field(
        default_factory=list, description="Other targets for some visitors: the first whose conditions all hold wins."
    )
    variants: Variants = Field(
        default_factory=list,
        description="Targets that share out the visitors whom no rule leads, by weights that add up to 100. The same "
        "visitor gets the same one.",
    )
    password: Password | None = Field(
        default=None, description="Visitors are asked for it, and remembered for an hour."
    )
    description: Description | None = Field(
        default=None, description="With it, or an image, networks and chats show the link by its own card."
    )
    image: Target | None = Field(default=None, description="The address of the card's picture.")
    max_clicks: MaxClicks | None = Field(
        default=None,
        description="After so many clicks by people the link is used up; bots' don't count. Clicks it has had do.",
    )


class LinkDraft(_Draft):
    target: Target
    slug: Slug | None = Field(default=None, description="Left out, a random one is drawn.")
    domain: Annotated[web.Text, Field(max_length=253)] | None = Field(
        default=None,
        description="A host that this workspace may use. Left out, its default domain, or the installation's own.",
    )
    external_id: ExternalId | None = Field(
        default=None, description="Yours. If a link of the workspace has it, that one is changed instead."
    )
    reuse: bool = Field(
        default=False,
        description="Give out a link of the workspace that leads to this target and no other, if there is one.",
    )
    fetch_title: bool = Field(
        default=False,
        description="Without a title, take the target's own, if its page tells one within three seconds.",
    )


class Imported(LinkDraft):
    """What a row of a file may say of a link besides."""

    disabled: bool = False
    archived: bool = False
    protected: bool = Field(default=False, description="It had a password, which no file holds.")
    imported_clicks: Annotated[int, Field(strict=True, ge=0, le=10**12)] = 0


class LinkChange(_Draft):
    """Fields that are left out stay as they are; null clears a field that may be empty."""

    target: Target = ""  # never used as a value: what is not given is not changed
    slug: Slug = ""
    disabled: bool = False
    archived: bool = False


class VersionOut(web.Output):
    version: int
    at: datetime
    user: str | None = Field(description="The name of who made it so; null if they are gone.")
    changes: dict[str, Change] = Field(description="What it changed, by field; all of it, for the first version.")


class Change(web.Output):
    before: Any
    after: Any


class History(web.Output):
    items: list[VersionOut]


class Revert(web.Input):
    version: Annotated[int, Field(strict=True, ge=1, description="The version whose fields the link shall have again.")]


class BulkCreate(LinkDraft):
    op: Literal["create"]
    fetch_title: Literal[False] = Field(default=False, description="Pages are fetched for one link at a time only.")


class BulkUpdate(LinkChange):
    op: Literal["update"]
    id: Annotated[int, Field(strict=True, ge=1, lt=2**63)]
    if_version: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        default=None, description="Change it only if it still is at this version."
    )


class BulkDelete(web.Input):
    op: Literal["delete"]
    id: Annotated[int, Field(strict=True, ge=1, lt=2**63)]
    if_version: Annotated[int, Field(strict=True, ge=1)] | None = None


BulkItem = Annotated[BulkCreate | BulkUpdate | BulkDelete, Field(discriminator="op")]


class BulkOut(web.Output):
    """What became of one item: its status as it would have been alone, and the link or the problem."""

    status: int
    link: LinkOut | None
    problem: dict[str, Any] | None


class BulkPage(web.Output):
    items: list[BulkOut]


class Availability(web.Output):
    slug: str
    available: bool
    code: str | None = Field(description="Why it is not.")
    suggestions: list[str] = Field(description="Slugs like it that are free.")
