"""Metrics as text: OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), and Prometheus's own before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OLD_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    value: float
    labels: Mapping[str, str] = {}
    suffix: str = ""


class Family(NamedTuple):
    """A metric's samples. Its name goes without what the kind's samples end in, such as _total."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "info"]
    help: str
    samples: Iterable[Sample]


def write(families: Iterable[Family], *, old: bool = False) -> str:
    lines = [line for family in families for line in _lines(family, old=old)]
    return "\n".join([*lines, *([] if old else ["# EOF"])]) + "\n"


def _lines(family: Family, *, old: bool) -> Iterator[str]:
    ending = {"counter": "_total", "info": "_info"}.get(family.kind, "")
    name, kind = family.name, family.kind
    if old:  # which knows no infos, and calls a counter what its samples are called
        name, kind = f"{name}{ending}", "gauge" if kind == "info" else kind
    yield f"# TYPE {name} {kind}"
    if family.name.endswith("_seconds") and not old:
        yield f"# UNIT {name} seconds"
    yield f"# HELP {name} {family.help}"
    for value, labels, suffix in family.samples:
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{family.name}{suffix or ending}{f'{{{said}}}' if said else ''} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
