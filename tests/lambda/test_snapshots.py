"""What SnapStart freezes when it has imported a handler is the same in every process that is thawed from it."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from . import template
from .conftest import declared

FROZEN = Path(__file__).with_name("frozen.py")


async def imported(module: str, *folders: Path) -> dict[str, Any]:
    path = ":".join(map(str, (template.ROOT / "functions", template.LAYERS["CommonLayer"] / "python", *folders)))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", FROZEN, module), stdout=PIPE, env={**declared("clicks"), "PYTHONPATH": path}
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(output)
    return found


@pytest.mark.parametrize("function", template.FUNCTIONS)
async def test_importing_a_handler_takes_no_time_no_chance_and_no_connection(function: str) -> None:
    assert await imported(template.module(function)) == {"used": [], "threads": 1}


async def test_what_would_be_frozen_is_found(tmp_path: Path) -> None:
    ours = tmp_path / "functions"
    ours.mkdir()
    (ours / "careless.py").write_text("import secrets, time\nNAME = secrets.token_hex()\nSTARTED = time.monotonic()\n")
    used = (await imported("careless", ours))["used"]
    assert [line.rpartition(":")[2] for line in used] == ["2", "3"]
