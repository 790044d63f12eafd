"""What template.yaml says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: `!Ref Name` becomes {"Ref": "Name"}."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {tag: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)

_template: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)

FUNCTIONS: dict[str, dict[str, Any]] = {
    name.removesuffix("Function").lower(): resource["Properties"]
    for name, resource in _template["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
"""Each function's properties, by its folder's name."""

LAYERS: dict[str, Path] = {
    name: ROOT / resource["Properties"]["ContentUri"]
    for name, resource in _template["Resources"].items()
    if resource["Type"] == "AWS::Serverless::LayerVersion"
}


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def module(function: str) -> str:
    """Return the dotted name of the module that holds a function's handler."""
    name: str = FUNCTIONS[function]["Handler"]
    return name.rpartition(".")[0]


def routes(function: str) -> Iterator[tuple[str, str]]:
    """List the method and path of each gateway event."""
    for event in FUNCTIONS[function]["Events"].values():
        if event["Type"] == "HttpApi":
            method = event["Properties"]["Method"]
            for one in METHODS if method == "ANY" else (method,):
                yield one, event["Properties"]["Path"]


def environment(function: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return a function's variables as they are once the stack is deployed with these parameters."""
    shared = _template["Globals"]["Function"]["Environment"]["Variables"]
    own = FUNCTIONS[function].get("Environment", {}).get("Variables", {})
    return {name: _resolved(value, parameters) for name, value in {**shared, **own}.items()}


def _resolved(value: Any, parameters: Mapping[str, str]) -> str:
    if not isinstance(value, dict):
        return str(value)
    (name,) = value.values()
    if name in parameters:
        return parameters[name]
    return str(_template["Parameters"][name]["Default"])
