"""`make bench-import`: 100,000 rows of each format into a running installation: time, memory, and what kills cost.

Takes nothing from the outside: `up` with embedded servers, on a folder of its own.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.e2e import running
from tests.e2e.running import Running

ROWS = int(os.environ.get("ROWS", "100000"))

Row = tuple[str, str, str, int]
"""A slug, a target, a title and a number of clicks."""


def _rows(stem: str) -> Iterator[Row]:
    for number in range(ROWS):
        yield (
            f"{stem}{number}",
            f"https://shop.example/{stem}/item-{number}?id={number}&ref=a+b",
            f"Item {number}, “new”",
            number,
        )


def _csv(header: str, *, line: Callable[[Row], list[Any]]) -> Callable[[str], bytes]:
    def make(stem: str) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(header.split(","))
        writer.writerows(map(line, _rows(stem)))
        return text.getvalue().encode()

    return make


def _kutt(stem: str) -> bytes:
    return json.dumps(
        {
            "limit": ROWS,
            "skip": 0,
            "total": ROWS,
            "data": [
                {
                    "id": slug,
                    "address": slug,
                    "target": target,
                    "description": title,
                    "banned": False,
                    "visit_count": clicks,
                }
                for slug, target, title, clicks in _rows(stem)
            ],
        }
    ).encode()


FILES: dict[str, Callable[[str], bytes]] = {
    "ginnel": _csv("slug,target,title,tags,clicks", line=lambda row: [row[0], row[1], row[2], "shop|new", row[3]]),
    "bitly": _csv(
        "Long URL,Bitlink,Title,Tags,Engagements",
        line=lambda row: [row[1], f"bit.ly/{row[0]}", row[2], "shop,new", row[3]],
    ),
    "yourls": _csv("source,target,hits", line=lambda row: [f"/{row[0]}/", row[1], row[3]]),
    "kutt": _kutt,
    "shlink": _csv(
        "createdAt,domain,shortCode,shortUrl,longUrl,title,tags,visits",
        line=lambda row: [
            "2024-01-01",
            "s.test",
            row[0],
            f"https://s.test/{row[0]}",
            row[1],
            row[2],
            "shop|new",
            row[3],
        ],
    ),
    "dub": _csv(
        "Short link,Destination URL,Title,Tags,Clicks",
        line=lambda row: [f"https://dub.sh/{row[0]}", row[1], row[2], "shop,new", row[3]],
    ),
}


def _peaks(live: Running) -> dict[str, int]:
    """Return the most memory, in MiB, that the host and the worker have had."""
    found = {}
    for kind, pids in running.processes(live.data).items():
        if kind in {"app", "worker"}:
            statuses = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
            found[kind] = max(int(text.partition("VmHWM:")[2].split()[0]) for text in statuses) // 1024
    return found


def _cpu(live: Running) -> float:
    """Return the seconds of CPU that the worker and PostgreSQL have had."""
    kinds = running.processes(live.data)
    stats = [Path(f"/proc/{pid}/stat").read_text() for kind in ("worker", "postgres") for pid in kinds.get(kind, [])]
    return sum(sum(map(int, stat.rpartition(") ")[2].split()[11:13])) for stat in stats) / os.sysconf("SC_CLK_TCK")


async def _begin(http: httpx.AsyncClient, name: str) -> tuple[dict[str, Any], int, float]:
    data = FILES[name](name)
    begun = time.monotonic()
    answer = await http.post("/api/v1/imports", params={"domain": "localhost"}, content=data)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    made: dict[str, Any] = answer.json()
    assert (made["format"], made["rows"]) == (name, ROWS), made
    return made, len(data), time.monotonic() - begun


async def _until(http: httpx.AsyncClient, begun: dict[str, Any], progress: float) -> dict[str, Any]:
    while True:
        seen: dict[str, Any] = (await http.get(f"/api/v1/imports/{begun['id']}")).json()
        if seen["state"] == "done" or (seen["progress"] >= progress and progress < 1):
            return seen
        await asyncio.sleep(0.1)


async def _audit(live: Running, begun: dict[str, Any], name: str) -> tuple[int, int]:
    """Count slugs that are there twice, and rows that no link was made of."""
    (row,) = await live.rows(
        """
        select count(*) - count(distinct slug_key) as twice, $1 - count(distinct slug_key) as missing
        from links where slug ~ $2 and deleted_at is null
        """,
        ROWS,
        f"^{name}[0-9]+$",
    )
    (named,) = await live.rows(
        "select count(*) as links, count(distinct link_id) as different from import_rows where import_id = $1",
        begun["id"],
    )
    return row["twice"] + named["links"] - named["different"], row["missing"]


async def _measure(live: Running, http: httpx.AsyncClient, name: str) -> dict[str, Any]:
    begun, size, taken = await _begin(http, name)
    started, cpu = time.monotonic(), _cpu(live)
    done = await _until(http, begun, 1)
    worked, cpu = time.monotonic() - started, _cpu(live) - cpu
    assert (done["created"], done["failed"], done["skipped"]) == (ROWS, 0, 0), done
    twice, missing = await _audit(live, begun, name)
    started = time.monotonic()
    report = await http.get(f"/api/v1/imports/{begun['id']}/report")
    reported = time.monotonic() - started
    peaks = _peaks(live)
    print(
        f"  {name:7} {size / 1e6:5.1f} MB taken in in {taken:4.1f} s, {ROWS:,} links made in {worked:5.1f} s "
        f"({ROWS / worked:,.0f}/s; {ROWS / cpu:,.0f} a second of worker's and PostgreSQL's CPU), report of "
        f"{report.text.count(chr(10)):,} lines in {reported:.1f} s; most memory: host "
        f"{peaks['app']} MiB, worker {peaks['worker']} MiB; duplicates {twice}, missing {missing}",
        flush=True,
    )
    return {
        "seconds": round(taken + worked, 1),
        "per_second": round(ROWS / worked),
        "per_cpu_second": round(ROWS / cpu),
        **peaks,
        "wrong": twice + missing,
    }


async def _killed(data: Path) -> dict[str, Any]:
    """Kill everything half-way, start it again, and see what became of the file."""
    name = "bitly"
    port = running.free_port()
    with running.up(data, port=port) as live:
        async with _client(live) as http:
            begun, _, _ = await _begin(http, name)
            seen = await _until(http, begun, 0.5)
            for pid in [pid for pids in running.processes(data).values() for pid in pids]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            live.process.wait()
            token = http.headers["authorization"]
    with running.up(data, port=port) as live:
        async with httpx.AsyncClient(base_url=live.base, headers={"authorization": token}, timeout=60) as http:
            done = await _until(http, begun, 1)
            twice, missing = await _audit(live, begun, name)
    print(
        f"  killed (-9: host, worker, PostgreSQL, Valkey) at {seen['progress']:.0%} and started again: {done['created']:,} "
        f"created, duplicates {twice}, missing {missing}",
        flush=True,
    )
    return {"killed_at": seen["progress"], "duplicates": twice, "missing": missing}


def _client(live: Running) -> httpx.AsyncClient:
    http = httpx.AsyncClient(base_url=live.base, timeout=120)
    answer = httpx.post(
        f"{live.base}/api/v1/auth/register",
        json={"email": f"{os.urandom(6).hex()}@example.com", "password": os.urandom(12).hex()},
        timeout=30,
    )
    http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    return http


async def _all(folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name in FILES:
        # Each from the start, so that its memory is its own.
        with running.up(folder / name) as live:
            async with _client(live) as http:
                figures[name] = await _measure(live, http, name)
                if name == "ginnel":
                    begun = time.monotonic()
                    size = lines = 0
                    async with http.stream("GET", "/api/v1/links/export") as answer:
                        async for piece in answer.aiter_bytes():
                            size, lines = size + len(piece), lines + piece.count(b"\n")
                    took = time.monotonic() - begun
                    print(
                        f"  export of {lines - 1:,} links, {size / 1e6:.1f} MB: {took:.1f} s, host {_peaks(live)['app']} MiB"
                    )
                    figures["export"] = {"seconds": round(took, 1), "app": _peaks(live)["app"]}
    figures["killed"] = await _killed(folder / "killed")
    return {"imports": figures}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ginnel-bench-") as folder:
        print(json.dumps(asyncio.run(_all(Path(folder)))))


if __name__ == "__main__":
    main()
