"""What the DNS says of a host that somebody claims."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

TIMEOUT = 4.0
"""Seconds that the DNS is given in all."""
_TOLD, _LONG = 5, 120
"""Records, and characters of each, that a problem repeats."""

Resolve = Callable[[str], Awaitable[Sequence[bytes]]]
"""Asks for a name's TXT records. Raises Silence if there is none to be had."""


class Silence(Exception):  # an answer of the DNS like others
    """Why the DNS told no record, in words that end a sentence."""


@dataclass(frozen=True)
class Said:
    values: Sequence[str]
    told: str
    """The same for a person."""


async def said(name: str, resolve: Resolve) -> Said:
    try:
        values = [raw.decode("utf-8", "replace").strip() for raw in await resolve(name)]
    except Silence as silence:
        return Said((), str(silence))
    shown = ", ".join(_shown(value) for value in values[:_TOLD])
    more = f" and {len(values) - _TOLD} more" if len(values) > _TOLD else ""
    return Said(values, f"found {shown}{more}")


def _shown(value: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in value)
    return f'"{plain[:_LONG]}{"…" if len(plain) > _LONG else ""}"'


async def ask(name: str, *, nameservers: Sequence[str] = (), port: int = 53) -> Sequence[bytes]:
    """Ask the host's own resolver, or the given ones."""
    import dns.asyncresolver  # noqa: PLC0415  # few requests need it, and every cold start would pay
    import dns.exception  # noqa: PLC0415  # as above
    import dns.resolver  # noqa: PLC0415  # as above

    try:
        resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            resolver.nameservers, resolver.port = list(nameservers), port
        # No search list: what is asked for is the whole name.
        answer = await resolver.resolve(f"{name}.", "TXT", lifetime=TIMEOUT)
    except dns.resolver.NXDOMAIN:
        raise Silence("the DNS knows no such name yet") from None
    except dns.resolver.NoAnswer:
        raise Silence("the name has no TXT record") from None
    except dns.exception.Timeout:
        raise Silence(f"the DNS did not answer within {TIMEOUT:g} seconds") from None
    except dns.exception.DNSException as error:
        raise Silence(f"the DNS could not be asked ({type(error).__name__})") from None
    return [b"".join(record.strings) for record in answer]
