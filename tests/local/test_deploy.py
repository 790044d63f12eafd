"""What a deployment hands to SAM, and has done on a host that runs the containers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import deploy

ROOT = Path(__file__).parents[2]
CONFIGURED = """
version = 0.1
[default.global.parameters]
stack_name = "ginnel"
[staging.deploy.parameters]
parameter_overrides = ["Size=micro", "BaseUrl=https://staging.example.com"]
[production.deploy.parameters]
parameter_overrides = "Size=small Note='two words'"
"""


def program(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport json, os, subprocess, sys\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def sam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for SAM: write down what it is told."""
    (tmp_path / "samconfig.toml").write_text(CONFIGURED)
    (tmp_path / "build").mkdir()
    (tmp_path / "build/template.yaml").touch()
    monkeypatch.setattr(deploy, "ROOT", tmp_path)
    return program(tmp_path / "bin", "sam", f"json.dump(sys.argv[1:], open({str(tmp_path / 'told')!r}, 'w'))")


def told(sam: Path, environment: str, monkeypatch: pytest.MonkeyPatch, parameters: str = "") -> list[str]:
    """Run it, in a child, since it becomes SAM; return SAM's arguments."""
    build = sam.parents[1] / "build"
    arguments = ["deploy", environment, "--release", "abc", "--sam", str(sam), "--build", str(build)]
    arguments += ["--parameters", parameters]
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setattr(os, "execvp", lambda _, command: subprocess.run(command, check=True))
    deploy.main()
    found: list[str] = json.loads((sam.parents[1] / "told").read_text())
    return found


def test_the_parameters_of_the_environment_and_of_the_repository_and_the_release_go_together(
    sam: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = told(sam, "staging", monkeypatch, "BaseUrl=https://go.test DomainName=go.test")
    assert command[0] == "deploy"
    assert command[command.index("--config-env") + 1] == "staging"
    assert {"--no-confirm-changeset", "--no-fail-on-empty-changeset"} <= set(command)
    overrides = command[command.index("--parameter-overrides") + 1 :]
    assert overrides == ["Size=micro", "BaseUrl=https://go.test", "DomainName=go.test", "Release=abc"]


def test_parameters_may_be_one_text(sam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = told(sam, "production", monkeypatch)
    assert command[command.index("--parameter-overrides") + 1 :] == ["Size=small", "Note=two words", "Release=abc"]


def test_what_can_not_be_deployed_is_named(sam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"has no environment prod \(but staging, production\)"):
        told(sam, "prod", monkeypatch)
    with pytest.raises(SystemExit, match="must read Name=value, not Size, micro"):
        told(sam, "staging", monkeypatch, "Size micro")
    (sam.parents[1] / "build/template.yaml").unlink()
    with pytest.raises(SystemExit, match=r"there is no .*template\.yaml. Say `make build` first"):
        told(sam, "staging", monkeypatch)


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
