"""Rules: which of a link's targets a visitor gets, by what the request tells of them.

A link's rules are tried in order; the first all of whose conditions hold wins. Where none does, its variants share the
visitors out. A condition is a JSON object with a `type`; what else stands in it: `conditions`. The redirect and `explain`
both ask here, so that they agree. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from ginnel.agents import Agent
    from ginnel.places import Place, Places

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHARES = 100
"""What the weights of a link's variants add up to."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_PARAMETERS: Mapping[str, Sequence[str]] = MappingProxyType({})


T = TypeVar("T")


class _once(Generic[T]):  # noqa: N801  # reads as the decorator that it is
    """A property that is made when it is first asked for. Before Python 3.12, functools' own takes a lock each time."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, instance: Any, _: type) -> T:  # noqa: ANN401  # of whatever class
        made = instance.__dict__[self._name] = self._make(instance)
        return made


# What few links ask for is imported when it is, once: each time, the statement alone would cost as much as a condition.


@cache
def _readers() -> tuple[Callable[[str], Agent], Callable[[str], str | None]]:
    from ginnel.agents import language, parse  # noqa: PLC0415  # reads and compiles long lists

    return parse, language


@cache
def _places() -> tuple[Callable[[], Places | None], Place]:
    from ginnel.places import NOWHERE, known  # noqa: PLC0415  # opens a database

    return known, NOWHERE


@lru_cache(maxsize=1024)
def _host(address: str) -> str:
    """Return the host of a page's address; "" if it has none."""
    from ada_url import URL  # noqa: PLC0415  # as above

    try:
        return URL(address).hostname.lower().removesuffix(".")
    except ValueError:
        return ""


@lru_cache(maxsize=8192)
def _network(address: str) -> tuple[int, int] | None:
    """Return an address's version and number; None if it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    found = (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found
    return found.version, int(found)


class Visitor:
    """A visitor as the request describes them. What has to be looked up is, once, when a condition first asks for it."""

    def __init__(  # noqa: PLR0913  # what a request says, each by name
        self,
        *,
        at: float,
        user_agent: str = "",
        language: str = "",
        referrer: str = "",
        query: str = "",
        address: str = "",
        cookie: str = "",
        known: Mapping[str, str] = _NOTHING,
    ) -> None:
        """`at` is in seconds since the epoch; `known` are traits to take as given, by the name that conditions have."""
        self.at = at
        self.user_agent = user_agent
        self.accept_language = language
        self.referrer = referrer
        self.query = query
        self.address = address
        self.cookie = cookie
        self.known = known
        self._clocks: dict[str, datetime] = {}

    @classmethod
    def of(cls, headers: Mapping[bytes, bytes], *, address: bytes, query: bytes, at: float) -> Visitor:
        """Take a request's word. `headers` by lower-case name."""
        said = headers.get
        return cls(
            at=at,
            user_agent=said(b"user-agent", b"").decode("latin-1"),
            language=said(b"accept-language", b"").decode("latin-1"),
            referrer=said(b"referer", b"").decode("latin-1"),
            query=query.decode("latin-1"),
            address=address.decode("latin-1"),
            cookie=said(b"cookie", b"").decode("latin-1"),
        )

    @_once
    def agent(self) -> Agent:
        parse, _ = _readers()
        found = parse(self.user_agent)
        if not self.known:
            return found
        known: dict[str, Any] = {name: self.known[name] for name in found._fields if name in self.known}
        return found._replace(**known)

    @_once
    def place(self) -> Place:
        known, nowhere = _places()
        database = known()
        found = database.find(self.address) if database else nowhere
        if not self.known:
            return found
        return found._replace(**{name: self.known[name] for name in found._fields if name in self.known})

    @_once
    def language(self) -> str:
        """The language that is liked best, and its region if it has one; "" if none is."""
        _, language = _readers()
        return language(self.accept_language) or ""

    @_once
    def devices(self) -> frozenset[str]:
        """The kind of device, and `ios` or `android` if it is one of these."""
        system = (self.agent.os or "").casefold()
        return frozenset({self.agent.device, *({system} & {"ios", "android"})})

    @_once
    def parameters(self) -> Mapping[str, Sequence[str]]:
        """The query's values by their names."""
        return parse_qs(self.query, keep_blank_values=True, errors="replace") if self.query else _NO_PARAMETERS

    @_once
    def source(self) -> str:
        """The host of the page that the visitor came from; "" if it is not told."""
        return _host(self.referrer) if self.referrer else ""

    def clock(self, zone: str) -> datetime:
        if zone not in self._clocks:
            self._clocks[zone] = datetime.fromtimestamp(self.at, ZoneInfo(zone))
        return self._clocks[zone]


Wanted = Mapping[str, Any]
"""A condition as it is stored and as the API has it."""
Test = Callable[[Visitor], bool]


class Condition(NamedTuple):
    wanted: Wanted
    holds: Test

    def seen(self, visitor: Visitor) -> str:
        """Return what the condition looks at in this visitor."""
        return _KINDS[self.wanted["type"]].seen(visitor, self.wanted)


class Rule(NamedTuple):
    target: str
    name: str
    conditions: tuple[Condition, ...]
    matches: Test
    """Says whether they all hold."""


class Variant(NamedTuple):
    target: str
    name: str
    until: int
    """The end of its part of the shares; it begins where the one before it ends."""


class Served(NamedTuple):
    target: str
    name: str
    """The rule's or the variant's, as clicks are told apart by it."""


def choose(rules: str | None, variants: str | None, visitor: Visitor, *, link: int) -> Served | None:
    """Say what a visitor gets in place of the link's own target. Rules and variants are the JSON that is stored."""
    for rule in compiled(rules) if rules else ():
        if rule.matches(visitor):
            return Served(rule.target, rule.name)
    if not variants:
        return None
    mine = share(visitor, link=link)
    return next(Served(variant.target, variant.name) for variant in shared(variants) if mine < variant.until)


def share(visitor: Visitor, *, link: int) -> int:
    """Give each visitor of a link a number below SHARES, always the same for the same address and browser."""
    who = f"{link}\n{visitor.address}\n{visitor.user_agent}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(who, digest_size=8).digest()) % SHARES


@lru_cache(maxsize=2048)
def compiled(rules: str) -> tuple[Rule, ...]:
    return tuple(_compiled(rule, number) for number, rule in enumerate(json.loads(rules), 1))


def _compiled(rule: dict[str, Any], number: int) -> Rule:
    conditions = tuple(Condition(wanted, _KINDS[wanted["type"]].test(wanted)) for wanted in rule["conditions"])
    return Rule(rule["target"], rule.get("name") or f"rule {number}", conditions, _all(conditions))


def _all(conditions: tuple[Condition, ...]) -> Test:
    tests = tuple(condition.holds for condition in conditions)
    if len(tests) == 1:
        return tests[0]

    def test(visitor: Visitor) -> bool:
        for holds in tests:  # noqa: SIM110  # all() of a generator costs as much again as what it asks
            if not holds(visitor):
                return False
        return True

    return test


@lru_cache(maxsize=2048)
def shared(variants: str) -> tuple[Variant, ...]:
    return tuple(_shared(json.loads(variants)))


def _shared(variants: list[dict[str, Any]]) -> Iterator[Variant]:
    until = 0
    for number, variant in enumerate(variants, 1):
        until += variant["weight"]
        yield Variant(variant["target"], variant.get("name") or f"variant {number}", until)


class _Kind(NamedTuple):
    """What a type of condition looks at, for people, and how a test is made of one."""

    seen: Callable[[Visitor, Wanted], str]
    test: Callable[[Wanted], Test]


def _one_of(trait: Callable[[Visitor], str | None]) -> _Kind:
    """Make a kind whose condition holds if a visitor's trait is among its values, whatever the case."""

    def test(wanted: Wanted) -> Test:
        values = frozenset(value.casefold() for value in wanted["values"])
        return lambda visitor: (found := trait(visitor)) is not None and found.casefold() in values

    return _Kind(lambda visitor, _: trait(visitor) or "", test)


def _devices(wanted: Wanted) -> Test:
    values = frozenset(wanted["values"])
    return lambda visitor: not values.isdisjoint(visitor.devices)


def _language(wanted: Wanted) -> Test:
    """A language alone stands for all of its regions (RFC 4647, section 3.3.1)."""
    values = frozenset(value.casefold() for value in wanted["values"])

    def test(visitor: Visitor) -> bool:
        tag = visitor.language.casefold()
        return tag in values or tag.partition("-")[0] in values

    return test


def _query(wanted: Wanted) -> Test:
    name = wanted["name"]
    if wanted.get("values") is None:
        return lambda visitor: name in visitor.parameters
    values = frozenset(wanted["values"])
    return lambda visitor: name in visitor.parameters and not values.isdisjoint(visitor.parameters[name])


def _queried(visitor: Visitor, wanted: Wanted) -> str:
    return ", ".join(visitor.parameters.get(wanted["name"], ()))


def _referrer(wanted: Wanted) -> Test:
    """A host stands for its subdomains too."""
    hosts = tuple(f".{host}" for host in wanted["values"])
    return lambda visitor: f".{visitor.source}".endswith(hosts)


def _address(wanted: Wanted) -> Test:
    networks = [
        (network.version, int(network.netmask), int(network.network_address))
        for network in map(ip_network, wanted["values"])
    ]

    def test(visitor: Visitor) -> bool:
        if (address := _network(visitor.address)) is None:
            return False
        # As `in` has it, which costs more than all else here.
        kind, number = address
        for version, mask, begin in networks:  # noqa: SIM110  # as in _all
            if version == kind and number & mask == begin:
                return True
        return False

    return test


def _hours(wanted: Wanted) -> Test:
    """From a time of day up to, not including, another; the later day's, if it is earlier or the same."""
    begin, end, zone = time.fromisoformat(wanted["from"]), time.fromisoformat(wanted["until"]), wanted["timezone"]

    def test(visitor: Visitor) -> bool:
        now = visitor.clock(zone).time()
        return begin <= now < end if begin < end else now >= begin or now < end

    return test


def _days(wanted: Wanted) -> Test:
    values, zone = frozenset(map(DAYS.index, wanted["values"])), wanted["timezone"]
    return lambda visitor: visitor.clock(zone).weekday() in values


def _dates(wanted: Wanted) -> Test:
    begin, end = (
        datetime.fromisoformat(wanted[name]).timestamp() if wanted.get(name) else None for name in ("from", "until")
    )
    return lambda visitor: (begin is None or begin <= visitor.at) and (end is None or visitor.at < end)


_KINDS: Mapping[str, _Kind] = {
    "device": _Kind(lambda visitor, _: ", ".join(sorted(visitor.devices)), _devices),
    "os": _one_of(attrgetter("agent.os")),
    "browser": _one_of(attrgetter("agent.browser")),
    "country": _one_of(attrgetter("place.country")),
    "region": _one_of(attrgetter("place.region")),
    "city": _one_of(attrgetter("place.city")),
    "continent": _one_of(attrgetter("place.continent")),
    "language": _Kind(lambda visitor, _: visitor.language, _language),
    "query": _Kind(_queried, _query),
    "referrer": _Kind(lambda visitor, _: visitor.source, _referrer),
    "address": _Kind(lambda visitor, _: visitor.address, _address),
    "hours": _Kind(lambda visitor, wanted: f"{visitor.clock(wanted['timezone']):%H:%M}", _hours),
    "days": _Kind(lambda visitor, wanted: DAYS[visitor.clock(wanted["timezone"]).weekday()], _days),
    "dates": _Kind(lambda visitor, _: datetime.fromtimestamp(visitor.at, UTC).isoformat(timespec="seconds"), _dates),
}
