"""What a built template (`make build`) deploys: its functions, their code, and what calls them.

Reads what a machine of one's own can run; what else the template has, networks and rights and conditions, is AWS's matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FUNCTION, LAYER = "AWS::Serverless::Function", "AWS::Serverless::LayerVersion"


class NotBuilt(RuntimeError):
    """What is to be run is not here; the message says how to get it, and is meant for the person at the terminal."""


@dataclass(frozen=True)
class Route:
    """A gateway event. The method may be ANY; the path as the template has it: /api/v1/links/{link_id}, /{slug+}."""

    method: str
    path: str
    function: str

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Function:
    name: str
    handler: str
    timeout: int
    """Seconds."""
    memory: int
    """Megabytes."""
    code: Path
    """Its package: a zip, or a folder."""
    layers: tuple[Path, ...]
    """The packages of its layers."""
    variables: Mapping[str, str | None]
    """Its environment; None where the stack's parameters decide."""
    routes: tuple[Route, ...]
    scheduled: bool


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: `!Ref Name` becomes {"Ref": "Name"}."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # the third kind


_Loader.add_multi_constructor("!", _short_form)


def read(template: Path) -> list[Function]:
    """Read a built template's functions, in its order. Raises NotBuilt where there is none."""
    try:
        stack: dict[str, Any] = yaml.load(template.read_text(), _Loader)  # noqa: S506  # a safe loader's child
    except OSError as error:
        raise NotBuilt(f"no built template: {error}. Build it: make build") from error
    shared = stack.get("Globals", {}).get("Function", {})
    return [
        _function(name, shared, resource["Properties"], stack, template.parent)
        for name, resource in stack["Resources"].items()
        if resource["Type"] == FUNCTION
    ]


def _function(name: str, shared: dict[str, Any], own: dict[str, Any], stack: dict[str, Any], folder: Path) -> Function:
    merged = {**shared, **own}
    variables = {
        **shared.get("Environment", {}).get("Variables", {}),
        **own.get("Environment", {}).get("Variables", {}),
    }
    events = merged.get("Events", {}).values()
    return Function(
        name=name,
        handler=merged["Handler"],
        timeout=_number(merged.get("Timeout"), 3),
        memory=_number(merged.get("MemorySize"), 128),
        code=(folder / merged["CodeUri"]).resolve(),
        layers=tuple((folder / layer).resolve() for part in (shared, own) for layer in _layers(part, stack)),
        variables={key: None if isinstance(value, dict) else str(value) for key, value in variables.items()},
        routes=tuple(
            Route(event["Properties"]["Method"].upper(), event["Properties"]["Path"], name)
            for event in events
            if event["Type"] == "HttpApi" and "Path" in event.get("Properties", {})
        ),
        scheduled=any(event["Type"] in {"Schedule", "ScheduleV2"} for event in events),
    )


def _layers(properties: dict[str, Any], stack: dict[str, Any]) -> Iterator[str]:
    for layer in properties.get("Layers", []):
        resource = stack["Resources"].get(layer.get("Ref"), {}) if isinstance(layer, dict) else {}
        if resource.get("Type") == LAYER:
            yield resource["Properties"]["ContentUri"]


def _number(value: Any, default: int) -> int:  # noqa: ANN401  # whatever YAML holds
    return value if isinstance(value, int) else default
