"""Schemathesis sends what the merged OpenAPI document says can be sent, and what it says can't, to a real host.

What it calls defects are: a server error, an answer that the document does not tell of, data taken that the document forbids or
refused that it allows, a method or a token that is not asked about. What is excluded stands in schemathesis.toml and ENDING.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ginnel import limits, outbound, settings
from tests.conftest import Account, Records
from tests.e2e.running import free_port
from tests.peers import always, answer, letting, serving

from .estate import Tenant, tenant

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
IDS = {
    "delivery": "path.delivery_id",
    "domain": "path.domain_id",
    "import": "path.import_id",
    "link": "path.link_id",
    "orphan": "path.orphan_id",
    "share": "path.share_id",
    "tag": "path.tag_id",
    "webhook": "path.webhook_id",
}
"""Things that there are, and which parameter names one."""
_OWN = "ends the session that all other requests are made in"
ENDING = {
    "POST /api/v1/auth/logout": _OWN,
    "DELETE /api/v1/auth/sessions": _OWN,
    "DELETE /api/v1/auth/sessions/{session}": _OWN,
    "POST /api/v1/admin/users/{user_id}/sign-out": _OWN,
    "PUT /api/v1/admin/registration": "may close the registration, which all other tests need",
}
"""What is asked as nobody only, and why."""


@pytest.fixture
async def page(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Let one page on loopback be all of the outside."""
    async with serving(always(answer(200, b"<title>A page</title>"))) as peer:
        monkeypatch.setattr(outbound, "public", lambda: letting(peer))
        yield peer.url("/")


@pytest.fixture
async def host(dns: Records, page: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Serve as on one machine, but for calls to the outside: the DNS knows what the test has told it."""
    from local import server  # noqa: PLC0415  # not before the environment is made
    from local.host import app  # noqa: PLC0415  # as above

    unlimited = limits.Settings(rate_read=0, rate_write=0, rate_anonymous=0)
    real = settings.read
    monkeypatch.setattr(settings, "read", lambda kind: unlimited if kind is limits.Settings else real(kind))
    port = free_port()
    served = server.new(app, host="127.0.0.1", port=port)
    running = asyncio.create_task(served.serve())
    while not served.started:  # noqa: ASYNC110  # uvicorn has a flag, no event
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    served.should_exit = True
    await running


@pytest.fixture
async def document(client: httpx.AsyncClient, tmp_path: Path) -> Path:
    """Write the document down without its answer for whatever is not told of: all has to be told of."""
    found: dict[str, Any] = (await client.get("/openapi.json")).json()
    for operations in found["paths"].values():
        for operation in operations.values():
            del operation["responses"]["default"]
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(found))
    return path


async def _configuration(own: Tenant) -> str:
    """Configure a token, and ids of things that there are, which half of the requests are about."""
    token = own.owner.http.headers["authorization"].removeprefix("Bearer ")
    ids = {kind: await own.thing(kind) for kind in IDS}
    return "\n".join(
        [
            f'[auth.openapi]\nHTTPBearer = {{ bearer = "{token}" }}',
            *(f"[dictionaries.{kind}]\nvalues = [{value}]" for kind, value in ids.items()),
            "[parameters]",
            *(f'"{name}" = {{ dictionary = "{kind}", probability = 0.5 }}' for kind, name in IDS.items()),
        ]
    )


async def _schemathesis(host: str, document: Path, configuration: str, *options: str) -> str:
    """Run it, to no defect; return in one line what it did."""
    file = document.with_name("schemathesis.toml")
    file.write_text(f"{CONFIGURATION.read_text()}\n{configuration}\n")
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"), "--no-color", "--config-file", file,
        "run", document, "--url", host, "--header", "Host: go.test", *options,
        env={"PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=document.parent,
    )  # fmt: skip
    said = (await process.communicate())[0].decode(errors="replace")
    assert process.returncode == 0, "\n".join(line[:1000] for line in _defects(said))
    tested, generated = re.search(r"Tested: (\d+)", said), re.search(r"(\d+) generated.*", said)
    assert tested
    assert generated
    return f"{tested[1]} operations, {generated[0]}"


def _defects(said: str) -> list[str]:
    """Leave out what is said of what could not be tested as well as it might."""
    lines = said.splitlines()
    warnings = [number for number, line in enumerate(lines) if re.fullmatch("=+ WARNINGS =+", line)]
    return lines[: warnings[0]] + lines[-30:] if warnings else lines


@pytest.mark.slow
async def test_who_may_everything_finds_no_defect(
    host: str, document: Path, operator: Account, dns: Records, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own = await tenant(operator, dns, page)
    configuration = await _configuration(own)
    excluded = [option for name in ENDING for option in ("--exclude-name", name)]
    did = await _schemathesis(
        host, document, configuration, "--header", f"Ginnel-Workspace: {own.workspace}", *excluded
    )
    with capsys.disabled():
        print(f"\n  Schemathesis, signed in as an owner and operator: {did}")


@pytest.mark.slow
async def test_nobody_finds_no_defect(host: str, document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    did = await _schemathesis(
        host, document, "", "--generation-with-security-parameters", "false", "--max-examples", "5"
    )
    with capsys.disabled():
        print(f"\n  Schemathesis, as nobody: {did}")
