"""What a deployment has done on a host that runs the containers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def program(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport json, os, subprocess, sys\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_host_of_containers_is_brought_to_a_commit_schema_first(tmp_path: Path) -> None:
    """A stand-in for ssh runs here what it is told; one for docker writes down what it is told."""
    origin, home, log = tmp_path / "origin", tmp_path / "home", tmp_path / "log"
    home.mkdir()
    subprocess.run(["git", "init", "-qb", "main", origin], check=True)
    commit = ["git", "-c", "user.name=a", "-c", "user.email=a@b.test", "commit", "-q", "--allow-empty", "-m"]
    subprocess.run([*commit, "one"], cwd=origin, check=True)
    subprocess.run(["git", "clone", "-q", origin, home / "ginnel"], check=True)
    subprocess.run([*commit, "two"], cwd=origin, check=True)
    release = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=origin, text=True).strip()
    program(tmp_path / "bin", "ssh", "sys.exit(subprocess.run(sys.argv[sys.argv.index('a@host') + 1:]).returncode)")
    program(
        tmp_path / "bin",
        "docker",
        f"open({str(log)!r}, 'a').write(' '.join(sys.argv[1:]) + ' in ' + os.getcwd() + '\\n')",
    )
    env = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(home)}
    subprocess.run(["make", "deploy-compose", "TO=a@host", f"RELEASE={release}"], cwd=ROOT, env=env, check=True)
    at = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=home / "ginnel", text=True).strip()
    assert at == release
    assert log.read_text().splitlines() == [
        f"compose {words} in {home / 'ginnel'}"
        for words in ("build", "run --rm migrate", "up --detach --remove-orphans")
    ]
