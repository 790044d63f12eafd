"""What docs/operating.md says is so, as far as it can be told without an installation."""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from ginnel import emf

ROOT = Path(__file__).parents[1]
_FORMAT = {
    "Timestamp",
    "CloudWatchMetrics",
    "Namespace",
    "Ginnel",
    "Dimensions",
    "Metrics",
    "Name",
    "Unit",
    "Count",
    "Milliseconds",
}
PAGE = (ROOT / "docs/operating.md").read_text()


def logged() -> dict[str, set[str]]:
    """Read what is logged out of the sources: each event's name, and the names of its fields."""
    found: dict[str, set[str]] = {}
    for folder in ("functions", "layers/common/python", "local"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=value, attr="info" | "warning" | "exception"), args=[event, *_]
                    ):
                        if ast.unparse(value) in {"log", "observe.log"}:
                            # Where it is a variable, the words that it may be are elsewhere; its fields are here.
                            name = event.value if isinstance(event, ast.Constant) else "?"
                            found.setdefault(str(name), set()).update(word.arg or "**" for word in node.keywords)
    return found


def rows() -> set[str]:
    """Read the events that the page's table names."""
    described = PAGE.partition("## What to watch")[2].partition("Levels are")[0]
    lines = [line.split("|")[1] for line in described.splitlines() if line.startswith("| `")]
    return set(re.findall(r"`(\w+)`", " ".join(lines)))


def test_it_names_every_event_that_is_logged() -> None:
    assert logged().keys() - {"?", "link_created"} <= rows()  # that is observe's own example


def test_it_names_no_event_that_nothing_logs() -> None:
    sources = "".join(
        path.read_text()
        for folder in ("functions", "layers/common/python", "local")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert [name for name in sorted(rows()) if f'"{name}"' not in sources] == []


def test_no_event_says_whose_or_what_it_was() -> None:
    events = logged()
    assert len(events) > 30
    # An address, a secret, a query string, or what holds one; `email` and `url` are people's and links'.
    unwanted = {"address", "ip", "peer", "client", "token", "password", "secret", "query", "headers", "cookie", "email", "url",
                "target", "referrer", "user_agent", "payload", "body", "line"}  # fmt: skip
    assert {event: fields & unwanted for event, fields in events.items() if fields & unwanted} == {}


def test_it_names_the_metrics() -> None:
    told = re.findall(r'add_metric\(name="(\w+)"', (ROOT / "functions/clicks/backlog.py").read_text())
    told += emf.line(Counter(batches=1), cold=True, failed=False).split('"')
    told = [name for name in told if re.fullmatch(r"[A-Z][a-z]+[A-Z]?[A-Za-z]+", name)]
    told = [name for name in told if name not in _FORMAT]
    told += re.findall(r'"((?:ginnel|process)_[a-z_]+)"', (ROOT / "local/metrics.py").read_text())
    assert len(told) > 10
    assert [name for name in told if f"`{name}" not in PAGE] == []


def test_its_commands_are_there() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", PAGE)) <= targets


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", PAGE))
def test_its_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists(), shlex.quote(link)
