"""However links are found, near or by an index, the same are: the ways are made to differ, and the answers must not."""

from __future__ import annotations

import itertools
import random
import secrets
from typing import Any

import pytest

from ginnel.links import searching
from tests.conftest import Account

WORDS = ["spring", "Sale", "needle", "hay_stack", "ab", "%", "größe"]
TAGS = ["news", "Spring", "ab", "none"]


@pytest.fixture
async def made(account: Account) -> list[dict[str, Any]]:
    """Make links in which words, tags and the archive meet in every way."""
    drawn = random.Random(3)
    found = []
    for number in range(40):
        one, two = drawn.choices(WORDS, k=2)
        link = await account.link(
            f"https://www.example.com/{two.replace('%', '%25')}/{number}",
            slug=f"{drawn.choice(['ab', 'needle', 'x'])}-{secrets.token_hex(3)}",
            title=f"{one} {number}",
            tags=drawn.sample(TAGS[:3], drawn.randrange(3)),
        )
        if number % 5 == 0:
            answer = await account.http.patch(f"/api/v1/links/{link['id']}", json={"archived": True})
            link = answer.json()
        found.append(link)
    return found


@pytest.mark.parametrize(("near", "few"), [(4000, 5000), (3, 5000), (3, 4), (3, 0), (0, 0)])
async def test_every_way_finds_what_is_there(
    account: Account, made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, near: int, few: int
) -> None:
    monkeypatch.setattr(searching, "NEAR", near)
    monkeypatch.setattr(searching, "_FEW", few)
    searches = [
        None,
        "spring",
        "SALE",
        "needle",
        "ab",
        "n",
        "y_s",
        "www.example.com/needle",
        "example",
        "nothing",
        "größe",
    ]
    for search, tags, archived, sort in itertools.product(
        searches,
        ([], ["news"], ["spring", "AB"], ["none"]),
        (False, True),
        ("-created_at", "created_at", "-updated_at", "slug"),
    ):
        if random.Random(f"{search}{tags}{archived}{sort}{near}{few}").random() < 0.85:
            continue
        asked: dict[str, Any] = {"tag": tags, "archived": archived, "sort": sort, "limit": 7}
        asked |= {"search": search} if search else {}
        expected = [link["id"] for link in _sorted(made, sort) if _meant(link, search, tags, archived=archived)]
        assert await _all(account, asked) == expected, asked


async def test_a_domain_narrows_a_list(
    account: Account, made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "NEAR", 3)
    expected = sum(not link["archived"] for link in made)
    assert len(await _all(account, {"domain": "GO.test", "limit": 9})) == expected
    assert await _all(account, {"domain": "elsewhere.test"}) == []


async def _all(account: Account, asked: dict[str, Any]) -> list[int]:
    """Turn every page."""
    found: list[int] = []
    while True:
        answer = await account.http.get("/api/v1/links", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [link["id"] for link in page["items"]]
        if page["next_cursor"] is None:
            return found
        asked = asked | {"cursor": page["next_cursor"]}


def _sorted(links: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    field = {"-created_at": "id", "created_at": "id", "-updated_at": "updated_at", "slug": "slug"}[sort]
    return sorted(links, key=lambda link: (link[field], link["id"]), reverse=sort.startswith("-"))


def _meant(link: dict[str, Any], search: str | None, tags: list[str], *, archived: bool) -> bool:
    own = {tag.lower() for tag in link["tags"]}
    if link["archived"] != archived or not {tag.lower() for tag in tags} <= own:
        return False
    if search is None:
        return True
    if len(search) < 3:
        return link["slug"].startswith(search) or search in own
    text = f"{link['slug']} {link['target']} {link['title']}".lower()
    return search.lower() in text or any(search.lower() in tag for tag in own)
