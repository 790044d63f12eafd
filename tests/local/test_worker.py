"""The worker of one machine tells webhooks what is due beside storing clicks, under the real rule for addresses."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from typing import Any

import pytest

from ginnel import outbound
from tests.conftest import Account
from tests.e2e import running
from tests.peers import always, answer, letting, serving


async def test_what_is_due_is_attempted_and_nothing_inside_is_called(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(always(answer())) as peer:
        monkeypatch.setattr(outbound, "public", lambda: letting(peer))
        draft = {"url": peer.url(host="127.0.0.1"), "events": ["link.created"]}
        made = await account.http.post("/api/v1/webhooks", json=draft)
        path = f"/api/v1/webhooks/{made.json()['id']}"
        await account.link()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local.worker", stdin=PIPE, stderr=DEVNULL, cwd=running.ROOT,
            env={**os.environ, "PYTHONPATH": "functions:layers/common/python:."},
        )  # fmt: skip
        try:
            tried = await _until(account, path, lambda it: it["attempts"])
        finally:
            worker.terminate()
            status = await asyncio.wait_for(worker.wait(), 15)
        assert (tried["type"], tried["error"]) == ("link.created", "It is not at a public address, on port 80 or 443.")
        assert (peer.connections, status) == (0, 0)
        await account.http.delete(path)


async def _until(account: Account, path: str, met: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            (one,) = (await account.http.get(f"{path}/deliveries")).json()["items"]
            if met(one):
                found: dict[str, Any] = one
                return found
            await asyncio.sleep(0.1)
