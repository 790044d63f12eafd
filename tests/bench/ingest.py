"""`make bench-ingest`: how quickly waiting clicks become rows and roll-ups, at what cost, and whether each did.

Runs the worker as `make up` does, on servers of its own in a temporary folder. The worker is stopped while a backlog is
put into the stream, so that what is measured is ingestion alone. Prints a table for people and, as its last line, one
JSON object of figures by fixed names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from ginnel import clicks, migrations, postgres, redis
from local import services
from tests.bench.crowd import Crowd

BACKLOG = 100_000
PACKED = 400
"""Lines an entry: what group commit makes of some 20,000 redirects a second."""
RATE = 10_000
EVERY = 0.005
"""Seconds between two appends at that rate."""
WINDOWS = 3
_NEVER = 999_999_999_999
_UNDATED = b"\t%d\t" % _NEVER
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What storing a backlog took. `rss_mb` is the worker's memory afterwards."""

    clicks: int
    seconds: float
    worker_cpu: float
    postgres_cpu: float
    rss_mb: float


@dataclass(frozen=True)
class Bench:
    """The servers and the worker under measurement, and what was sent to them."""

    postgres_pid: int
    worker: subprocess.Popen[bytes]
    database: asyncpg.Connection
    crowd: Crowd

    async def backlog(self, count: int, *, size: int) -> Cost:
        """Put a backlog into the stream; wait until all of it is stored and acknowledged."""
        entries = self.crowd.entries(count, clicks.milliseconds(), size=size)
        self.worker.send_signal(signal.SIGSTOP)
        for start in range(0, len(entries), 1000):
            async with redis.patient().pipeline(transaction=False) as pipe:
                for entry in entries[start : start + 1000]:
                    pipe.xadd(clicks.STREAM, {clicks.FIELD: entry})
                await pipe.execute()
        before = self.cpu()
        begun = time.monotonic()
        self.worker.send_signal(signal.SIGCONT)
        while await redis.patient().xlen(clicks.STREAM):
            self._check()
            await asyncio.sleep(0.02)
        took = time.monotonic() - begun
        worker, servers = (after - earlier for after, earlier in zip(self.cpu(), before, strict=True))
        return Cost(count, took, worker, servers, _rss_mb(self.worker.pid))

    async def lag(self, seconds: int) -> list[float]:
        """Append at a steady rate, whatever happens; return how long each append's clicks took to be seen, in ms.

        The worker stores in the stream's order, so the newest time in the table tells up to where it has come. It is
        looked at every few milliseconds, which are part of the figure.
        """
        entries = int(seconds / EVERY)
        drawn = [self.crowd.entries(int(RATE * EVERY), _NEVER, size=1000)[0] for _ in range(entries)]
        appended: list[int] = []
        lags: list[float] = []

        async def watch() -> None:
            seen = 0
            while seen < entries:
                newest = await self.database.fetchval("select max(at) from clicks")
                now = clicks.milliseconds()
                while seen < len(appended) and appended[seen] <= round(newest.timestamp() * 1000):
                    lags.append(now - appended[seen])
                    seen += 1
                self._check()
                await asyncio.sleep(0.002)

        watching = asyncio.create_task(watch())
        begun = time.monotonic()
        for number, entry in enumerate(drawn):
            await asyncio.sleep(max(0.0, begun + number * EVERY - time.monotonic()))
            at = clicks.milliseconds()
            appended.append(at)
            await redis.patient().xadd(clicks.STREAM, {clicks.FIELD: entry.replace(_UNDATED, b"\t%d\t" % at)})
        await watching
        return lags

    def cpu(self) -> tuple[float, float]:
        self._check()
        return _cpu_seconds(self.worker.pid), sum(map(_cpu_seconds, [self.postgres_pid, *_children(self.postgres_pid)]))

    def _check(self) -> None:
        if self.worker.poll() is not None:
            raise SystemExit(f"the worker has died (status {self.worker.returncode})")


async def _audit(database: asyncpg.Connection) -> tuple[int, int]:
    """Return how many rows there are, and by how much the roll-ups differ from them."""
    rows: int = await database.fetchval("select count(*) from clicks")
    drift: int = await database.fetchval(
        """
        with counted as (
            select link_id, date_trunc('hour', at) as hour,
                count(*) filter (where bot is null) as clicks, count(bot) as bots
            from clicks group by 1, 2
        )
        select coalesce(sum(abs(coalesce(k.clicks, 0) - coalesce(c.clicks, 0))), 0)
            + coalesce(sum(abs(coalesce(k.bots, 0) - coalesce(c.bots, 0))), 0)
        from counted c full join clicks_hourly k using (link_id, hour)
        """
    )
    return rows, int(drift)


async def _measure(servers: services.Servers, *, rounds: int, seconds: int) -> dict[str, float]:
    await migrations.prepare()
    database = await postgres.connect(command_timeout=120)
    with _worker() as worker:
        bench = Bench(servers.pids["postgres"], worker, database, Crowd(1))
        sent = 10_000
        await bench.backlog(sent, size=PACKED)  # starts, imports, fills the memos

        print(f"\n  {'backlog of':28}{'clicks/s':>10}{'a core':>10}{'µs CPU: worker':>16}{'PostgreSQL':>12}{'RSS':>9}")
        costs = []
        for number in range(rounds):
            costs.append(await bench.backlog(BACKLOG, size=PACKED))
            _print(f"{BACKLOG:,}, {PACKED} an entry ({number + 1})", costs[-1])
        single = await bench.backlog(BACKLOG // 5, size=1)
        _print(f"{BACKLOG // 5:,}, 1 an entry", single)
        sent += sum(cost.clicks for cost in [*costs, single])

        print(
            f"\n  {f'lag at {RATE:,} clicks/s':28}{'p50':>10}{'p99':>10}{'worst':>10}{'µs CPU: worker':>18}{'PostgreSQL':>12}"
        )
        windows = []
        for number in range(WINDOWS):
            await database.execute("checkpoint")  # what the backlogs left to be written is not this rate's
            before = bench.cpu()
            lags = await bench.lag(seconds)
            count = len(lags) * int(RATE * EVERY)
            worker_us, postgres_us = (
                1e6 * (after - earlier) / count for after, earlier in zip(bench.cpu(), before, strict=True)
            )
            sent += count
            cuts = statistics.quantiles(lags, n=100)
            windows.append((cuts[49], cuts[98]))
            print(
                f"  {f'{seconds} s ({number + 1})':28}{cuts[49]:>7.0f} ms{cuts[98]:>7.0f} ms{max(lags):>7.0f} ms"
                f"{worker_us:>18.1f}{postgres_us:>12.1f}",
                flush=True,
            )
        p50, p99 = (statistics.median(figures) for figures in zip(*windows, strict=True))
        rows, drift = await _audit(database)
        print(f"\n  {sent:,} clicks appended, {rows:,} rows, roll-ups differ by {drift}\n")
    await database.close()
    await redis.close()
    if (rows, drift) != (sent, 0):
        raise SystemExit("not exact")
    return {
        "clicks_per_s_core": round(statistics.median(cost.clicks / cost.worker_cpu for cost in costs)),
        "clicks_per_s_core_postgres": round(statistics.median(cost.clicks / cost.postgres_cpu for cost in costs)),
        "clicks_per_s": round(statistics.median(cost.clicks / cost.seconds for cost in costs)),
        "clicks_per_s_core_single": round(single.clicks / single.worker_cpu),
        "lag_ms_10000": round(p99),
        "lag_ms_10000_p50": round(p50),
        "rss_growth_mb_1m": round(costs[-1].rss_mb - costs[0].rss_mb, 1),
        "lost": sent - rows,
        "drift": drift,
    }


@contextmanager
def _worker() -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"CONSUMER": "bench", "LOG_LEVEL": "WARNING"}
    with subprocess.Popen([sys.executable, "-m", "local.worker"], env=environment, stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _key() -> dict[str, str]:
    return {"kty": "oct", "alg": "HS256", "kid": "bench", "k": urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()}


def _print(name: str, cost: Cost) -> None:
    worker, postgres_ = (1e6 * seconds / cost.clicks for seconds in (cost.worker_cpu, cost.postgres_cpu))
    print(
        f"  {name:28}{cost.clicks / cost.seconds:>10,.0f}{1e6 / worker:>10,.0f}"
        f"{worker:>16.1f}{postgres_:>12.1f}{cost.rss_mb:>6.0f} MB",
        flush=True,
    )


def _cpu_seconds(pid: int) -> float:
    """Return what a process, and those of its children that have ended, have used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except FileNotFoundError:
        return 0.0  # a server's child that ended just now is in its parent's figure
    return sum(map(int, fields[11:15])) / _TICK


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ingest")
    parser.add_argument("--rounds", type=int, default=10, help=f"backlogs of {BACKLOG:,} clicks")
    parser.add_argument("--seconds", type=int, default=5, help=f"each of {WINDOWS} windows of {RATE:,} clicks a second")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ginnel-ingest-") as folder, services.running(Path(folder)) as servers:
        os.environ |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        os.environ |= {"BASE_URL": "http://go.test", "JWT_KEYS": json.dumps({"keys": [_key()]})}
        figures = asyncio.run(_measure(servers, rounds=wanted.rounds, seconds=wanted.seconds))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
