"""What twenty rules, the last of which holds, cost the visitors of a link: beside a plain one, both through the app."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx

from tests.bench import closed, floor, making
from tests.bench.closed import Measured
from tests.e2e import running

CONNECTIONS, ROUNDS, SECONDS = 16, 5, 2
# What the visitor is not, of every kind that a request alone can tell, and in the end what it is.
_NOT: list[dict[str, Any]] = [
    {"type": "device", "values": ["ios"]},
    {"type": "os", "values": ["Windows", "macOS"]},
    {"type": "browser", "values": ["Safari"]},
    {"type": "country", "values": ["DE", "AT", "CH"]},
    {"type": "region", "values": ["DE-BY"]},
    {"type": "city", "values": ["Leeds"]},
    {"type": "continent", "values": ["SA"]},
    {"type": "language", "values": ["de", "fr-CA"]},
    {"type": "query", "name": "campaign", "values": ["spring"]},
    {"type": "referrer", "values": ["news.example"]},
    {"type": "address", "values": ["203.0.113.0/24", "2001:db8::/32"]},
    {"type": "dates", "from": "2099-01-01T00:00:00Z"},
    {"type": "dates", "until": "2020-01-01T00:00:00Z"},
    {"type": "device", "values": ["tv", "console"]},
    {"type": "browser", "values": ["Chrome", "Edge"]},
    {"type": "country", "values": ["FR", "BE"]},
    {"type": "language", "values": ["ja"]},
    {"type": "query", "name": "ref"},
    {"type": "address", "values": ["198.51.100.0/24"]},
]


def missing() -> str:
    return "" if shutil.which("wrk") else "wrk"


def _rules() -> list[dict[str, Any]]:
    made = [{"target": f"https://example.com/{n}", "conditions": [condition]} for n, condition in enumerate(_NOT)]
    return [*made, {"target": "https://example.com/last", "conditions": [{"type": "os", "values": ["Linux"]}]}]


async def measure(folder: Path) -> dict[str, Any]:
    found = {"plain": Measured(), "20 rules": Measured()}
    with running.up(folder / "ruled", env={"FAST_LANE": "false"}) as live:
        async with making.signed_in(live) as client:
            for name, rules in (("plain", []), ("20 rules", _rules())):
                slug = name.replace(" ", "-")
                made = await client.post(
                    "/api/v1/links", json={"target": "https://example.com/", "slug": slug, "rules": rules}
                )
                assert made.status_code == httpx.codes.CREATED, made.text
        scripts = {name: _script(folder / f"{number}.lua", name.replace(" ", "-")) for number, name in enumerate(found)}
        async with closed.paused(live) as stream:
            for round_ in range(ROUNDS):
                for name in sorted(found, reverse=bool(round_ % 2)):
                    closed.draw(live, CONNECTIONS, scripts[name], found[name], seconds=SECONDS)
                    await closed.take(stream)
    print(f"\n  {'followed, no fast lane':26}{'CPU of the host':>18}")
    for name, measured in found.items():
        print(f"  {name:26}{measured.us('app'):>15.1f} µs{measured.rate:>12,.0f}/s")
    ratio = found["20 rules"].rate / found["plain"].rate
    cpu = found["plain"].us("app") / found["20 rules"].us("app")
    print(f"  ratio of rates: {ratio:.3f}, of processors' time: {cpu:.3f}", flush=True)
    return {"rules20_ratio": round(ratio, 3)}


def _script(path: Path, slug: str) -> Path:
    path.write_text(
        f"local sent = nil\nfunction init() sent = wrk.format('GET', '/{slug}', {{['Host'] = 'localhost', "
        f"['User-Agent'] = '{floor.AGENT}', ['Accept-Language'] = 'en-GB,en;q=0.8', "
        "['Referer'] = 'https://search.example/?q=a'}) end\n"
        "function request() return sent end\n"
        "function done(summary) io.write(string.format('ANSWERED %d\\n', summary.requests)) end\n"
    )
    return path
