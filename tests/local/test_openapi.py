"""The merged OpenAPI document is a product: clients are generated from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from local import dashboard


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found


async def test_it_is_valid_and_merges_every_function(document: dict[str, Any]) -> None:
    validate(document)
    assert {
        "/{slug}",
        "/health",
        "/api/v1/auth/login",
        "/api/v1/links",
        "/api/v1/stats/series",
        "/api/v1/clicks",
    } <= set(document["paths"])
    assert document["servers"] == [{"url": "http://go.test"}]


async def test_every_operation_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    operations = [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for name, operation in operations:
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert operation.get("tags"), name
        assert "default" in operation["responses"], name
    identifiers = [operation["operationId"] for _, operation in operations]
    assert len(set(identifiers)) == len(identifiers)
    assert "HTTPValidationError" not in str(document)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/app/links", "text/html"),
        ("/docs", "text/html"),
        ("/redoc", "text/html"),
        ("/favicon.ico", "image/svg+xml"),
    ],
)
async def test_the_pages_run_no_script_but_our_own(
    client: httpx.AsyncClient, path: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "DIST", tmp_path)
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'unsafe" not in policy
    assert "<script>" not in answer.text
    assert "//cdn" not in answer.text
