"""What can be told of a visitor from the request alone. Imports no framework: the fast lanes use it too."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from ginnel import settings


@dataclass(frozen=True)
class Proxies:
    trusted_proxies: int = 0
    """How many proxies in front append to X-Forwarded-For; addresses further left are the visitor's own claim."""


_ADDRESS = re.compile(r"[0-9a-fA-F:.]{2,45}")


def address(peer: str, forwarded: Sequence[str], *, appended: bool = False) -> bytes:
    """Return the visitor's address: the peer's, or as many hops back as there are trusted proxies ("" if unknown).

    `forwarded` are the X-Forwarded-For headers; `appended` says that the peer is the last in them already, as a gateway's
    event has it.
    """
    hops = settings.read(Proxies).trusted_proxies
    if not hops:
        return peer.encode("ascii", "ignore")
    chain = [part for claimed in ",".join(forwarded).split(",") if (part := claimed.strip())]
    if not appended:
        chain.append(peer)
    found = chain[-1 - hops] if len(chain) > hops else (chain or [peer])[0]
    return (found if _ADDRESS.fullmatch(found) else peer).encode("ascii", "ignore")


def network(address: bytes) -> str:
    """Return what counts as one visitor's place where tries are counted: an address, or of IPv6 all that begin alike.

    A subscriber has 64 bits of those for themselves (RFC 6177), and may choose another for every try.
    """
    from ipaddress import IPv6Address, ip_address  # noqa: PLC0415  # most visits are not counted so

    try:
        found = ip_address(address.decode("latin-1"))
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return f"{IPv6Address(int(found) >> 64 << 64)}/64"
        found = found.ipv4_mapped
    return str(found)


_run = b""
_requests = count()


def new_request_id() -> bytes:
    """Draw an id: 32 bits of this process and the request's number in it, as 16 hexadecimal digits."""
    global _run  # noqa: PLW0603  # drawn at first use, not at import: a Lambda snapshot is restored many times
    if not _run:
        _run = secrets.token_hex(4).encode()
    return b"%b%08x" % (_run, next(_requests) & 0xFFFFFFFF)
