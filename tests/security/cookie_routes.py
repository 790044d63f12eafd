"""Which routes have to do with a cookie, as their code says: found, not listed, so that a new one is not forgotten."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

_COOKIE = {"cookies", "set_cookie", "delete_cookie", "cookie", "set-cookie"}
"""Names, and headers, by which code reads or sets one."""
_OURS = ("ginnel", "auth", "links", "clicks", "redirect")


def cookie_routes(apps: tuple[FastAPI, ...]) -> set[str]:
    """Return `METHOD /path` of each route whose code, what that calls, or one of its dependencies names a cookie."""
    found = set()
    for app in apps:
        for route in iter_route_contexts(app.routes):
            endpoint, dependant = getattr(route, "endpoint", None), getattr(route, "dependant", None)
            if _names_a_cookie(endpoint, set()) or (dependant and _depends_on_one(dependant)):
                path = (route.path or "").replace(":path", "")
                found |= {f"{method} {path}" for method in getattr(route, "methods", None) or ()}
    return found


def _depends_on_one(dependant: Dependant) -> bool:
    return bool(dependant.cookie_params) or any(
        _names_a_cookie(inner.call, set()) or _depends_on_one(inner) for inner in dependant.dependencies
    )


def _names_a_cookie(function: Any, seen: set[Any]) -> bool:
    if not isinstance(function, FunctionType) or function in seen or not function.__module__.startswith(_OURS):
        return False
    seen.add(function)
    function = inspect.unwrap(function)
    said = set(_said(function.__code__))
    # A module may have the name too: what it is asked for will say.
    if said & _COOKIE and not isinstance(function.__globals__.get("cookies"), ModuleType):
        return True
    return any(_names_a_cookie(called, seen) for called in _called(function, said))


def _said(code: CodeType) -> Iterator[str]:
    """List the names and texts of some code, and of what is defined in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _said(constant)
        elif isinstance(constant, str):
            yield constant


def _called(function: FunctionType, said: set[str]) -> Iterator[Any]:
    """List what some code may call: functions of its module, and of the modules that it knows or imports by itself."""
    package = sys.modules[function.__module__].__package__ or ""
    for name in filter(str.isidentifier, said):
        value = function.__globals__.get(name)
        if value is None:
            value = _module(f"{package}.{name}") or ("ginnel" in said and _module(f"ginnel.{name}"))
        if isinstance(value, ModuleType):
            yield from (getattr(value, attribute, None) for attribute in said)
        else:
            yield value


@functools.cache
def _module(name: str) -> ModuleType | None:
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
