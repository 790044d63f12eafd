"""How many calls of the API somebody may make, and the headers that say how many are left.

They are those of draft-ietf-httpapi-ratelimit-headers-11. A call is counted once: by the account or the API key that it is
made with, or by the address that it comes from where nobody is asked who they are, or nobody can tell. It costs one exchange
with Redis; while that is away each process counts for itself, for these limits keep programs in bounds, and no secrets. So
does a process with its first call: where functions start cold, that one has enough to wait for without redis-py.
"""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant

from ginnel import settings, visits, web
from ginnel.errors import TooManyRequests
from ginnel.windows import Count, Window

F = TypeVar("F", bound=Callable[..., Any])

MINUTE = 60
_OWN = 10_000
"""Names a process counts for itself."""


@dataclass(frozen=True)
class Settings:
    """Calls a minute; 0 for any number."""

    rate_read: int = 6000
    rate_write: int = 3000
    rate_anonymous: int = 1200


_counting: set[Callable[..., Any]] = set()
_own: OrderedDict[str, int] = OrderedDict()
_calls = itertools.count()


def counting(dependency: F) -> F:
    """Mark a dependency that counts the call once it knows who makes it."""
    _counting.add(dependency)
    return dependency


async def anybody(request: Request) -> None:
    """Count a call to a route that asks nobody who they are. Raises TooManyRequests."""
    if _counting.isdisjoint(_asked(request.scope["route"].dependant)):
        await by_address(request)


def _asked(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    for wanted in dependant.dependencies:
        yield wanted.call
        yield from _asked(wanted)


async def by_address(request: Request) -> None:
    """Count a call of somebody unknown. Raises TooManyRequests."""
    limit = settings.read(Settings).rate_anonymous
    await _spend(request, "anonymous", visits.network(web.address(request)), limit=limit)


async def by(request: Request, who: str) -> None:
    """Count a call of somebody who is known by this name, and is in nobody else's way. Raises TooManyRequests."""
    wanted = settings.read(Settings)
    if request.method in {"GET", "HEAD"}:
        await _spend(request, "read", who, limit=wanted.rate_read)
    else:
        await _spend(request, "write", who, limit=wanted.rate_write)


async def _spend(request: Request, policy: str, who: str, *, limit: int) -> None:
    if not limit:
        return
    found = await _count(f"{policy}:{who}", limit=limit)
    web.tell(request, "ratelimit-policy", f'"{policy}";q={limit};w={MINUTE}')
    web.tell(request, "ratelimit", f'"{policy}";r={found.left};t={max(1, round(found.window.left))}')
    if not found.allowed:
        raise TooManyRequests("There were too many calls.", headers={"retry-after": str(found.wait)})


async def _count(name: str, *, limit: int) -> Count:
    window = Window.at(time.time(), MINUTE)
    if next(_calls) == 0:
        return _alone(name, limit=limit, window=window)
    from ginnel import redis, throttle  # noqa: PLC0415  # not before the first call

    try:
        return await throttle.count(name, limit=limit, window=window)
    except redis.RedisError:
        return _alone(name, limit=limit, window=window)


def _alone(name: str, *, limit: int, window: Window) -> Count:
    key, earlier = window.keys(name)
    before, tries = _own.get(earlier, 0), _own.pop(key, 0) + 1
    allowed = tries + before * (1 - window.gone) <= limit
    _own[key] = tries if allowed else tries - 1
    if len(_own) > _OWN:
        _own.popitem(last=False)
    return Count(allowed, _own[key], before, limit, window)
