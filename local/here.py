"""Whether a request was made on this machine, by a page or a person that knows it by its own name."""

from __future__ import annotations

import ipaddress
import re

from starlette.types import Scope

_FORWARDED = re.compile(rb"x-forwarded-.+|forwarded|via|x-real-ip|true-client-ip|.+-connecting-ip")
"""Headers of a proxy's or a tunnel's."""


def is_from(scope: Scope) -> bool:
    """Say whether a request came from this machine, by no detour.

    A page that has its own name lead to loopback (DNS rebinding) is told by the Host header.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    named = [re.sub(r":\d*$", "", host).strip("[]") for host in hosts]
    return (
        is_loopback(peer)
        and len(named) == 1
        and is_loopback(named[0])
        and not any(_FORWARDED.fullmatch(name) for name, _ in scope["headers"])
    )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
