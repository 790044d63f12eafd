"""What may be a link's target: an http(s) URL that every browser reads the way we do (WHATWG URL)."""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from ada_url import URL

MAX_LENGTH: Final = 8192
"""Characters of href, all ASCII, so bytes too. Servers accept about 8 KiB of request line or header (nginx 8192, Apache
8190): a longer target could be stored but hardly ever visited."""

_PORTS: Final = {"http:": "80", "https:": "443"}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# Controls, bidi and zero-width formatting, line separators, lone surrogates.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and marks by category, yet drawn as nothing: grapheme joiner, Hangul fillers, Khmer inherent vowels.
_UNSEEN_OTHERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


class BadTarget(ValueError):  # a problem the client reads about, named as the API names it
    """Why a text can't be a target: `code` is stable, `detail` is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def normalise(text: str, *, own_hosts: Collection[str]) -> str:
    """Return the href a browser would make of `text`, in ASCII and so fit for a Location header.

    Stricter than WHATWG, whose parser drops tabs, newlines and invisible characters silently: what a person reads must
    be where the link leads. An own host is refused on every port, one given as `host:port` on that port only, and
    `localhost:port` stands for every name of the machine itself. Raises BadTarget.
    """
    text = text.strip(" ")  # pasted; a newline or no-break space is refused instead
    if _has_unseen(text):
        raise BadTarget("target_characters", "The target contains control or invisible characters.")
    if len(text) > MAX_LENGTH:
        raise _too_long()
    try:
        url = URL(text)
    except ValueError:
        raise BadTarget(
            "target_invalid", "The target is not a valid URL; it should look like https://example.com/page."
        ) from None
    if url.protocol not in _PORTS:
        raise BadTarget("target_scheme", "The target must begin with http:// or https://.")
    if url.username or url.password:
        raise BadTarget("target_userinfo", "The target must not contain a user name or password.")
    if _is_own(url, own_hosts):
        raise BadTarget("target_own_domain", "The target is on a domain of this shortener, which could loop.")
    href = url.href
    if len(href) > MAX_LENGTH:
        raise _too_long()
    return href


def _too_long() -> BadTarget:
    return BadTarget("target_too_long", f"The target is longer than {MAX_LENGTH} characters once encoded.")


def _has_unseen(text: str) -> bool:
    if text.isascii():
        return _CONTROL.search(text) is not None
    return any(unicodedata.category(char) in _UNSEEN_CATEGORIES or char in _UNSEEN_OTHERS for char in text)


def _is_own(url: URL, own_hosts: Collection[str]) -> bool:
    host, port = url.hostname.removesuffix("."), url.port or _PORTS[url.protocol]
    names = {host, f"{host}:{port}"}
    if _is_here(host):
        names.add(f"localhost:{port}")
    return any(_canonical(own) in names for own in own_hosts)


def _is_here(host: str) -> bool:
    """Say whether a host, as the parser writes it, is the machine of whoever follows the link (RFC 6761, section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if not is_address(bare := host.strip("[]")):
        return False
    address = ip_address(bare)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    # Who connects to the unspecified address reaches the machine itself.
    return address.is_loopback or address.is_unspecified


@lru_cache(maxsize=1024)
def _canonical(own: str) -> str:
    """Write an own host as the parser writes a target's: punycode, lower case, no trailing dot."""
    url = URL(f"ftp://{own}")  # not http, which would drop a configured :80
    host = url.hostname.removesuffix(".")
    return f"{host}:{url.port}" if url.port else host


_HOST: Final = re.compile(r"https?://(\[[^]]*\]|[^/:?#]*)")


def hosts(href: str) -> list[str]:
    """List a normalised target's host and the domains above it but for the last label: what may be on a block list.

    As the database's function target_hosts has it.
    """
    found = _HOST.match(href)
    return _above(found[1].rstrip(".")) if found else []


def _above(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[n:]) for n in range(max(1, len(labels) - 1))]


def blockable(text: str) -> str:
    """Return a host as targets have it, to be put on a block list: a name, or an address. Raises BadTarget."""
    name = text.strip().removeprefix("*.").removeprefix(".")
    try:
        host = "" if set(name) & set("/\\?#@ \t%") or _PORT.search(name) else URL(f"http://{name}/").hostname
    except ValueError:
        host = ""
    host = host.rstrip(".")
    if not host or len(host) > _MAX_HOST or _has_unseen(name):
        raise BadTarget("host_invalid", "is not a host's name or address, such as malware.example")
    if "." not in host and not host.startswith("["):
        raise BadTarget("host_too_wide", "is a whole top-level domain")
    return host


_PORT: Final = re.compile(r"(?<!:):\d*$|\]:")
_MAX_HOST: Final = 253


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
