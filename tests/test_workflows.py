"""The workflows do nothing that can't be done here, and give away nothing that they need not."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github").glob("workflows/*.yml"))
ACTIONS = sorted((ROOT / ".github").glob("actions/*/action.yml"))
# What only prepares a runner.
PREPARING = {"actions/checkout", "actions/setup-python", "actions/setup-node", "actions/cache"}


def loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from loaded(path)["jobs"].items()


def used(path: Path) -> Iterator[str]:
    """List the actions and workflows of others that a file uses."""
    for name in re.findall(r"uses: *(\S+)", path.read_text()):
        if not name.startswith("$/.github/"):
            yield name


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_step_of_ci_is_a_target_that_runs_anywhere() -> None:
    steps = [step for _, job in jobs(ROOT / ".github/workflows/ci.yml") for step in job["steps"]]
    commands = [step["run"] for step in steps if "run" in step]
    assert {name.removeprefix("make ") for name in commands} <= targets()
    assert all(re.fullmatch(r"make [a-z-]+", command) for command in commands)
    others = {step["uses"].partition("@")[0] for step in steps if "uses" in step}
    assert {name for name in others if not name.startswith("$/")} <= PREPARING


def test_everything_that_ci_checks_here_is_checked_there() -> None:
    here = set(
        re.findall(r"[a-z-]+", " ".join(re.findall(r"^make (.*)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)))
    )
    there = {step.get("run", "") for _, job in jobs(ROOT / ".github/workflows/ci.yml") for step in job["steps"]}
    assert here
    assert {f"make {name}" for name in here} <= there


@pytest.mark.parametrize("path", [*FILES, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT / ".github")))
def test_what_others_wrote_is_pinned_to_a_commit_and_says_which_version(path: Path) -> None:
    for name in used(path):
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}", name), name
        assert re.search(rf"{name} # v\d+\.\d+\.\d+\b", path.read_text()), name


def test_an_action_is_used_in_one_version() -> None:
    pins = {name.partition("@")[0]: set[str]() for path in (*FILES, *ACTIONS) for name in used(path)}
    for path in (*FILES, *ACTIONS):
        for name in used(path):
            pins[name.partition("@")[0]].add(name)
    assert [names for names in pins.values() if len(names) > 1] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_job_may_little_and_has_an_end(path: Path) -> None:
    assert loaded(path)["permissions"] == {}
    for name, job in jobs(path):
        assert job["permissions"], name
        writes = {what for what, how in job["permissions"].items() if how != "read"}
        assert writes <= ({"id-token"} if "environment" in job else set()), name
        # A job that calls a workflow can't have one; its jobs have.
        assert "uses" in job or 0 < job["timeout-minutes"] <= 60, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_check_out_leaves_no_credentials_behind(path: Path) -> None:
    for name, job in jobs(path):
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_a_deployment_follows_the_checks_one_at_a_time_and_is_looked_at() -> None:
    deploying = [job for _, job in jobs(ROOT / ".github/workflows/deploy.yml") if "environment" in job]
    assert len(deploying) == 2
    for job in deploying:
        assert job["needs"] == "ci"
        assert job["concurrency"]["cancel-in-progress"] is False
        assert job["environment"]["name"] == "${{ github.ref_type == 'tag' && 'production' || 'staging' }}"
        assert job["steps"][-1]["run"].startswith("make smoke ")
        made = {step["run"].split()[1] for step in job["steps"] if step.get("run", "").startswith("make ")}
        assert made <= targets()


PLANTED = {
    # Put together here, so that this file itself is clean. The first is the one in AWS's own documentation.
    "AWS Access Key": "key = AKIA" + "IOSFODNN7EXAMPLA",
    "Private Key": "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE",
    "GitHub Token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "Basic Auth Credentials": "postgresql://ginnel:" + "hunter2xyz@db.example.com/ginnel",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLANTED)
def test_a_secret_that_was_committed_is_found(kind: str, tmp_path: Path) -> None:
    assert subprocess.run(["make", ".venv-audit/made"], cwd=ROOT, check=False).returncode == 0
    for name in (".venv", ".venv-audit", "requirements", ".secrets.json"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "fine.py").write_text("password = read()\n")
    (tmp_path / "settings.py").write_text(f'"""{PLANTED[kind]}"""\n')
    for command in (["init", "-q"], ["add", "fine.py", "settings.py"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    looked = subprocess.run(
        ["make", "-f", ROOT / "Makefile", "secrets"], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert looked.returncode != 0
    assert kind in looked.stdout
    assert "settings.py:1" in looked.stdout
    assert "fine.py" not in looked.stdout


@pytest.mark.slow
def test_what_is_wrong_with_a_workflow_is_found(tmp_path: Path) -> None:
    assert subprocess.run(["make", ".venv-audit/made"], cwd=ROOT, check=False).returncode == 0
    for name in (".venv", ".venv-audit", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    good = (ROOT / ".github/workflows/ci.yml").read_text()
    faults = {
        "unexpected key": good.replace("timeout-minutes:", "timeout-minute:", 1),
        "unpinned-uses": re.sub(r"(actions/checkout)@\w+ #", r"\1@main #", good, count=1),
        "potentially untrusted": good.replace("make lint\n", "make ${{ github.head_ref }}\n", 1),
    }
    for fault, text in faults.items():
        assert text != good
        (folder / "ci.yml").write_text(text)
        looked = subprocess.run(
            ["make", "-f", ROOT / "Makefile", "lint-workflows"],
            cwd=tmp_path,
            text=True,
            capture_output=True,
            check=False,
        )
        assert looked.returncode != 0, fault
        assert fault in looked.stdout + looked.stderr
