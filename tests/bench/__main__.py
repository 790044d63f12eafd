"""`make bench`: every measurement in turn. Their figures together become `bench.json`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PARTS = ("redirect", "ingest", "links", "stats", "functions")


def main() -> None:
    figures: dict[str, Any] = {}
    failed = []
    for part in PARTS:
        print(f"\n{part}", flush=True)
        with subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.{part}"], text=True, stdout=subprocess.PIPE
        ) as process:
            last = ""
            for line in process.stdout or ():
                print(line, end="", flush=True)
                last = line
        if process.returncode:
            failed.append(part)
        else:
            figures |= json.loads(last)
    Path("bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(f"\n{json.dumps(figures)}")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
