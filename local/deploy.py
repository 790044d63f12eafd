"""`make deploy`: hands what was built to AWS, with the parameters of an environment and a release of its own.

SAM takes parameters from samconfig.toml or from its command line, never from both; this puts them together.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SAM = ".venv-sam/bin/sam"


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy")
    parser.add_argument("environment", help="one of samconfig.toml's")
    parser.add_argument("--template", type=Path, default=Path(".aws-sam/build/template.yaml"), help="what was built")
    parser.add_argument("--release", help="a name that no deployment had before (else the time and the commit)")
    parser.add_argument("parameters", nargs="*", metavar="Name=value", help="further ones, or others")
    wanted = parser.parse_args()
    try:
        order = command(
            wanted.environment, wanted.template, release=wanted.release or _release(), further=wanted.parameters
        )
    except KeyError:
        parser.error(f"samconfig.toml has no environment {wanted.environment!r} with parameter_overrides")
    os.execvp(order[0], order)  # noqa: S606  # no shell is what is wanted


def command(environment: str, template: Path, *, release: str, further: Sequence[str]) -> list[str]:
    """Make SAM's command. Raises KeyError if there is no such environment."""
    parameters = tomllib.loads((ROOT / "samconfig.toml").read_text())[environment]["deploy"]["parameters"]
    return [
        *(_SAM, "deploy", "--config-env", environment, "--template-file", str(template)),
        # The last of a name counts.
        *("--parameter-overrides", *parameters["parameter_overrides"], *further, f"Release={release}"),
    ]


def _release() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}" + (f"-{commit}" if commit else "")


if __name__ == "__main__":
    main()
