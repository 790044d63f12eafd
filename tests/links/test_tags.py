from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Account
from tests.links.test_links import Register

PATH = "/api/v1/tags"


async def listed(account: Account) -> dict[str, int]:
    items = (await account.http.get(PATH)).json()["items"]
    return {item["name"]: item["links"] for item in items}


async def tag(account: Account, name: str) -> dict[str, Any]:
    answer = await account.http.post(PATH, json={"name": name})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_tags_are_listed_with_the_links_that_stand(account: Account) -> None:
    await tag(account, "empty")
    await account.link(tags=["b", "a"])
    gone = await account.link(tags=["a", "gone"])
    await account.http.delete(f"/api/v1/links/{gone['id']}")
    assert await listed(account) == {"a": 1, "b": 1, "empty": 0, "gone": 0}


async def test_a_tag_has_its_name_once_in_whatever_case(account: Account) -> None:
    first = await tag(account, "News")
    other = await tag(account, "other")
    for answer in (
        await account.http.post(PATH, json={"name": "NEWS"}),
        await account.http.patch(f"{PATH}/{other['id']}", json={"name": "news"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "tag_taken")
    renamed = await account.http.patch(f"{PATH}/{first['id']}", json={"name": "NEWS"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "NEWS")


async def test_a_name_changes_on_every_link_and_a_dropped_tag_leaves_them(account: Account) -> None:
    link = await account.link(tags=["old"])
    (found,) = (await account.http.get(PATH)).json()["items"]
    renamed = await account.http.patch(f"{PATH}/{found['id']}", json={"name": "new"})
    assert renamed.json()["links"] == 1
    assert (await account.http.get(f"/api/v1/links/{link['id']}")).json()["tags"] == ["new"]
    assert (await account.http.delete(f"{PATH}/{found['id']}")).status_code == 204
    assert (await account.http.get(f"/api/v1/links/{link['id']}")).json()["tags"] == []
    assert (await account.http.delete(f"{PATH}/{found['id']}")).status_code == 404


async def test_anothers_tags_are_not_there(account: Account, register: Register) -> None:
    mine, stranger = await tag(account, "mine"), await register()
    assert await listed(stranger) == {}
    for answer in (
        await stranger.http.patch(f"{PATH}/{mine['id']}", json={"name": "theirs"}),
        await stranger.http.delete(f"{PATH}/{mine['id']}"),
    ):
        assert answer.status_code == 404
    assert await listed(account) == {"mine": 0}


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 65, None, 7])
async def test_what_is_no_name_is_refused(account: Account, name: object) -> None:
    assert (await account.http.post(PATH, json={"name": name})).status_code == 422
