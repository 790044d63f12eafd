"""`make bench-deploy`: what a change of one function costs to deploy, as a ratio to deploying everything the first time.

Both are `make package` in a copy of the source: build, pack, upload to a stand-in for S3. The first finds nothing there but
pip's own downloads, which makes it cheaper than on a new machine, and the ratio harder to reach. Prints a table for people
and, as its last line, one JSON object of figures by fixed names.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from local import packages

_ROOT = Path(__file__).parents[2]
_SOURCE = ("Makefile", "template.yaml", "samconfig.toml", "requirements", "functions", "layers", "local")
_ROUNDS = 3


def copy(folder: Path) -> Path:
    folder.mkdir()
    for name in _SOURCE:
        source = _ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    for environment in (".venv", ".venv-sam"):
        (folder / environment).symlink_to(_ROOT / environment)
    return folder


def deploy(source: Path) -> tuple[float, str]:
    """Build and upload; return the seconds that it took, and what was said."""
    begun = time.perf_counter()
    done = subprocess.run(
        ["make", "package"],
        cwd=source,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    return time.perf_counter() - begun, done.stdout


def change(source: Path, number: int) -> None:
    """Change a line of one function."""
    app = source / "functions/links/writing.py"
    app.write_text(app.read_text() + f"\nCHANGE = {number}\n")


def main() -> None:
    first: list[float] = []
    further: list[float] = []
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory(prefix="ginnel-deploy-") as folder, packages.storage():
            source = copy(Path(folder) / "source")
            taken, _ = deploy(source)
            first.append(taken)
            for number in range(_ROUNDS):
                change(source, number)
                taken, said = deploy(source)
                further.append(taken)
                assert said.count("sent") == 1, said
    all_of_it, one = statistics.median(first), statistics.median(further)
    print(f"\n  everything, from nothing   {all_of_it:6.2f} s")
    print(f"  one function changed       {one:6.2f} s, ratio {one / all_of_it:.2f}\n")
    print(json.dumps({"deploy_ratio": round(one / all_of_it, 2)}))


if __name__ == "__main__":
    main()
