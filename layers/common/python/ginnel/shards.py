"""Shards: what belongs together in Redis has the same tag in its key's name, and so lies on one node of a cluster.

A record's shard follows from its name; a click may go to any, and if Redis appends it by the way, to its record's.
"""

from __future__ import annotations

import zlib

from ginnel import redis_settings, settings


def count() -> int:
    wanted: redis_settings.Settings = settings.read(redis_settings.Settings)
    return wanted.redis_shards


def of(name: str) -> int:
    return zlib.crc32(name.encode()) % count()


def key(shard: int, name: str) -> str:
    """Tag a key: of its name, a cluster hashes only what is in braces."""
    return f"{{{shard}}}{name}"


def stream(shard: int) -> str:
    """Name a shard's stream of clicks."""
    return key(shard, "clicks")


def streams() -> list[str]:
    return [stream(shard) for shard in range(count())]


def left_over() -> list[str]:
    """List the streams that may hold clicks though nobody appends to them: of more shards than there are now, or of none."""
    return ["clicks", *(stream(shard) for shard in range(count(), redis_settings.MOST_SHARDS))]
