"""`make deploy`: hand what `make build` made to CloudFormation.

The parameters are samconfig.toml's for the environment, those that are given (an account's, such as its certificate), and
the release. SAM takes what the command line says in place of what its file says, so they are put together here; what
neither names keeps the value that the stack has.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy")
    parser.add_argument("environment", help="one of samconfig.toml's, such as staging")
    parser.add_argument("--release", required=True, help="the commit, or whatever no release before was called")
    parser.add_argument("--parameters", default="", help="more of the template's: Name=value Name='a value'")
    parser.add_argument("--sam", default="sam", help="the sam to run")
    parser.add_argument("--build", type=Path, default=Path(".aws-sam/build"), help="where the packages are")
    wanted = parser.parse_args()
    template = wanted.build / "template.yaml"
    if not template.exists():
        raise SystemExit(f"\n  Can't deploy: there is no {template}. Say `make build` first.\n")
    parameters = {**_configured(wanted.environment), **_pairs(wanted.parameters)}
    overrides = [f"{name}={value}" for name, value in (parameters | {"Release": wanted.release}).items()]
    command = [wanted.sam, "deploy", "--template-file", str(template), "--config-file", str(ROOT / "samconfig.toml")]
    command += ["--config-env", wanted.environment, "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    sys.stdout.flush()
    os.execvp(wanted.sam, [*command, "--parameter-overrides", *overrides])  # noqa: S606  # this is its job, and no shell


def _configured(environment: str) -> dict[str, str]:
    environments = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if environment not in environments:
        known = ", ".join(name for name in environments if name not in {"version", "default"})
        raise SystemExit(
            f"\n  Can't deploy: samconfig.toml has no environment {environment} (but {known or 'none'}).\n"
        )
    found = environments[environment].get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    return _pairs(found if isinstance(found, str) else shlex.join(found))


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in shlex.split(text)]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise SystemExit(f"\n  Can't deploy: parameters must read Name=value, not {', '.join(wrong)}.\n")
    return {name: value for name, _, value in pairs}


if __name__ == "__main__":
    main()
