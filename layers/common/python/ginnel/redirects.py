"""Where a link leads: a link is compiled to a record, and the record decides what a visitor gets.

Every lane asks here, so that they agree. Imports neither the ORM nor pydantic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, unquote_to_bytes

if TYPE_CHECKING:
    from ginnel.hosts import Host
    from ginnel.rules import Served, Visitor


class State(StrEnum):
    LIVE = "live"
    DISABLED = "disabled"
    BLOCKED = "blocked"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    DOMAIN = "domain"
    """No link's: what a domain answers by itself, see `hosts`."""


@dataclass(frozen=True, slots=True)
class Record:
    """All that a redirect needs to know of a link. Times are seconds since the epoch."""

    slug_key: str
    case_sensitive: bool
    state: State
    link: int = 0
    workspace: int = 0
    domain: int = 0
    target: str = ""
    status: int = 302
    allow_caching: bool = False
    forward_query: bool = False
    starts_at: float | None = None
    expires_at: float | None = None
    expired_target: str | None = None
    max_clicks: int | None = None
    # What has None for no, so that Redis and older releases can tell that there is nothing they don't know (see library.lua).
    rules: str | None = None
    """The rules and the variants as JSON, see `rules`."""
    variants: str | None = None
    lock: str | None = None
    """By which it is known who has given the link's password, see `locks`."""
    card: str | None = None
    """What is shown to crawlers that make a preview of the link, as JSON, see `cards`."""
    forward_path: bool | None = None
    own: str | None = None
    """What a domain answers by itself, as JSON, see `hosts`."""

    @property
    def personal(self) -> bool:
        """Say whether visitors get different answers, by what else is in their requests."""
        return not (self.rules is self.variants is self.lock is self.card is None)

    def pack(self) -> bytes:
        return json.dumps(astuple(self), separators=(",", ":")).encode()

    @classmethod
    def unpack(cls, packed: bytes | str) -> Record:
        """Read a record. Raises ValueError if a release that knows more of links has said something with it."""
        slug_key, case_sensitive, state, *rest = json.loads(packed)
        known = len(cls.__slots__) - 3
        if any(further is not None for further in rest[known:]):
            raise ValueError("a record of a later release")
        return cls(slug_key, case_sensitive, State(state), *rest[:known])


@dataclass(slots=True)
class Visit:
    """A visit whose link is not known yet, at a moment in seconds since the epoch.

    The ids of link, workspace and domain belong between the two parts of its click's line. `appended` says that Redis put
    them there and the click into the stream.
    """

    before: bytes
    after: bytes
    at: float
    appended: bool = False

    def line(self, record: Record) -> bytes:
        return b"%b%d\t%d\t%d%b" % (self.before, record.link, record.workspace, record.domain, self.after)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a visitor is told: a redirect with its location; or a page, or a refusal, by its `code`."""

    status: int
    location: str = ""
    code: str = ""
    cache: str = "private, no-store"
    served: str = ""
    """The name of the rule or the variant that was served."""
    limited: bool = False
    """Whether it holds only while the link's budget lasts, which a record can't tell (see budgets)."""


def decide(  # noqa: PLR0913  # a visit, each part of it by name
    record: Record | None,
    query: bytes,
    now: float,
    *,
    visitor: Visitor | None = None,
    rest: bytes = b"",
    used_up: bool = False,
) -> Answer:
    """Say what a visitor gets at a moment, who must be described if the record is `personal`.

    `now` is seconds since the epoch, `query` the raw query string, `rest` the path behind the link's own, as it was sent.
    """
    if record is None or (record.starts_at is not None and now < record.starts_at):
        return Answer(404, code="not_found")
    if record.state is State.BLOCKED:
        return Answer(451, code="link_blocked")
    if record.state is not State.LIVE:
        return Answer(410, code=f"link_{record.state}")
    expired = record.expires_at is not None and now >= record.expires_at
    if expired or used_up:
        if record.expired_target:
            return Answer(302, location=record.expired_target)
        return Answer(410, code="link_expired" if expired else "link_used_up")
    answer = _personal(record, visitor, now) if visitor and record.personal else Answer(record.status, record.target)
    if not answer.location:
        return answer
    location = follow_on(answer.location, rest) if rest else answer.location
    if record.forward_query and query:
        location = forward(location, query)
    limited = record.max_clicks is not None
    if record.personal and location is answer.location and not limited:
        return answer
    if record.allow_caching and record.status in (301, 308) and not limited and not record.personal:
        return Answer(record.status, location, cache="private, max-age=90")
    return Answer(record.status, location, served=answer.served, limited=limited)


def _personal(record: Record, visitor: Visitor, now: float) -> Answer:
    # Few links need these, and every cold start would pay. By name from the module: from the package costs thrice as much.
    if record.card:
        from ginnel.cards import wanted  # noqa: PLC0415  # see above

        if wanted(visitor.user_agent):
            return Answer(200, code="card")
    if record.lock:
        from ginnel.locks import opened  # noqa: PLC0415  # see above

        if not opened(record.lock, record.link, visitor.cookie, now=now):
            return Answer(401, code="password_required")
    target, served = _choose()(record.rules, record.variants, visitor, link=record.link) or (record.target, "")
    return Answer(record.status, target, served=served)


@cache
def _choose() -> Callable[..., Served | None]:
    """Import what follows rules once: each time, the statement alone would cost as much as some of them."""
    from ginnel.rules import choose  # noqa: PLC0415  # see above

    return choose


def backed(record: Record, host: Host | None) -> Record:
    """Give a link its domain's word where it has none of its own: where it leads when it is over."""
    if host is None or host.expired is None or record.expired_target:
        return record
    return replace(record, expired_target=host.expired)


def headers(answer: Answer) -> list[tuple[str, str]]:
    """List the headers of a redirect, in the order in which every lane sends them."""
    return [
        ("location", answer.location),
        ("cache-control", answer.cache),
        ("x-robots-tag", "noindex"),
        # Mangum would call an empty body JSON.
        ("content-type", "text/plain; charset=utf-8"),
    ]


def follow_on(target: str, rest: bytes) -> str:
    """Append a path to a target's own. `rest` is as it was sent, and has no dot segments (see `passable`)."""
    bare, hash_, fragment = target.partition("#")
    base, mark, query = bare.partition("?")
    return f"{base.rstrip('/')}/{_safe(rest).replace('?', '%3F')}{mark}{query}{hash_}{fragment}"


def passable(rest: bytes) -> bool:
    """Say whether a path may be appended: browsers would take dot segments, however encoded, out of the target's own."""
    decoded = unquote_to_bytes(rest)
    return not (_MALFORMED.search(rest) or b"\\" in decoded or {b".", b".."} & set(decoded.split(b"/")))


_MALFORMED = re.compile(rb"%(?![0-9A-Fa-f]{2})")


_VISIBLE = range(0x21, 0x7F)
_UNSAFE = {byte: f"%{byte:02X}".encode() for byte in range(256) if byte not in _VISIBLE or byte in b'"<>#'}


def forward(target: str, query: bytes) -> str:
    """Merge a request's query string into a target's, byte for byte.

    A name that the target has too is replaced where it stands, by all of the request's values; other names follow in
    their order; a valueless one stays so; the fragment is kept. Our own marker `qr` is not passed on.
    """
    incoming = [(_name(part), part) for part in _safe(query).split("&") if part and _name(part) != "qr"]
    if not incoming:
        return target
    bare, hash_, fragment = target.partition("#")
    base, _, own = bare.partition("?")
    merged: list[str] = []
    placed: set[str] = set()
    for part in filter(None, own.split("&")):
        name = _name(part)
        theirs = [p for n, p in incoming if n == name]
        if not theirs:
            merged.append(part)
        elif name not in placed:
            merged.extend(theirs)
            placed.add(name)
    merged.extend(part for name, part in incoming if name not in placed)
    return f"{base}?{'&'.join(merged)}{hash_}{fragment}"


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def _safe(query: bytes) -> str:
    """Escape the bytes that have no place in a Location header; everything else is left as it came."""
    if any(byte in _UNSAFE for byte in query):
        query = b"".join(_UNSAFE.get(byte, bytes((byte,))) for byte in query)
    return query.decode("ascii")
