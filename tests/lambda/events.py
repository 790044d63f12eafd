"""Reads tests/events, whose README says what the placeholders are."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

Event = dict[str, Any]

_FOLDER = Path(__file__).parents[1] / "events"
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def load(name: str, **values: object) -> Event:
    """Read an event and fill its placeholders. One that no value was given for is a KeyError."""
    event: Event = _filled(json.loads((_FOLDER / f"{name}.json").read_text()), values)
    if "body" in event:
        sent = event["body"].encode()
        event["headers"]["content-length"] = str(len(base64.b64decode(sent) if event["isBase64Encoded"] else sent))
    return event


def placeholders() -> set[str]:
    """List the placeholders of all events."""
    return {name for path in _FOLDER.glob("*.json") for name in _PLACEHOLDER.findall(path.read_text())}


def at(path: str, *, query: str = "", method: str = "GET") -> Event:
    """Make a visit to any path."""
    event = load("redirect_get", slug="-")
    event |= {"rawPath": path, "rawQueryString": query}
    event["requestContext"]["http"] |= {"path": path, "method": method}
    return event


def _filled(node: Any, values: dict[str, object]) -> Any:
    if isinstance(node, str):
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), node)
    if isinstance(node, list):
        return [_filled(item, values) for item in node]
    if isinstance(node, dict):
        return {key: _filled(item, values) for key, item in node.items()}
    return node
