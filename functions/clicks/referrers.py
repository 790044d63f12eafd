"""Where a click came from, by the Referer header."""

from functools import lru_cache
from typing import Final

from ada_url import URL

_SCHEMES: Final = frozenset({"http:", "https:", "android-app:"})
_MAX_HOST: Final = 253
_MAX_PATH: Final = 255


@lru_cache(maxsize=8192)
def parse(referrer: str) -> tuple[str, str] | tuple[None, None]:
    """Return a referrer's host and path, both ASCII, or twice None when it is no web page or Android app.

    The host is lower-case, in punycode, and without port, "www." and trailing dot, as to people these are one source.
    Query and fragment are dropped: they may hold what its visitors would not share.
    """
    try:
        url = URL(referrer)
    except ValueError:
        return None, None
    host = plain(url.hostname)
    if url.protocol not in _SCHEMES or not host or len(host) > _MAX_HOST:
        return None, None
    return host, url.pathname[:_MAX_PATH] or "/"


def plain(host: str) -> str:
    """Reduce a host to what is kept of it."""
    host = host.lower().removesuffix(".")
    return host.removeprefix("www.") if host.count(".") > 1 else host
