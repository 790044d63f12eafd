"""What Redis tells of itself, all primaries of a cluster together."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ginnel import redis, web


class Redis(web.Output):
    version: Annotated[str, Field(examples=["8.1.1"])]
    primaries: Annotated[int, Field(description="How many were asked; 1 where there is no cluster.")]
    up_seconds: Annotated[int, Field(description="Of the one that was started last.")]
    bytes: int
    max_bytes: Annotated[int, Field(description="0 for no bound but the machine's.")]
    eviction: Annotated[str, Field(description="Which keys go when memory is short.", examples=["noeviction"])]
    clients: int
    persistence: Annotated[str, Field(description="How data outlives a restart: `aof`, `rdb`.", examples=["aof"])]
    persisted: Annotated[bool, Field(description="Whether the last time it was written to disk went well.")]
    evicted: Annotated[int, Field(description="Keys that went so since it was started.")]
    found: Annotated[int, Field(description="Keys that were asked for and there, since it was started.")]
    missed: Annotated[int, Field(description="Those that were not there.")]


async def look() -> Redis:
    """Raises RedisError."""

    async def info(client: redis.Redis) -> dict[str, Any]:
        said: dict[str, Any] = await client.info()
        return said

    nodes = await redis.each(info)

    def total(name: str) -> int:
        return sum(int(node.get(name, 0)) for node in nodes)

    first = nodes[0]
    return Redis(
        version=str(first.get("valkey_version") or first.get("redis_version", "")),
        primaries=len(nodes),
        up_seconds=min(int(node.get("uptime_in_seconds", 0)) for node in nodes),
        bytes=total("used_memory"),
        max_bytes=total("maxmemory"),
        eviction=str(first.get("maxmemory_policy", "")),
        clients=total("connected_clients"),
        persistence="aof" if first.get("aof_enabled") else "rdb",
        persisted=all(_well(node) for node in nodes),
        evicted=total("evicted_keys"),
        found=total("keyspace_hits"),
        missed=total("keyspace_misses"),
    )


def _well(node: dict[str, Any]) -> bool:
    names = ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status")
    return all(node.get(name, "ok") == "ok" for name in names)
