"""What docs/operating.md says is so, as far as it can be told without an installation."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ginnel import tokens

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/operating.md").read_text()


def test_it_names_every_event_that_is_logged() -> None:
    logged = set()
    for folder in ("functions", "layers/common/python", "local"):
        for path in (ROOT / folder).rglob("*.py"):
            logged |= set(re.findall(r"\blog\.(?:info|warning|exception)\(\s*\"(\w+)\"", path.read_text()))
    described = PAGE.partition("## What to watch")[2].partition("## Back-up")[0]
    rows = [line.split("|")[1] for line in described.splitlines() if line.startswith("| `")]
    assert logged - {"link_created"} <= set(re.findall(r"`(\w+)`", " ".join(rows)))  # that is observe's own example


def test_it_names_the_metrics() -> None:
    told = re.findall(r'add_metric\(name="(\w+)"', (ROOT / "functions/clicks/backlog.py").read_text())
    assert told
    assert [name for name in told if f"`{name}`" not in PAGE] == []


def test_its_commands_are_there() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", PAGE)) <= targets


def test_the_way_to_change_keys_keeps_the_one_that_signed_until_now(tmp_path: Path) -> None:
    (script,) = re.findall(r"<<'END'\n(.*?)\nEND\n", PAGE, re.DOTALL)
    path = tmp_path / "jwt-keys.json"
    path.write_text(json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "kid": name, "k": "A" * 43} for name in "ab"]}))
    subprocess.run([sys.executable, "-c", script, path], check=True)
    tokens.Settings(path.read_text())
    first, second = json.loads(path.read_text())["keys"]
    assert (second["kid"], path.stat().st_mode & 0o777) == ("a", 0o600)
    assert first["kid"] not in "ab"


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", PAGE))
def test_its_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists(), shlex.quote(link)
