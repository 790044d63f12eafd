"""What a link's rules and variants may be, as the API takes them: each fault named where it is. `rules` applies them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from ipaddress import ip_network
from itertools import combinations
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from ada_url import URL
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from ginnel import rules, targets, web
from ginnel.errors import FieldError


@cache
def countries() -> frozenset[str]:
    """List the codes of ISO 3166-1 alpha-2, as the time zone database has them."""
    lines = (resources.files("tzdata") / "zoneinfo/iso3166.tab").read_text().splitlines()
    return frozenset(line[:2] for line in lines if line and not line.startswith("#"))


def _country(code: str) -> str:
    if code.upper() not in countries():
        raise PydanticCustomError("country_unknown", "is not a country's code, such as DE (ISO 3166-1 alpha-2)")
    return code.upper()


def _region(code: str) -> str:
    country, _, part = code.upper().partition("-")
    if country not in countries() or not (part.isalnum() and part.isascii() and len(part) <= 3):  # noqa: PLR2004
        raise PydanticCustomError("region_unknown", "is not a region's code, such as DE-BY (ISO 3166-2)")
    return code.upper()


def _host(name: str) -> str:
    try:
        host = URL(f"https://{name}/").hostname
    except ValueError:
        host = ""
    if not host or set(name) & set("/?#@:"):
        raise PydanticCustomError("host_invalid", "is not a host's name, such as news.example.com")
    return host.removesuffix(".")


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise PydanticCustomError(
            "address_invalid", "is not an address or a range of them, such as 192.0.2.0/24"
        ) from None


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("timezone_unknown", "is not a time zone's name, such as Europe/Berlin")
    ZoneInfo(name)
    return name


def _target(text: str) -> str:
    try:
        return targets.normalise(text, own_hosts=())
    except targets.BadTarget as error:
        raise PydanticCustomError(error.code, "{detail}", {"detail": error.detail}) from error


Target = Annotated[str, AfterValidator(_target), Field(examples=["https://example.com/a/long/page?id=7"])]
_Word = Annotated[web.Text, Field(min_length=1, max_length=64)]
_Zone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_zone)]
_Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"), Field(examples=["09:00"])]
_Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-([A-Za-z]{2}|\d{3}))?$"), Field(examples=["de-AT"])]
_Some = Field(min_length=1, max_length=100)


class Device(web.Input):
    type: Literal["device"]
    values: Annotated[
        list[Literal["desktop", "mobile", "tablet", "tv", "console", "other", "ios", "android"]],
        _Some,
    ]


class Named(web.Input):
    """The system, the browser or the city, by its name in whatever case."""

    type: Literal["os", "browser", "city"]
    values: Annotated[list[_Word], _Some]


class Country(web.Input):
    type: Literal["country"]
    values: Annotated[list[Annotated[str, AfterValidator(_country)]], Field(min_length=1, max_length=300)]


class Region(web.Input):
    type: Literal["region"]
    values: Annotated[list[Annotated[str, AfterValidator(_region)]], _Some]


class Continent(web.Input):
    type: Literal["continent"]
    values: Annotated[list[Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"]], _Some]


class Language(web.Input):
    """The language that the browser asks for first; one without a region stands for all of its regions."""

    type: Literal["language"]
    values: Annotated[list[_Tag], _Some]


class Query(web.Input):
    """A parameter of the short address, with one of the values, or with any if none is named."""

    type: Literal["query"]
    name: _Word
    values: Annotated[list[Annotated[web.Text, Field(max_length=256)]], _Some] | None = None


class Referrer(web.Input):
    """The host that the visitor comes from, or one that it is a subdomain of."""

    type: Literal["referrer"]
    values: Annotated[list[Annotated[str, Field(max_length=253), AfterValidator(_host)]], _Some]


class Address(web.Input):
    type: Literal["address"]
    values: Annotated[list[Annotated[str, Field(max_length=64), AfterValidator(_network)]], _Some]


class Hours(web.Input):
    """A time of day; over midnight if it ends before it begins."""

    type: Literal["hours"]
    begin: _Clock = Field(alias="from")
    until: _Clock
    timezone: _Zone

    @model_validator(mode="after")
    def _some_time(self) -> Hours:
        if self.begin == self.until:
            raise PydanticCustomError("not_in_order", "must not begin and end at the same time")
        return self


class Days(web.Input):
    type: Literal["days"]
    values: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], _Some]
    timezone: _Zone


class Dates(web.Input):
    type: Literal["dates"]
    begin: web.Moment | None = Field(default=None, alias="from")
    until: web.Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Dates:
        if self.begin is None and self.until is None:
            raise PydanticCustomError("missing", "must have a beginning or an end")
        if self.begin and self.until and self.begin >= self.until:
            raise PydanticCustomError("not_in_order", "must begin before it ends")
        return self


Condition = Annotated[
    Device | Named | Country | Region | Continent | Language | Query | Referrer | Address | Hours | Days | Dates,
    Field(discriminator="type"),
]
_Name = Annotated[web.Text, Field(min_length=1, max_length=64, examples=["spring"])]


class Rule(web.Input):
    """Who fulfils all of the conditions is led to the target."""

    target: Target
    name: _Name | None = Field(default=None, description="By which its clicks are told apart; left out, its number.")
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=20)]


class Variant(web.Input):
    """A part of the visitors is led to the target: `weight` of a hundred."""

    target: Target
    name: _Name | None = None
    weight: Annotated[int, Field(strict=True, ge=1, le=100)]


Rules = Annotated[list[Rule], Field(max_length=50)]
Variants = Annotated[list[Variant], Field(max_length=20)]


def stored(items: Sequence[Rule | Variant]) -> list[dict[str, Any]]:
    """Make what is kept of rules or variants, and shown again."""
    return [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in items]


def faults(wanted: Sequence[Rule], variants: Sequence[Variant]) -> Iterator[FieldError]:
    """Find what is wrong between rules and conditions that are each right by themselves."""
    met: dict[str, int] = {}
    for number, rule in enumerate(wanted):
        for (_, one), (place, other) in combinations(enumerate(rule.conditions), 2):
            if _exclude(one, other):
                yield FieldError(
                    f"/rules/{number}/conditions/{place}", "contradicts", "contradicts another condition of its rule"
                )
        conditions = str(sorted(condition.model_dump_json() for condition in rule.conditions))
        if conditions in met:
            yield FieldError(
                f"/rules/{number}", "never_reached", f"has the conditions of rule {met[conditions]}, which comes first"
            )
        met.setdefault(conditions, number + 1)
    if variants and sum(variant.weight for variant in variants) != rules.SHARES:
        yield FieldError("/variants", "weights_sum", f"the weights must add up to {rules.SHARES}")


def _exclude(one: Any, other: Any) -> bool:  # noqa: ANN401  # any two kinds of condition
    """Say whether no visitor can fulfil both."""
    kinds = {one.type: one, other.type: other}
    if len(kinds) == 1:
        # A visitor has one of each; parameters, though, may be given twice, and devices have two names.
        single = one.type in {"os", "browser", "country", "region", "city", "continent", "days"}
        same_zone = getattr(one, "timezone", None) == getattr(other, "timezone", None)
        return (
            single and same_zone and {v.casefold() for v in one.values}.isdisjoint(v.casefold() for v in other.values)
        )
    if kinds.keys() == {"country", "region"}:
        return all(region.partition("-")[0] not in kinds["country"].values for region in kinds["region"].values)
    return False
