"""Files become links: of every format, with every row accounted for, and nothing half-done."""

from __future__ import annotations

import csv
import io
import json
import secrets
from itertools import pairwise
from typing import Any

import pytest

from ginnel import imports, postgres
from tests.conftest import Account
from tests.links.exchange import Register, finish, reported, start


def slug() -> str:
    return f"im-{secrets.token_hex(5)}"


BITLY = 'Long URL,Bitlink,Title,Tags,Engagements,Created\nhttps://example.com/b,bit.ly/{slug},A title,"x, y",12,2024-01-01\n'
FILES = {
    "bitly": BITLY,
    "bitly api": json.dumps(
        {
            "links": [
                {
                    "id": "bit.ly/1",
                    "link": "https://bit.ly/1",
                    "custom_bitlinks": ["https://bit.ly/{slug}"],
                    "long_url": "https://example.com/b",
                    "title": "A\n title",
                    "tags": ["x", "y"],
                    "archived": False,
                    "created_at": "2024-01-01T00:00:00+0000",
                    "clicks": 12,
                }
            ],
            "pagination": {"total": 1},
        }
    ),
    "yourls plugin": "source,target,hits\r\n/{slug}/,https://example.com/b,12\r\n",
    "yourls table": "keyword;url;title;timestamp;ip;clicks\n{slug};https://example.com/b;A title;2024-01-01 00:00:00;::1;12\n",
    "yourls api": json.dumps(
        {
            "links": {
                "link_1": {
                    "shorturl": "http://sho.rt/{slug}",
                    "url": "https://example.com/b",
                    "title": "A title",
                    "timestamp": "2024-01-01 00:00:00",
                    "ip": "::1",
                    "clicks": "12",
                }
            },
            "stats": {"total_links": "1", "total_clicks": "12"},
        }
    ),
    "kutt": json.dumps(
        {
            "limit": 10,
            "skip": 0,
            "total": 1,
            "data": [
                {
                    "id": "7",
                    "address": "{slug}",
                    "target": "https://example.com/b",
                    "description": "A title",
                    "banned": False,
                    "password": False,
                    "expire_in": None,
                    "domain": None,
                    "link": "https://kutt.it/{slug}",
                    "visit_count": 12,
                    "created_at": "2024-01-01T00:00:00.000Z",
                    "updated_at": "2024-01-01T00:00:00.000Z",
                }
            ],
        }
    ),
    "shlink": (
        "createdAt,domain,shortCode,shortUrl,longUrl,title,tags,visits\n"
        "2024-01-01T00:00:00Z,s.test,{slug},https://s.test/{slug},https://example.com/b,A title,x|y,12\n"
    ),
    "shlink importer": "Long URL,Short code,Domain,Title,Tags\nhttps://example.com/b,{slug},s.test,A title,x|y\n",
    "shlink api": json.dumps(
        {
            "shortUrls": {
                "data": [
                    {
                        "shortCode": "{slug}",
                        "shortUrl": "https://s.test/{slug}",
                        "longUrl": "https://example.com/b",
                        "dateCreated": "2024-01-01T00:00:00+00:00",
                        "visitsSummary": {"total": 12, "nonBots": 10, "bots": 2},
                        "tags": ["x", "y"],
                        "meta": {"validSince": None, "validUntil": "2099-01-01T00:00:00+00:00", "maxVisits": 100},
                        "domain": None,
                        "title": "A title",
                        "forwardQuery": False,
                    }
                ],
                "pagination": {"currentPage": 1},
            }
        }
    ),
    "dub": 'Short link,Destination URL,Clicks,Tags,Archived\nhttps://dub.sh/{slug},https://example.com/b,12,"x,y",false\n',
    "dub api": json.dumps(
        [
            {
                "id": "l1",
                "domain": "dub.sh",
                "key": "{slug}",
                "url": "https://example.com/b",
                "shortLink": "https://dub.sh/{slug}",
                "title": "A title",
                "proxy": False,
                "description": "unused",
                "tags": [{"id": "t", "name": "x", "color": "red"}, {"id": "u", "name": "y", "color": "red"}],
                "ios": "https://apps.example.com/",
                "geo": {"DE": "https://example.com/de"},
                "clicks": 12,
                "password": None,
                "externalId": None,
            }
        ]
    ),
}


@pytest.mark.parametrize("name", FILES)
async def test_a_file_of_each_format_is_recognised_and_becomes_links(account: Account, name: str) -> None:
    chosen = slug()
    begun = await start(account, FILES[name].replace("{slug}", chosen), domain="go.test")
    assert begun["format"] == name.split(maxsplit=1)[0]
    done = await finish(account, begun)
    assert (done["created"], done["failed"], done["progress"]) == (1, 0, 1.0), await reported(account, done)
    ((row,),) = [await reported(account, done)]
    link = (await account.http.get(f"/api/v1/links/{row['link']}")).json()
    assert (link["slug"], link["target"], link["short_url"]) == (chosen, "https://example.com/b", row["short_url"])
    assert link["title"] in ("A title", None)
    assert link["tags"] in (["x", "y"], [])
    counted = 0 if name == "shlink importer" else 12
    assert (link["clicks"], link["imported_clicks"]) == (counted, counted)
    # Clicks that were counted elsewhere are no clicks of ours.
    summary = (await account.http.get(f"/api/v1/stats/summary?link={link['id']}")).json()
    assert summary["clicks"] == 0
    if name == "shlink api":
        assert (link["max_clicks"], link["clicks_left"], link["forward_query"]) == (100, 88, False)
        assert link["expires_at"] == "2099-01-01T00:00:00Z"
    if name == "dub api":
        assert [rule["conditions"][0]["type"] for rule in link["rules"]] == ["device", "country"]


async def test_the_next_visitor_is_led_on(account: Account, client: Any) -> None:
    chosen = slug()
    assert (await client.get(f"/{chosen}")).status_code == 404
    await finish(account, await start(account, f"target,slug\nhttps://example.com/{chosen},{chosen}\n"))
    assert (await client.get(f"/{chosen}")).headers["location"] == f"https://example.com/{chosen}"


async def test_each_bad_row_says_why_and_keeps_none_of_the_others(account: Account) -> None:
    taken = (await account.link(slug=slug()))["slug"]
    good, twice = slug(), slug()
    rows = [
        ["https://example.com/", good, "=HYPERLINK(1)", "", ""],
        ["javascript:alert(1)", slug(), "", "", ""],
        ["", slug(), "", "", ""],
        ["https://go.test/loop", slug(), "", "", ""],
        ["https://example.com/", "a b", "", "", ""],
        ["https://example.com/", "api", "", "", ""],
        ["https://example.com/", slug(), "x" * 300, "", ""],
        ["https://example.com/", slug(), "nul\0byte", "", ""],
        ["https://example.com/", slug(), "", "elsewhere.test", ""],
        ["https://example.com/", slug(), "", "", '[{"target": "https://example.com/", "conditions": []}]'],
        ["https://example.com/", slug(), "", "", "no rules"],
        ["https://example.com/1", twice, "", "", ""],
        ["https://example.com/2", twice.upper(), "", "", ""],
        ["https://example.com/", taken, "", "", ""],
        ["https://example.com/", slug(), "", "", "", "too many"],
    ]
    text = io.StringIO()
    csv.writer(text).writerows([["target", "slug", "title", "domain", "rules"], *rows])
    done = await finish(account, await start(account, text.getvalue()))
    found = {
        row["row"]: (row["state"], *((e["pointer"], e["code"]) for e in row["errors"]))
        for row in await reported(account, done)
    }
    assert found == {
        2: ("created",),
        3: ("failed", ("/target", "target_scheme")),
        4: ("failed", ("/target", "missing")),
        5: ("failed", ("/target", "target_own_domain")),
        6: ("failed", ("/slug", "slug_invalid")),
        7: ("failed", ("/slug", "slug_reserved")),
        8: ("failed", ("/title", "too_long")),
        9: ("failed", ("/title", "characters_invalid")),
        10: ("failed", ("/domain", "domain_unknown")),
        11: ("failed", ("/rules/0/conditions", "too_short")),
        12: ("failed", ("/rules", "list_type")),
        13: ("created",),
        14: ("failed", ("/slug", "slug_repeated")),
        15: ("skipped", ("/slug", "slug_taken")),
        16: ("failed", ("", "cells_many")),
    }
    assert (done["created"], done["skipped"], done["failed"], done["rows"]) == (2, 1, 12, 15)
    # As a spreadsheet opens it.
    answer = await account.http.get(f"/api/v1/imports/{done['id']}/report")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["row"] for line in lines] == [str(number) for number in range(2, 17)]
    assert lines[12]["detail"] == "is that of row 13, too"


@pytest.mark.parametrize(
    ("data", "params", "code"),
    [
        (b"", {}, "file_empty"),
        (b"target,slug\n", {}, "file_empty"),
        (b"name,address\na,b\n", {}, "format_unknown"),
        (b"target,slug\nhttps://example.com/,x\n", {"format": "kutt"}, "column_missing"),
        (b"target,tittle\nhttps://example.com/,x\n", {}, "column_unknown"),
        (b'target,title\nhttps://example.com/,"open\n', {}, "quote_unclosed"),
        ("target,title\nhttps://example.com/,ü\n".encode("latin-1"), {}, "encoding_invalid"),
        (b"PK\x03\x04", {}, "file_kind"),
    ],
)
async def test_a_file_that_can_not_be_read_leaves_nothing(
    account: Account, data: bytes, params: dict[str, str], code: str
) -> None:
    answer = await account.http.post("/api/v1/imports", params=params, content=data)
    assert answer.status_code == 422, answer.text
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert (await account.http.get("/api/v1/imports")).json()["items"] == []


async def test_a_slug_that_is_taken_is_skipped_suffixed_or_changed(account: Account, register: Register) -> None:
    mine = await account.link("https://example.com/old", slug=slug(), title="Old", tags=["kept"])
    theirs = await (await register()).link(slug=slug())
    file = f"target,slug,title\nhttps://example.com/new,{mine['slug']},\nhttps://example.com/new,{theirs['slug']},New\n"
    done = await finish(account, await start(account, file, on_conflict="skip"))
    assert (done["skipped"], done["created"]) == (2, 0)
    assert [row["link"] for row in await reported(account, done)] == [mine["id"], None]
    done = await finish(account, await start(account, file, on_conflict="suffix"))
    assert [row["short_url"] for row in await reported(account, done)] == [
        f"http://go.test/{taken['slug']}-2" for taken in (mine, theirs)
    ]
    done = await finish(account, await start(account, file, on_conflict="update"))
    assert [row["state"] for row in await reported(account, done)] == ["updated", "failed"]
    changed = (await account.http.get(f"/api/v1/links/{mine['id']}")).json()
    # What a row leaves empty stays as it is.
    assert (changed["target"], changed["title"], changed["tags"]) == ("https://example.com/new", "Old", ["kept"])


async def test_repeated_slugs_of_a_file_all_find_a_place_when_suffixes_are_wanted(account: Account) -> None:
    chosen = slug()
    file = "target,slug\n" + f"https://example.com/,{chosen}\n" * 5
    done = await finish(account, await start(account, file, on_conflict="suffix"))
    made = [row["short_url"].rpartition("/")[2] for row in await reported(account, done)]
    assert made == [chosen, *(f"{chosen}-{number}" for number in range(2, 6))]


async def test_an_external_id_is_taken_like_a_slug(account: Account) -> None:
    there = await account.link("https://example.com/old", external_id="e-1")
    file = "target,external_id\nhttps://example.com/1,e-1\nhttps://example.com/2,e-2\nhttps://example.com/3,e-2\n"
    done = await finish(account, await start(account, file))
    assert [row["state"] for row in await reported(account, done)] == ["skipped", "created", "failed"]
    done = await finish(account, await start(account, file, on_conflict="update"))
    assert [row["state"] for row in await reported(account, done)] == ["updated", "updated", "failed"]
    assert (await account.http.get(f"/api/v1/links/{there['id']}")).json()["target"] == "https://example.com/1"


async def test_a_dry_run_checks_everything_and_makes_nothing(account: Account) -> None:
    taken, chosen = (await account.link(slug=slug()))["slug"], slug()
    filling = "".join(f"https://example.com/{number},\n" for number in range(600))
    file = f"target,slug\nhttps://example.com/,{chosen}\n{filling}https://example.com/,{chosen}\nhttps://example.com/,{taken}\nbad,x\n"
    done = await finish(account, await start(account, file, dry_run="true"))
    assert (done["created"], done["skipped"], done["failed"]) == (601, 1, 2)
    last = (await reported(account, done))[-3:]
    assert [row["errors"][0]["code"] for row in last] == ["slug_repeated", "slug_taken", "target_invalid"]
    assert len((await account.http.get("/api/v1/links")).json()["items"]) == 1
    real = await finish(account, await start(account, file))
    assert {key: real[key] for key in ("created", "skipped", "failed")} == {"created": 601, "skipped": 1, "failed": 2}


async def test_a_link_that_had_a_password_is_disabled_and_no_password_is_kept(account: Account) -> None:
    file = json.dumps([{"key": slug(), "url": "https://example.com/", "password": "open sesame"}])
    begun = await start(account, file, domain="go.test")
    connection = await postgres.connect()
    cells = await connection.fetchval("select cells::text from import_rows where import_id = $1", begun["id"])
    await connection.close()
    assert "sesame" not in cells
    (row,) = await reported(account, await finish(account, begun))
    assert (row["state"], row["errors"][0]["code"]) == ("created", "password_missing")
    assert (await account.http.get(f"/api/v1/links/{row['link']}")).json()["disabled"] is True


async def test_a_file_may_come_in_parts_that_are_cut_anywhere(account: Account) -> None:
    chosen = [slug() for _ in range(20)]
    data = (
        "target,slug,title\r\n" + "".join(f'https://example.com/,{one},"ü, ""{one}"""\r\n' for one in chosen)
    ).encode()
    cuts = [0, 3, len(data) // 3, len(data) // 2, len(data)]
    parts = [data[start:end] for start, end in pairwise(cuts)]
    begun = (await account.http.post("/api/v1/imports?more=true", content=parts[0])).json()
    path = f"/api/v1/imports/{begun['id']}/rows"
    assert begun["state"] == "receiving"
    assert (await account.http.post(f"{path}?part=3&more=true", content=parts[2])).json()["code"] == "part_unexpected"
    for number, part in enumerate(parts[1:], 2):
        for _ in range(2):  # the first answer was lost
            answer = await account.http.post(f"{path}?part={number}&more={str(number < 4).lower()}", content=part)
            assert (answer.status_code, answer.json()["parts"]) == (202, number)
    assert (await account.http.post(f"{path}?part=5", content=b"x")).json()["code"] == "part_unexpected"
    done = await finish(account, begun)
    assert (done["rows"], done["created"]) == (20, 20)
    assert [row["row"] for row in await reported(account, done)] == list(range(2, 22))


async def test_a_part_that_can_not_be_read_leaves_the_ones_before_it(account: Account) -> None:
    begun = (await account.http.post("/api/v1/imports?more=true", content=b"target,slug\n")).json()
    path = f"/api/v1/imports/{begun['id']}/rows?part=2"
    assert (await account.http.post(path, content=b"https://example.com/,\xff\n")).status_code == 422
    assert (await account.http.post(path, content=f"https://example.com/,{slug()}\n".encode())).status_code == 202
    assert (await finish(account, begun))["created"] == 1


async def test_a_cancelled_import_stops_and_goes_on_where_it_was(account: Account) -> None:
    file = "target\n" + "".join(f"https://example.com/{number}\n" for number in range(700))
    begun = await start(account, file)
    path = f"/api/v1/imports/{begun['id']}"
    assert await imports.step() == 500
    running = (await account.http.get(path)).json()
    assert (running["state"], running["created"]) == ("running", 500)
    for _ in range(2):
        assert (await account.http.delete(path)).json()["state"] == "cancelled"
    assert await imports.step() is None
    for _ in range(2):
        assert (await account.http.post(f"{path}/resume")).json()["state"] == "waiting"
    done = await finish(account, begun)
    assert (done["created"], done["rows"]) == (700, 700)
    for answer in (await account.http.delete(path), await account.http.post(f"{path}/resume")):
        assert (answer.status_code, answer.json()["code"]) == (409, "import_finished")
    connection = await postgres.connect()
    assert await connection.fetchval("select count(*) from import_claims where import_id = $1", begun["id"]) == 0
    assert await connection.fetchval("select count(cells) from import_rows where import_id = $1", begun["id"]) == 0
    await connection.close()


async def test_a_row_that_the_database_refuses_keeps_none_of_the_others(account: Account) -> None:
    begun = await start(account, "target\n" + "".join(f"https://example.com/{number}\n" for number in range(9)))
    connection = await postgres.connect()
    await connection.execute(
        "alter table links add constraint links_poison_check check (target <> 'https://example.com/4') not valid"
    )
    try:
        done = await finish(account, begun)
    finally:
        await connection.execute("alter table links drop constraint links_poison_check")
        await connection.close()
    assert (done["created"], done["failed"]) == (8, 1)
    assert [row["row"] for row in await reported(account, done) if row["state"] == "failed"] == [6]


async def test_strangers_and_readers_reach_no_import(account: Account, register: Register) -> None:
    begun = await start(account, "target\nhttps://example.com/\n")
    stranger = await register()
    path = f"/api/v1/imports/{begun['id']}"
    for answer in (
        await stranger.http.get(path),
        await stranger.http.get(f"{path}/report"),
        await stranger.http.post(f"{path}/resume"),
        await stranger.http.post(f"{path}/rows?part=2", content=b"x"),
        await stranger.http.delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await stranger.http.get("/api/v1/imports")).json()["items"] == []
    key = (await account.http.post("/api/v1/api-keys", json={"name": "r", "scopes": ["links:read"]})).json()["secret"]
    reader = {"authorization": f"Bearer {key}"}
    assert (await account.http.get(path, headers=reader)).status_code == 200
    assert (await account.http.get("/api/v1/links/export", headers=reader)).status_code == 200
    for answer in (
        await account.http.post("/api/v1/imports", content=b"target\nhttps://example.com/", headers=reader),
        await account.http.delete(path, headers=reader),
    ):
        assert answer.json()["code"] == "scope_missing"
    await finish(account, begun)


async def test_a_workspace_has_ten_imports_at_once(account: Account) -> None:
    begun = [await start(account, "target\nhttps://example.com/\n") for _ in range(10)]
    answer = await account.http.post("/api/v1/imports", content=b"target\nhttps://example.com/\n")
    assert (answer.status_code, answer.json()["code"]) == (409, "imports_pending")
    for one in begun:
        await account.http.delete(f"/api/v1/imports/{one['id']}")
    assert (await account.http.post("/api/v1/imports", content=b"target\nhttps://example.com/\n")).status_code == 202
    await imports.work(0)


async def test_a_file_may_be_longer_than_other_bodies_and_has_an_end_too(account: Account) -> None:
    row = b"https://example.com/" + b"x" * 1000 + b"\n"
    long = b"target\n" + row * 1100
    assert (await account.http.post("/api/v1/imports?dry_run=true", content=long)).status_code == 202
    too_long = await account.http.post("/api/v1/imports", content=b"target\n" + b" " * (64 * 1024 * 1024))
    assert (too_long.status_code, too_long.json()["code"]) == (413, "body_too_large")
    nobody = await account.http.post("/api/v1/imports", content=long, headers={"authorization": ""})
    assert nobody.status_code == 401
    await imports.work(0)
