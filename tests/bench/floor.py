"""The floor: nginx, answering the same redirects from a `map` and recording nothing, and wrk, which draws from both in turn.

What the machine can do at all on this work; ratios refer to it. Links are 100,000, followed with a Zipf spread.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import asyncpg
import httpx

from tests.e2e import running
from tests.e2e.running import Running

LINKS = 100_000
DRAWN = 50_000
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_TARGET = "https://example.com/pages/{}?from=bench"


def missing() -> list[str]:
    """Name the programs that a measurement beside the floor needs and the machine lacks."""
    return [name for name in ("nginx", "wrk") if not shutil.which(name)]


async def make_links(live: Running, count: int) -> list[str]:
    """Register somebody who makes links; return their paths."""
    person = {"email": "bench@example.com", "password": secrets.token_urlsafe(12)}
    paths: list[str] = []
    async with httpx.AsyncClient(base_url=live.base, timeout=30) as client:
        answer = await client.post("/api/v1/auth/register", json=person)
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

        async def some() -> None:
            for number in range(count // 8):
                target = f"https://example.com/pages/{number}?from=bench"
                made = await client.post("/api/v1/links", json={"target": target})
                made.raise_for_status()
                paths.append(f"/{made.json()['slug']}")

        await asyncio.gather(*(some() for _ in range(8)))
    return paths


async def fill(live: Running, *, links: int = LINKS) -> None:
    """Give the installation's first link's workspace more of them, by SQL: creating them is measured elsewhere."""
    connection = await asyncpg.connect(live.database_url)
    await connection.execute(
        """
        insert into links (workspace_id, domain_id, slug, slug_key, target, redirect_status, allow_caching, forward_query,
                           forward_path, rules, variants, created_at, updated_at, version)
        select workspace_id, domain_id, 'bench' || n, 'bench' || n, 'https://example.com/pages/' || n || '?from=bench', 302,
               false, true, false, '[]', '[]', now(), now(), 1
        from (select workspace_id, domain_id from links order by id limit 1) l, generate_series(0, $1 - 1) n
        """,
        links,
        timeout=300,
    )
    # What PostgreSQL would do about so many new rows later, amid what is measured.
    await connection.execute("vacuum analyze links", timeout=300)
    await connection.execute("checkpoint", timeout=300)
    await connection.close()


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[int]:
    """Run nginx with the same links in a map; yield its port."""
    port = running.free_port()
    folder.mkdir()
    folder.chmod(0o755)
    links = "\n".join(f"/bench{n} {_TARGET.format(n)};" for n in range(LINKS))
    (folder / "links.map").write_text(links)
    (folder / "nginx.conf").write_text(
        f"""
        worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; daemon off; user root;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; keepalive_requests 100000000; map_hash_max_size 262144; map_hash_bucket_size 128;
            map $uri $target {{ include {folder}/links.map; }}
            server {{ listen 127.0.0.1:{port}; location / {{ return 302 $target; }} }}
        }}
        """
    )
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()


def spread(folder: Path) -> Path:
    """Draw paths once, few of them often and many of them seldom."""
    weights = list(accumulate(1 / rank for rank in range(1, LINKS + 1)))
    return script(folder / "spread.lua", random.Random(5).choices(range(LINKS), cum_weights=weights, k=DRAWN))


def script(path: Path, drawn: list[int]) -> Path:
    """Write wrk's script, by which it follows these links over and over."""
    numbers = ",".join(str(n) for n in drawn)
    path.write_text(
        f"local drawn = {{{numbers}}}\nlocal requests = {{}}\nlocal turn = 0\n"
        f"function init() for i, n in ipairs(drawn) do requests[i] = wrk.format('GET', '/bench' .. n, "
        f"{{['Host'] = 'localhost', ['User-Agent'] = '{AGENT}'}}) end end\n"
        "function request() turn = turn % #requests + 1 return requests[turn] end\n"
        "function done(summary) io.write(string.format('ANSWERED %d\\n', summary.requests)) end\n"
    )
    return path


def wrk(port: int, connections: int, script: Path, *, seconds: int) -> tuple[float, int]:
    """Return requests a second and how many were answered; anything but a redirect ends the measurement.

    What is under way at the end, one request a connection at most, is not among them.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(script), f"http://127.0.0.1:{port}"]
    said = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout
    assert "Non-2xx" not in said, said
    rate, answered = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"ANSWERED (\d+)", said)
    assert rate
    assert answered
    return float(rate[1]), int(answered[1])


def warm_up(port: int, script: Path) -> None:
    """Follow every link that is drawn, so that what is measured afterwards is in memory."""
    left = 2 * DRAWN
    while left > 0:
        left -= wrk(port, 64, script, seconds=2)[1]
