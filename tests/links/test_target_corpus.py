"""The WHATWG URL cases, sent as targets: nothing invalid is taken, and what is taken is stored as a browser reads it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Account

CASES = Path(__file__).parents[3] / "shared" / "data" / "urls" / "urltestdata.json"


async def test_the_corpus_is_stored_by_its_own_href(account: Account) -> None:
    if not CASES.exists():
        pytest.skip("the WHATWG URL cases are not beside this checkout")
    cases = [case for case in json.loads(CASES.read_text()) if isinstance(case, dict) and not case.get("base")]
    stored = 0
    gate = asyncio.Semaphore(8)

    async def send(case: dict[str, Any]) -> None:
        nonlocal stored
        async with gate:
            answer = await account.http.post(
                "/api/v1/links",
                content=json.dumps({"target": case["input"]}).encode(),
                headers={"content-type": "application/json"},
            )
        assert answer.status_code in (201, 422), (case, answer.text)
        if answer.status_code == 201:
            assert not case.get("failure"), case
            assert case["protocol"] in ("http:", "https:"), case
            assert answer.json()["target"] == case["href"]
            kept = await account.http.get(f"/api/v1/links/{answer.json()['id']}")
            assert kept.json()["target"] == case["href"]
            stored += 1

    await asyncio.gather(*map(send, cases))
    print(f"\n{len(cases)} cases: {stored} stored, each by its exact href; {len(cases) - stored} refused")
    assert stored >= 100
