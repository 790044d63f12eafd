"""What is given out can be taken back, opened in a spreadsheet, and cut into parts."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ginnel import settings as environment
from tests.conftest import Account
from tests.links.exchange import Register, domain_of, finish, reported, start


def unlike(link: dict[str, Any]) -> dict[str, Any]:
    """Leave out what another copy of a link has of its own; to a file, a title that is empty is none."""
    own = {
        "id",
        "domain",
        "short_url",
        "created_at",
        "updated_at",
        "version",
        "clicks",
        "clicks_left",
        "imported_clicks",
    }
    return {field: None if value == "" else value for field, value in link.items() if field not in own}


async def exported(account: Account, **params: Any) -> str:
    answer = await account.http.get("/api/v1/links/export", params=params)
    assert answer.status_code == 200, answer.text
    return answer.text


async def links_of(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(await exported(account, format="json"))
    return found


LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
ODD = st.one_of(LINE, st.builds("{}{}".format, st.sampled_from(list("=+-@'\"|,;[\uff1d\uff0b\uff0d\uff20")), LINE))
TAGS = st.lists(ODD.map(str.strip).filter(bool), max_size=3, unique_by=str.casefold)
SLUG = st.sampled_from(["sale", "größe", "скидка", "セール", "折扣", "מבצע", "تخفيض", "🎉", "a.b/c-d", "X_y"])
WHERE = st.sampled_from(
    [
        "https://example.com/",
        "https://example.com/?a=1&b=%2B",
        "https://xn--bcher-kva.example/ü",
        "http://192.0.2.1:8080/=x",
    ]
)
CONDITION = st.one_of(
    st.builds(
        lambda values: {"type": "country", "values": values},
        st.lists(st.sampled_from(["DE", "FR"]), min_size=1, unique=True),
    ),
    st.builds(lambda value: {"type": "query", "name": "q", "values": [value]}, ODD.map(str.strip)),
    st.just({"type": "hours", "from": "09:00", "until": "17:00", "timezone": "Europe/Berlin"}),
    st.just({"type": "dates", "from": "2026-01-01T00:00:00Z"}),
)
RULE = st.builds(lambda target, condition: {"target": target, "conditions": [condition]}, WHERE, CONDITION)
DRAFT = st.fixed_dictionaries(
    {"target": WHERE, "stem": SLUG},
    optional={
        "title": ODD,
        "description": ODD,
        "tags": TAGS,
        "rules": st.lists(RULE, max_size=1),
        "variants": st.builds(lambda a, b: [{"target": a, "weight": 40}, {"target": b, "weight": 60}], WHERE, WHERE),
        "redirect_status": st.sampled_from([301, 302, 307, 308]),
        "allow_caching": st.booleans(),
        "forward_query": st.booleans(),
        "forward_path": st.booleans(),
        "expires_at": st.just("2099-05-01T10:00:00Z"),
        "expired_target": WHERE,
        "max_clicks": st.integers(1, 10**12),
        "external_id": ODD.map(str.strip).filter(bool),
        "image": WHERE,
    },
)


@pytest.mark.parametrize("format_", ["csv", "json", "ndjson"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drafts=st.lists(DRAFT, min_size=1, max_size=5, unique_by=lambda draft: draft.get("external_id", id(draft))))
async def test_an_export_imported_elsewhere_gives_the_same_links(
    register: Register, format_: str, drafts: list[dict[str, Any]]
) -> None:
    here, there = await register(), await register()
    domain = await domain_of(here)
    for number, draft in enumerate(drafts):
        fields = {field: value for field, value in draft.items() if field != "stem"}
        made = await here.link(slug=f"{draft['stem']}{number}", domain=domain, **fields)
        await here.http.patch(
            f"/api/v1/links/{made['id']}", json={"disabled": number % 2 == 0, "archived": number % 3 == 0}
        )
    file = await exported(here, format=format_, bom=True)
    done = await finish(there, await start(there, file, domain=await domain_of(there)))
    assert done["created"] == len(drafts), await reported(there, done)
    assert list(map(unlike, await links_of(there))) == list(map(unlike, await links_of(here)))


@pytest.mark.parametrize("format_", ["csv", "json", "ndjson"])
async def test_a_text_that_begins_with_an_apostrophe_keeps_it(register: Register, format_: str) -> None:
    titles = ["'=1+1", "''", "'quoted", "'\uff1dx", "=1+1"]
    here, there = await register(), await register()
    for title in titles:
        await here.link(title=title, description=title, external_id=title)
    file = await exported(here, format=format_)
    await finish(there, await start(there, file, domain=await domain_of(there)))
    fields = ("title", "description", "external_id")
    assert [tuple(link[field] for field in fields) for link in await links_of(there)] == [(t, t, t) for t in titles]


async def test_a_spreadsheet_runs_nothing_of_an_export(account: Account) -> None:
    for title in ("=1+1", "+1", "-1", "@a", "\uff1dx", "'quoted", 'a "b", c'):
        await account.link(title=title, tags=["=t"])
    text = await exported(account)
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["title"] for line in lines] == ["'=1+1", "'+1", "'-1", "'@a", "'\uff1dx", "''quoted", 'a "b", c']
    assert {line["tags"] for line in lines} == {"'=t"}
    assert text.startswith("slug,domain,")
    assert text.endswith("\r\n")
    assert not any(cell[:1] in "=+-@" for line in lines for cell in line.values() if cell)
    assert (await exported(account, bom=True))[0] == "\ufeff"


async def test_passwords_are_not_exported(account: Account) -> None:
    await account.link(password="open sesame")
    for format_ in ("csv", "json"):
        text = await exported(account, format=format_)
        assert "sesame" not in text
        assert "argon2" not in text
    (line,) = csv.DictReader(io.StringIO(await exported(account)))
    assert line["protected"] == "true"


async def test_the_lists_filters_narrow_an_export(account: Account) -> None:
    first = await account.link("https://example.com/needle", tags=["spring"])
    second = await account.link()
    await account.http.patch(f"/api/v1/links/{second['id']}", json={"archived": True})
    for params, found in (
        ({}, [first, second]),
        ({"search": "needle"}, [first]),
        ({"tag": "spring"}, [first]),
        ({"archived": "true"}, [second]),
        ({"archived": "false"}, [first]),
        ({"domain": "elsewhere.test"}, []),
    ):
        lines = list(csv.DictReader(io.StringIO(await exported(account, **params))))
        assert [line["slug"] for line in lines] == [link["slug"] for link in found], params
    assert json.loads(await exported(account, format="json", domain="elsewhere.test")) == []


async def test_clicks_from_elsewhere_go_on_to_the_next_place(account: Account) -> None:
    done = await finish(account, await start(account, "target,clicks\nhttps://example.com/,41\n"))
    (row,) = await reported(account, done)
    text = await exported(account)
    assert next(iter(csv.DictReader(io.StringIO(text))))["clicks"] == "41"
    again = await finish(account, await start(account, text, on_conflict="suffix"))
    copied = (await reported(account, again))[0]["link"]
    assert copied != row["link"]
    assert (await account.http.get(f"/api/v1/links/{copied}")).json()["imported_clicks"] == 41


@pytest.mark.parametrize("format_", ["csv", "ndjson", "json"])
async def test_where_answers_are_bounded_parts_make_up_the_whole(
    account: Account, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    file = "target\n" + "".join(f"https://example.com/{number}\n" for number in range(1300))
    begun = await finish(account, await start(account, file))
    paths = {"/api/v1/links/export": 1300, f"/api/v1/imports/{begun['id']}/report": 1300}
    for path, count in paths.items():
        whole = (await account.http.get(path, params={"format": format_})).text
        with monkeypatch.context() as bounded:
            bounded.setenv("ANSWER_BYTES", "20000")
            environment.read.cache_clear()
            texts, following = [], f"{path}?format={format_}"
            while following:
                answer = await account.http.get(following)
                texts.append(answer.text)
                link = answer.headers.get("link", "")
                following = link[1:].partition(">")[0]
                assert not link or link.endswith('; rel="next"')
        environment.read.cache_clear()
        assert len(texts) > 1
        if format_ == "json":
            assert [row for text in texts for row in json.loads(text)] == json.loads(whole)
            assert len(json.loads(whole)) == count
        else:
            assert "".join(texts) == whole


async def test_a_bad_cursor_is_a_problem_before_anything_is_sent(account: Account) -> None:
    answer = await account.http.get("/api/v1/links/export?cursor=nonsense")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query:cursor")
