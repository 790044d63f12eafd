"""Where Redis is, as the environment says: apart from `redis`, so that what never asks it starts without redis-py."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_SHARDS = 64
"""A bound, so that streams which are left when there are fewer shards than before can be found by name."""


@dataclass(frozen=True)
class Settings:
    redis_url: str
    redis_timeout: float = 0.05
    """Seconds that a request may wait for Redis before it goes on without."""
    redis_shards: int = 1
    """Into how many streams, and groups of records, what is in Redis is cut."""
    redis_cluster: bool = False
    """Whether REDIS_URL names a node of a cluster, which is asked for the others."""

    def __post_init__(self) -> None:
        if not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("REDIS_URL must begin with redis://, rediss:// or unix://")
        if not 1 <= self.redis_shards <= MOST_SHARDS:
            raise ValueError(f"REDIS_SHARDS must lie between 1 and {MOST_SHARDS}")
        if self.redis_cluster and (
            self.redis_url.startswith("unix://") or urlsplit(self.redis_url).path not in ("", "/", "/0")
        ):
            raise ValueError("REDIS_URL must name a host, and no database but 0, where REDIS_CLUSTER is true")
