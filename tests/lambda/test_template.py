"""template.yaml and .env.example say the same as the code. What the stack consists of: test_stack.py."""

from __future__ import annotations

import dataclasses
import importlib
import operator
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI

from ginnel import places, slugs, web
from local import host

from . import template

# Those that HTTP leads to.
WITH_ROUTES = [name for name in template.FUNCTIONS if list(template.routes(name))]
GIVEN = dict.fromkeys(("DatabaseUrl", "RedisUrl", "BaseUrl", "JwtKeys"), "-")
# What a function may read besides its settings.
ANYWHERE = {"METRICS", "LOG_LEVEL", "PYDANTIC_DISABLE_PLUGINS"}
# Whose names other programs have chosen.
OTHERS = {"AWS_ENDPOINT_URL", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_INITIALIZATION_TYPE", "MAKELEVEL"}
# Kept for later, the dashboard; the mailbox, which is on one machine only; and what is there where it is wanted.
AHEAD = {"metrics", "app", "local"}


def app(function: str) -> FastAPI:
    found: FastAPI = importlib.import_module(f"{function}.app").app
    return found


def needs(function: str) -> Iterator[dataclasses.Field[Any]]:
    module = importlib.import_module(f"{function}.app")
    kinds = module.app.state.needs if function in WITH_ROUTES else module.NEEDS
    for kind in kinds:
        yield from dataclasses.fields(kind)


def test_the_template_has_a_function_for_each_folder() -> None:
    folders = {path.parent.name for path in (template.ROOT / "functions").glob("*/app.py")}
    assert folders == template.FUNCTIONS.keys()


@pytest.mark.parametrize("function", WITH_ROUTES)
def test_the_gateway_has_every_route_of_the_app_once_and_no_other(function: str) -> None:
    events = list(template.routes(function))
    routes = {
        (method, path.replace(":path}", "+}")) for path, methods in web.routes(app(function)) for method in methods
    }
    assert set(events) == routes
    assert len(events) == len(routes)


def test_no_two_functions_have_the_same_route() -> None:
    routes = [route for function in template.FUNCTIONS for route in template.routes(function)]
    assert len(routes) == len(set(routes))


def test_the_gateway_leads_to_the_functions_that_one_machine_has() -> None:
    assert {id(app(function)) for function in WITH_ROUTES} == {id(app) for app in host.FUNCTIONS}


def test_the_reserved_slugs_are_the_routes_first_segments() -> None:
    paths = (path for app in (*host.FUNCTIONS, host.app.pages) for path, _ in web.routes(app))
    firsts = {slugs.fold(path.split("/")[1]) for path in paths}
    assert {first for first in firsts if first and "{" not in first} | AHEAD == slugs.RESERVED


@pytest.mark.parametrize("function", template.FUNCTIONS)
def test_a_function_is_given_what_it_needs_and_nothing_that_nobody_reads(function: str) -> None:
    needed = list(needs(function))
    given = template.environment(function, GIVEN)
    assert given.keys() == template.environment(function, {}).keys()
    assert _names(field for field in needed if field.default is dataclasses.MISSING) <= given.keys()
    assert given.keys() <= _names(iter(needed)) | ANYWHERE
    assert given["DATABASE_POOL"] == "1"


@pytest.mark.parametrize("function", template.FUNCTIONS)
def test_a_handler_is_where_the_template_says(function: str) -> None:
    assert (template.ROOT / "functions" / template.module(function).replace(".", "/")).with_suffix(".py").is_file()
    assert callable(importlib.import_module(template.module(function)).handler)


def test_the_layers_are_laid_out_as_lambda_unpacks_them() -> None:
    assert (template.LAYERS["CommonLayer"] / "python/ginnel/__init__.py").is_file()
    # SAM decides by this file's own text whether a cached build is fresh, so it may not be a reference to the list.
    lines = (template.LAYERS["DepsLayer"] / "requirements.txt").read_text()
    assert lines == (template.ROOT / "requirements/lambda.txt").read_text()
    assert (template.LAYERS["GeoipLayer"] / places.LAYER.relative_to("/opt")).is_dir()


def test_the_example_environment_names_every_variable_with_its_default() -> None:
    described = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (template.ROOT / ".env.example").read_text(), re.MULTILINE))
    local = (f"local.{name}" for name in ("address", "cli", "dashboard", "metrics", "server", "tracing"))
    modules = (*_all_modules(), *map(importlib.import_module, local))
    kinds = {kind for module in modules for kind in _read_by(module)}
    fields = {field.name.upper(): field for kind in kinds for field in dataclasses.fields(kind)}
    assert described.keys() == fields.keys() | set(_read_directly()) | _read_by_compose()
    for name, field in fields.items():
        if field.default not in {None, dataclasses.MISSING}:
            shown = str(field.default)
            assert described[name] == (shown.lower() if isinstance(field.default, bool) else shown), name


def _read_by_compose() -> set[str]:
    """Find the variables that docker-compose.yml reads, and the files that it names; not what pins an image."""
    text = (template.ROOT / "docker-compose.yml").read_text()
    read = set(re.findall(r"\$\{([A-Z_]+)", text)) | set(re.findall(r"^  ([A-Z_]+_FILE):", text, re.MULTILINE))
    digests = {name for name in read if name.endswith("_DIGEST")}
    return read - digests - {name.replace("DIGEST", "TAG") for name in digests}


def _names(fields: Iterator[dataclasses.Field[Any]]) -> set[str]:
    return {field.name.upper() for field in fields}


def _all_modules() -> Iterator[ModuleType]:
    for name in ("ginnel", *template.FUNCTIONS):
        yield from _modules(importlib.import_module(name))


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if "migrations" not in found.name:
            yield importlib.import_module(found.name)


def _read_by(module: ModuleType) -> Iterator[type]:
    """Find the classes in a module's calls of `settings.read`."""
    for name in re.findall(r"\bread\(((?:\w+\.)?[A-Z]\w*)\)", Path(module.__file__ or "").read_text()):
        yield operator.attrgetter(name)(module)


def _read_directly() -> Iterator[str]:
    """Find the variables that the code reads without `settings`, except those of other programs."""
    for folder in ("functions", "layers/common/python", "local"):
        for path in (template.ROOT / folder).rglob("*.py"):
            names = re.findall(r"environ(?:\.get\(|\.setdefault\(|\[)\"([A-Z_]+)\"", path.read_text())
            yield from set(names) - OTHERS
