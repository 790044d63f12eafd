"""What template.yaml says, and what it comes to in a stack with given parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
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

PARAMETERS: dict[str, dict[str, Any]] = _template["Parameters"]
SIZES: dict[str, dict[str, Any]] = _template["Mappings"]["Sizes"]
RESOURCES: dict[str, dict[str, Any]] = _template["Resources"]
GLOBALS: dict[str, Any] = _template["Globals"]["Function"]

FUNCTIONS: dict[str, dict[str, Any]] = {
    name.removesuffix("Function").lower(): resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
"""Each function's properties, by its folder's name."""

LAYERS: dict[str, Path] = {
    name: ROOT / resource["Properties"]["ContentUri"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::LayerVersion"
}


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def module(function: str) -> str:
    """Return the dotted name of the module that holds a function's handler."""
    name: str = FUNCTIONS[function]["Handler"]
    return name.rpartition(".")[0]


def routes(function: str) -> Iterator[tuple[str, str]]:
    """List the method and path of each gateway event."""
    for event in FUNCTIONS[function].get("Events", {}).values():
        if event["Type"] == "HttpApi":
            method = event["Properties"]["Method"]
            for one in METHODS if method == "ANY" else (method,):
                yield one, event["Properties"]["Path"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by name."""
    return {name: it.get("Properties", {}) for name, it in RESOURCES.items() if it["Type"] == kind}


def environment(function: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return a function's variables as they are once the stack is deployed with these parameters.

    What only AWS knows stands there as it is written: `${Database.Endpoint.Address}`, `{{resolve:secretsmanager:…}}`.
    """
    shared = GLOBALS["Environment"]["Variables"]
    own = FUNCTIONS[function].get("Environment", {}).get("Variables", {})
    stack = Stack(parameters)
    return {name: str(stack.value(value)) for name, value in {**shared, **own}.items()}


class Stack:
    """The template with values for its parameters, or their defaults."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        defaults = {name: str(it["Default"]) for name, it in PARAMETERS.items() if "Default" in it}
        self._parameters = {**defaults, **parameters}

    def has(self, resource: str) -> bool:
        """Say whether a resource is part of this stack."""
        condition = RESOURCES[resource].get("Condition")
        return condition is None or self._met(condition)

    def value(self, node: Any) -> Any:
        """Resolve whatever can be known beforehand. What is left out (AWS::NoValue) is None."""
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and (resolve := self._functions.get(next(iter(node)))):
            return resolve(self, next(iter(node.values())))
        return {name: value for name, it in node.items() if (value := self.value(it)) is not None}

    def _met(self, condition: str) -> bool:
        return bool(self.value(_template["Conditions"][condition]))

    def _ref(self, name: str) -> Any:
        return None if name == "AWS::NoValue" else self._parameters.get(name, f"${{{name}}}")

    def _if(self, node: list[Any]) -> Any:
        condition, then, otherwise = node
        return self.value(then if self._met(condition) else otherwise)

    def _sub(self, node: Any) -> str:
        text, names = node if isinstance(node, list) else (node, {})
        known = {**self._parameters, **{name: self.value(it) for name, it in names.items()}}
        return re.sub(r"\$\{([\w.:]+)\}", lambda found: str(known.get(found[1], found[0])), text)

    def _equals(self, node: list[Any]) -> bool:
        one, other = self.value(node)
        return str(one) == str(other)

    _functions: Mapping[str, Callable[[Stack, Any], Any]] = {
        "Ref": _ref,
        "If": _if,
        "Sub": _sub,
        "Equals": _equals,
        "Condition": _met,
        "Not": lambda stack, node: not stack.value(node[0]),
        "And": lambda stack, node: all(map(stack.value, node)),
        "Or": lambda stack, node: any(map(stack.value, node)),
        # Of lists that are parameters: they come joined by commas.
        "Join": lambda stack, node: stack.value(node[1]).replace(",", node[0]),
        "GetAtt": lambda _, node: f"${{{node}}}",
        "FindInMap": lambda stack, node: SIZES[stack.value(node[1])][node[2]],
    }
