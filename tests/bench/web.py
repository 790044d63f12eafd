"""`make bench-web`: how soon the dashboard's pages are seen, beside the same pages built without care.

Both builds are served by real hosts on the same servers and data, and loaded in turn by headless Chromium over a slowed-down
connection (frontend/scripts/measure.mjs says how much). Prints medians, ratios and what a page loads, and as its last line one
JSON object of figures by fixed names.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.e2e import running
from tests.e2e.running import ROOT

RUNS = 5
CLICKS = 100_000
FRONTEND = ROOT / "frontend"
# (page, figure, the most that its ratio to the naive build may be)
GOALS = (("landing", "lcp", 0.45), ("analytics", "lcp", 0.60), ("analytics", "numbers", 0.75))
SHIFT = 0.02


def main() -> None:
    subprocess.run(["npm", "run", "build:naive", "--silent"], cwd=FRONTEND, check=True, stdout=subprocess.DEVNULL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ginnel-bench-web-")))
        data = folder / "data"
        password = _first_start(data)
        _seed(data)
        careful = stack.enter_context(running.up(data))
        naive = stack.enter_context(
            running.up(
                folder / "naive",
                env={
                    "DATABASE_URL": careful.database_url,
                    "REDIS_URL": careful.redis_url,
                    "JWT_KEYS_FILE": str(data / "jwt-keys.json"),
                    "DASHBOARD": "frontend/dist-naive",
                },
            )
        )
        loads = _measure(password, careful=f"http://localhost:{careful.port}", naive=f"http://localhost:{naive.port}")
    figures = _report(loads)
    subprocess.run(["npm", "run", "budgets", "--silent"], cwd=FRONTEND, check=False)
    print(json.dumps(figures))


def _first_start(data: Path) -> str:
    """Start it once, for it to make everything, and return the administrator's password, which it says then only."""
    with running.up(data) as first:
        pass
    found = re.search(r"password (\S+)", first.said())
    assert found, first.said()
    return found[1]


def _seed(data: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "local.seed",
        "--data",
        str(data),
        "--clicks",
        str(CLICKS),
        "--links",
        "200",
        "--days",
        "90",
    ]
    subprocess.run(command, cwd=ROOT, env=running.environment(), check=True, stdout=subprocess.DEVNULL)


def _measure(password: str, **origins: str) -> list[dict[str, Any]]:
    command = ["node", "scripts/measure.mjs", str(RUNS), "admin@localhost", password]
    command += [f"{name}={origin}" for name, origin in origins.items()]
    loads: list[dict[str, Any]] = []
    with subprocess.Popen(command, cwd=FRONTEND, env=dict(os.environ), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            loads.append(json.loads(line))
            print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    assert process.returncode == 0, "the browser failed"
    return loads


def _report(loads: list[dict[str, Any]]) -> dict[str, float]:
    values: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    seen: dict[tuple[str, str], str] = {}
    for load in loads:
        for figure in ("fcp", "lcp", "numbers", "cls", "bytes"):
            if load[figure] is not None:
                values[load["page"], load["build"], figure].append(load[figure])
        seen[load["page"], load["build"]] = load["what"]
    medians = {key: statistics.median(found) for key, found in values.items()}
    print(f"\n  medians of {RUNS}: 1.6 Mbit/s, 150 ms, a processor of a quarter's speed\n")
    print(f"  {'':10}{'':9}{'FCP':>9}{'LCP':>9}{'numbers':>9}{'CLS':>8}{'loaded':>9}   the largest thing")
    for (page, build), what in seen.items():
        at = {figure: medians.get((page, build, figure)) for figure in ("fcp", "lcp", "numbers", "cls", "bytes")}
        times = "".join(
            f"{at[name]:6.0f} ms" if at[name] is not None else f"{'':9}" for name in ("fcp", "lcp", "numbers")
        )
        print(f"  {page:10}{build:9}{times}{at['cls']:8.3f}{(at['bytes'] or 0) / 1000:6.0f} kB   {what}")
    figures = {}
    print()
    for page, figure, goal in GOALS:
        ratio = medians[page, "careful", figure] / medians[page, "naive", figure]
        figures[f"{page}_{figure}_ratio"] = round(ratio, 3)
        print(f"  {page}, {figure}: {ratio:.2f} of the naive build's (at most {goal})")
    worst = max(max(found) for (_, build, figure), found in values.items() if figure == "cls" and build == "careful")
    figures["cls"] = round(worst, 4)
    print(f"  layout shift, worst: {worst:.4f} (at most {SHIFT})")
    return figures


if __name__ == "__main__":
    main()
