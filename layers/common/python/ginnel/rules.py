"""Rules: which of a link's targets a visitor gets, by what the request tells of them.

A link's rules are tried in order; the first all of whose conditions hold wins. Where none does, its variants share the
visitors out. A condition is a JSON object with a `type`; what else stands in it: `conditions`. The redirect and `explain`
both ask here, so that they agree. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from ginnel.agents import Agent
    from ginnel.places import Place

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHARES = 100
"""What the weights of a link's variants add up to."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


T = TypeVar("T")


class _once(Generic[T]):  # noqa: N801  # reads as the decorator that it is
    """A property that is made when it is first asked for. Before Python 3.12, functools' own takes a lock each time."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, instance: Any, _: type) -> T:  # noqa: ANN401  # of whatever class
        made = instance.__dict__[self._name] = self._make(instance)
        return made


@lru_cache(maxsize=1024)
def _host(address: str) -> str:
    """Return the host of a page's address; "" if it has none."""
    from ada_url import URL  # noqa: PLC0415  # as above

    try:
        return URL(address).hostname.lower().removesuffix(".")
    except ValueError:
        return ""


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
        from ginnel.agents import parse  # noqa: PLC0415  # reads and compiles long lists, which few links ask for

        found = parse(self.user_agent)
        if not self.known:
            return found
        known: dict[str, Any] = {name: self.known[name] for name in found._fields if name in self.known}
        return found._replace(**known)

    @_once
    def place(self) -> Place:
        from ginnel.places import NOWHERE, known  # noqa: PLC0415  # opens a database, which few links ask for

        database = known()
        found = database.find(self.address) if database else NOWHERE
        if not self.known:
            return found
        return found._replace(**{name: self.known[name] for name in found._fields if name in self.known})

    @_once
    def language(self) -> str:
        """The language that is liked best, and its region if it has one; "" if none is."""
        from ginnel.agents import language  # noqa: PLC0415  # as above

        return language(self.accept_language) or ""

    @_once
    def devices(self) -> frozenset[str]:
        """The kind of device, and `ios` or `android` if it is one of these."""
        system = (self.agent.os or "").casefold()
        return frozenset({self.agent.device, *({system} & {"ios", "android"})})

    @_once
    def parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    @_once
    def source(self) -> str:
        """The host of the page that the visitor came from; "" if it is not told."""
        return _host(self.referrer) if self.referrer else ""

    @_once
    def network(self) -> IPv4Address | IPv6Address | None:
        try:
            found = ip_address(self.address)
        except ValueError:
            return None
        return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found

    def clock(self, zone: str) -> datetime:
        if zone not in self._clocks:
            self._clocks[zone] = datetime.fromtimestamp(self.at, ZoneInfo(zone))
        return self._clocks[zone]


Wanted = Mapping[str, Any]
"""A condition as it is stored and as the API has it."""


class Condition(NamedTuple):
    wanted: Wanted
    holds: Callable[[Visitor], bool]

    def seen(self, visitor: Visitor) -> str:
        """Return what the condition looks at in this visitor."""
        return _KINDS[self.wanted["type"]].seen(visitor, self.wanted)


class Rule(NamedTuple):
    target: str
    name: str
    conditions: tuple[Condition, ...]

    def matches(self, visitor: Visitor) -> bool:
        for _, holds in self.conditions:  # noqa: SIM110  # all() of a generator costs as much again as what it asks
            if not holds(visitor):
                return False
        return True


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
    return tuple(
        Rule(
            rule["target"],
            rule.get("name") or f"rule {number}",
            tuple(Condition(wanted, _KINDS[wanted["type"]].test(wanted)) for wanted in rule["conditions"]),
        )
        for number, rule in enumerate(json.loads(rules), 1)
    )


@lru_cache(maxsize=2048)
def shared(variants: str) -> tuple[Variant, ...]:
    return tuple(_shared(json.loads(variants)))


def _shared(variants: list[dict[str, Any]]) -> Iterator[Variant]:
    until = 0
    for number, variant in enumerate(variants, 1):
        until += variant["weight"]
        yield Variant(variant["target"], variant.get("name") or f"variant {number}", until)


Test = Callable[[Visitor], bool]


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
    name, values = wanted["name"], wanted.get("values")
    if values is None:
        return lambda visitor: any(name == given for given, _ in visitor.parameters)
    return lambda visitor: any(name == given and value in values for given, value in visitor.parameters)


def _queried(visitor: Visitor, wanted: Wanted) -> str:
    return ", ".join(value for name, value in visitor.parameters if name == wanted["name"])


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
        if (address := visitor.network) is None:
            return False
        # As `in` has it, which costs more than all else here.
        kind, number = address.version, int(address)
        return any(version == kind and number & mask == begin for version, mask, begin in networks)

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
