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


_run = b""
_requests = count()


def new_request_id() -> bytes:
    """Draw an id: 32 bits of this process and the request's number in it, as 16 hexadecimal digits."""
    global _run  # noqa: PLW0603  # drawn at first use, not at import: a Lambda snapshot is restored many times
    if not _run:
        _run = secrets.token_hex(4).encode()
    return b"%b%08x" % (_run, next(_requests) & 0xFFFFFFFF)
