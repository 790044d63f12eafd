"""What docs/operating.md says is so, as far as it can be told without an installation."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", PAGE))
def test_its_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists(), shlex.quote(link)
