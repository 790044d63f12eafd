"""Who may call what is below /api/v1/admin: operators, signed in themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest

from ginnel import keys, web
from local import host
from tests.auth.conftest import problem
from tests.conftest import Account


def _routes() -> Iterator[tuple[str, str]]:
    for app in host.FUNCTIONS:
        for path, methods in web.routes(app):
            if path.startswith("/api/v1/admin/"):
                yield from ((method, path) for method in methods)


@pytest.mark.parametrize(("method", "path"), sorted(_routes()))
async def test_only_operators_get_in_and_no_key_of_theirs(
    account: Account, operator: Account, client: httpx.AsyncClient, method: str, path: str
) -> None:
    url = path.format(user_id=1, workspace_id=1, link_id=1, blocked_id=1)
    body: dict[str, Any] = {} if method in {"GET", "DELETE"} or path.endswith("/import") else {"json": {}}
    problem(await client.request(method, url, **body), 401, "unauthorized")
    problem(await account.http.request(method, url, **body), 403, "operator_only")
    scopes = list(get_args(keys.Scope))
    made = await operator.http.post("/api/v1/api-keys", json={"name": "all", "scopes": scopes})
    bearer = {"authorization": f"Bearer {made.json()['secret']}"}
    problem(await client.request(method, url, headers=bearer, **body), 403, "operator_only")


async def test_a_path_of_no_route_is_not_found(operator: Account) -> None:
    for path in ("/api/v1/admin", "/api/v1/admin/", "/api/v1/admin/nothing", "/api/v1/admin/users/1/erase"):
        problem(await operator.http.get(path), 404, "not_found")
