"""Which target a described visitor of a link gets, and why: the redirect's own decision, step by step."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ginnel import locks, redirects, rules, web
from ginnel.redirects import Record
from ginnel.rules import Visitor


def _one_query(text: str) -> str:
    if not text.isascii() or any(c in text for c in " #"):
        raise ValueError("must be a query string as browsers send it, percent-encoded")
    return text.removeprefix("?")


class Described(web.Input):
    """A visitor. Traits that are not given are found as those of a request would be: by address, agent and headers."""

    user_agent: Annotated[web.Text, Field(max_length=1024)] = ""
    accept_language: Annotated[web.Text, Field(max_length=512, examples=["de-AT,en;q=0.8"])] = ""
    referrer: Annotated[web.Text, Field(max_length=2048)] = ""
    query: Annotated[web.Text, Field(max_length=2048, examples=["ref=mail"]), AfterValidator(_one_query)] = ""
    address: Annotated[web.Text, Field(max_length=64, examples=["192.0.2.7"])] = ""
    at: web.Moment | None = Field(default=None, description="When; left out, now.")
    password_given: bool = False
    device: Literal["desktop", "mobile", "tablet", "tv", "console", "other"] | None = None
    os: Annotated[web.Text, Field(max_length=64, examples=["iOS"])] | None = None
    browser: Annotated[web.Text, Field(max_length=64, examples=["Safari"])] | None = None
    country: Annotated[web.Text, Field(max_length=2, examples=["AT"])] | None = None
    region: Annotated[web.Text, Field(max_length=6, examples=["AT-9"])] | None = None
    city: Annotated[web.Text, Field(max_length=128, examples=["Vienna"])] | None = None
    continent: Annotated[web.Text, Field(max_length=2, examples=["EU"])] | None = None


_TRAITS = ("device", "os", "browser", "country", "region", "city", "continent")


class ConditionOut(web.Output):
    condition: dict[str, Any]
    visitor: str = Field(description="What the visitor has of what the condition asks for.")
    holds: bool


class RuleOut(web.Output):
    name: str
    target: str
    outcome: Literal["served", "no match", "not reached"]
    conditions: list[ConditionOut]


class Explanation(web.Output):
    status: int
    location: str | None
    code: str | None = Field(description="Why there is no redirect.")
    served: str | None = Field(
        description="The rule or the variant that is served; null if it is the link's own target."
    )
    share: int | None = Field(description="Which hundredth of the visitors this one belongs to, if there are variants.")
    rules: list[RuleOut]


def explain(record: Record, described: Described, *, used_up: bool, now: datetime) -> Explanation:
    at = (described.at or now).timestamp()
    cookie = ""
    if record.lock and described.password_given:
        cookie = f"{locks.cookie_name(record.link)}={locks.open_for(record.lock, record.link, now=at)}"
    known = {name: value for name in _TRAITS if (value := getattr(described, name)) is not None}
    visitor = Visitor(
        at=at,
        user_agent=_as_sent(described.user_agent),
        language=_as_sent(described.accept_language),
        referrer=_as_sent(described.referrer),
        query=described.query,
        address=described.address,
        cookie=cookie,
        known=known,
    )
    answer = redirects.decide(record, described.query.encode(), at, visitor=visitor, used_up=used_up)
    led = bool(answer.location) and not answer.code
    return Explanation(
        status=answer.status,
        location=answer.location or None,
        code=answer.code or None,
        served=answer.served or None,
        share=rules.share(visitor, link=record.link) if record.variants else None,
        rules=_rules(record.rules, visitor) if led and record.rules else [],
    )


def _as_sent(text: str) -> str:
    """Spell a header as a request's is read: a character a byte."""
    return text.encode().decode("latin-1")


def _rules(stored: str, visitor: Visitor) -> list[RuleOut]:
    shown: list[RuleOut] = []
    reached = True
    for rule in rules.compiled(stored):
        matches = rule.matches(visitor)
        shown.append(
            RuleOut(
                name=rule.name,
                target=rule.target,
                outcome=("served" if matches else "no match") if reached else "not reached",
                conditions=[
                    ConditionOut(condition=dict(c.wanted), visitor=c.seen(visitor), holds=c.holds(visitor))
                    for c in rule.conditions
                ],
            )
        )
        reached = reached and not matches
    return shown
