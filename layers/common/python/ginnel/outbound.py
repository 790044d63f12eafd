"""Calls to addresses that users have named: to public ones only, whatever a name, a redirect or a DNS server says.

A name is resolved once, every answer is judged, and the connection goes to an address that was judged, so that nothing is
looked up again in between. Variables that name proxies are not read.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from ada_url import URL

if TYPE_CHECKING:
    from ginnel.http1 import Answer

Address = IPv4Address | IPv6Address

_PUBLIC_V6: Final = ip_network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    map(
        ip_network,
        # Of these is_global lets some through, by Python's release: 6to4, Teredo, relays, examples.
        ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20"),
    )
)
_PORTS: Final = {"http:": 80, "https:": 443}


class Refused(ValueError):
    """An address that must not be called: `code` is stable, `detail` is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Unreachable(OSError):
    """Nobody answers there, or nothing that HTTP/1.1 is. Its text is for a person. A TimeoutError is raised as such."""


@dataclass(frozen=True)
class Limits:
    seconds: float = 3.0
    """For all of it: names, connections, redirects, bodies."""
    size: int = 512 * 1024
    """Bytes of an answer's body that are read, and as many that are unpacked."""
    redirects: int = 3
    kinds: tuple[str, ...] = ()
    """Media types that are wanted: of an answer of another no body is read. Empty, any is."""


@dataclass(frozen=True)
class Place:
    """Where a URL leads: what is said to the server, and the addresses that were found to be allowed."""

    url: str
    host: str
    port: int
    secure: bool
    target: str
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        """The Host header's value: with a port if it is not the scheme's own."""
        return URL(self.url).host


def is_public(address: Address) -> bool:
    """Say whether an address is one of the Internet's, and no way back to this machine or its network."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address not in _PUBLIC_V6:
            return False
    return address.is_global and not address.is_multicast and not any(address in net for net in _NOT_PUBLIC)


def _permits(address: Address, port: int) -> bool:
    return is_public(address) and port in _PORTS.values()


async def _resolve(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@functools.cache
def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(frozen=True)
class Caller:
    """Calls what its rules permit. Only tests have others than the default ones."""

    permits: Callable[[Address, int], bool] = _permits
    resolve: Callable[[str], Awaitable[list[str]]] = _resolve
    trust: Callable[[], ssl.SSLContext] = _trust

    async def get(self, url: str, limits: Limits, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a page, and follow redirects. Raises Refused, Unreachable and TimeoutError."""
        from ginnel import http1  # noqa: PLC0415  # h11 is imported by those who call

        async with within(limits.seconds):
            for _ in range(limits.redirects + 1):
                place = await self.find(url)
                answer = await http1.run(place, self.trust, "GET", headers or {}, b"", limits)
                if not answer.redirect:
                    return answer
                try:
                    url = URL(answer.redirect, base=place.url).href
                except ValueError:
                    raise Unreachable("It redirects to what is no URL.") from None
            raise Unreachable(f"It redirects more than {limits.redirects} times.")

    async def post(self, url: str, body: bytes, limits: Limits, *, headers: Mapping[str, str]) -> Answer:
        """Send something there, and nowhere else: a redirect is an answer like any other. Raises as `get` does."""
        from ginnel import http1  # noqa: PLC0415  # as above

        async with within(limits.seconds):
            return await http1.run(await self.find(url), self.trust, "POST", headers, body, limits)

    async def find(self, url: str) -> Place:
        """Find out where a URL leads. Raises Refused if that is nowhere to call, Unreachable if it is nowhere at all."""
        parsed = self._parsed(url)
        host, port = parsed.hostname, int(parsed.port or _PORTS[parsed.protocol])
        literal = _literal(host)
        addresses = (literal,) if literal else await self._look_up(host)
        if not addresses:
            raise Unreachable(f"The name {host} has no address.")
        if not all(self.permits(address, port) for address in addresses):
            raise Refused("address_refused", "It is not at a public address, on port 80 or 443.")
        return Place(
            url=parsed.href,
            host=host.strip("[]").removesuffix("."),
            port=port,
            secure=parsed.protocol == "https:",
            target=parsed.pathname + parsed.search,
            addresses=addresses,
        )

    @staticmethod
    def _parsed(url: str) -> URL:
        try:
            parsed = URL(url)
        except ValueError:
            raise Refused("target_invalid", "It is not a valid URL.") from None
        if parsed.protocol not in _PORTS:
            raise Refused("target_scheme", "It must begin with http:// or https://.")
        if parsed.username or parsed.password:
            raise Refused("target_userinfo", "It must not contain a user name or password.")
        return parsed

    async def _look_up(self, host: str) -> tuple[Address, ...]:
        try:
            found = await self.resolve(host)
            return tuple(dict.fromkeys(map(ip_address, found)))
        except (OSError, ValueError):  # a name of too long a label is a ValueError
            raise Unreachable(f"The name {host} can't be resolved.") from None


def _literal(host: str) -> Address | None:
    """Return the address that a URL's host is, in whatever spelling: the parser has made it canonical."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raise a TimeoutError that says so after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TimeoutError(f"No whole answer came within {seconds:g} seconds.") from None


@functools.cache
def public() -> Caller:
    """Return the process's own."""
    return Caller()
