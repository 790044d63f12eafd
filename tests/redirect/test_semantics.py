"""What a redirect does, as a table: every row through the host and through the Lambda handler, with the same answer."""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from tests.conftest import Account, Claim

# The package's name is a keyword.
events: Any = importlib.import_module("tests.lambda.events")
_lambda: Any = importlib.import_module("tests.lambda.conftest")
stores, functions = _lambda.stores, _lambda.functions

HOME = "https://home.example/"
ELSE = "https://else.example/"
THIRD = "https://third.example/"

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1"
)
FACEBOOK = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
AMERICAN = "8.8.8.8"

NOW = datetime.now(UTC)
PAST, FUTURE = ((NOW + timedelta(days=days)).isoformat() for days in (-1, 1))
LONG_AGO = (NOW - timedelta(days=9)).isoformat()
TODAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[NOW.weekday()]


@dataclass(frozen=True)
class Row:
    """A link, a visit to it, and its answer: a status and a location, or a piece of the page."""

    name: str
    link: dict[str, Any]
    status: int
    location: str | None = None
    path: str = "/{slug}"
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    address: str = "192.0.2.1"
    says: str = ""
    cache: str = ""
    domain: dict[str, Any] | None = None
    """The fields of a domain of its own that the link stands on, and that is asked."""
    host: str = "go.test"
    """Else, the host that is asked."""


def ruled(*conditions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"rules": [{"target": ELSE, "conditions": list(conditions)}], **fields}


def when(type: str, *values: str, **further: Any) -> dict[str, Any]:  # noqa: A002  # the field's name
    return {"type": type, **({"values": list(values)} if values else {}), **further}


def statuses() -> Iterator[Row]:
    for status in (301, 302, 307, 308):
        for method in ("GET", "HEAD"):
            yield Row(f"{method} of {status}", {"redirect_status": status}, status, HOME, method=method)
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            if status in {307, 308}:
                yield Row(f"{method} of {status}", {"redirect_status": status}, status, HOME, method=method)
            else:
                yield Row(f"{method} of {status}", {"redirect_status": status}, 405, method=method)
        cached = {"redirect_status": status, "allow_caching": True}
        kept = "private, max-age=90" if status in {301, 308} else "private, no-store"
        yield Row(f"caching of {status}", cached, status, HOME, cache=kept)
        yield Row(f"no caching of {status}", {"redirect_status": status}, status, HOME, cache="private, no-store")
    yield Row("POST to nothing", {}, 404, path="/no-{slug}", method="POST")
    yield Row("POST to what has expired", {"expires_at": PAST}, 410, method="POST")


def times() -> Iterator[Row]:
    yield Row("not yet", {"starts_at": FUTURE}, 404, says="no such link")
    yield Row("begun", {"starts_at": PAST}, 302, HOME)
    yield Row("not over", {"expires_at": FUTURE}, 302, HOME)
    yield Row("over", {"expires_at": PAST}, 410, says="expired")
    yield Row("between", {"starts_at": PAST, "expires_at": FUTURE}, 302, HOME)
    yield Row("after", {"starts_at": LONG_AGO, "expires_at": PAST}, 410)
    yield Row("over, and led on", {"expires_at": PAST, "expired_target": ELSE}, 302, ELSE)
    yield Row(
        "over, and led on by 302 whatever",
        {"redirect_status": 301, "expires_at": PAST, "expired_target": ELSE},
        302,
        ELSE,
    )
    yield Row("not over, and not led on", {"expires_at": FUTURE, "expired_target": ELSE}, 302, HOME)
    yield Row(
        "over in spite of a rule",
        ruled(when("device", "desktop"), expires_at=PAST),
        410,
        headers={"user-agent": FIREFOX},
    )
    yield Row("over in spite of a password", {"password": "open sesame", "expires_at": PAST}, 410)


def slugs() -> Iterator[Row]:
    yield Row("its slug", {}, 302, HOME)
    yield Row("in capitals", {}, 302, HOME, path="/{SLUG}")
    yield Row("with a slash behind", {}, 302, HOME, path="/{slug}/")
    yield Row("with two", {}, 302, HOME, path="/{slug}//")
    yield Row("with more behind", {}, 404, path="/{slug}/more")
    yield Row("shorter", {}, 404, path="/{slug}x")
    yield Row("unknown, as a page", {}, 404, path="/no-{slug}", says="<h1>There is no such link")
    yield Row(
        "unknown, in German",
        {},
        404,
        path="/no-{slug}",
        says="<h1>Diesen Link gibt es nicht",
        headers={"accept-language": "de-CH, en;q=0.8"},
    )
    yield Row(
        "unknown, in English if that is liked better",
        {},
        404,
        path="/no-{slug}",
        says="<h1>There is no such link",
        headers={"accept-language": "de;q=0.5, en;q=0.8"},
    )
    yield Row(
        "unknown, in English if there is no translation",
        {},
        404,
        path="/no-{slug}",
        says="<h1>There is no such link",
        headers={"accept-language": "ja"},
    )
    yield Row(
        "unknown, as a problem",
        {},
        404,
        path="/no-{slug}",
        says='"code":"not_found"',
        headers={"accept": "application/json"},
    )
    yield Row(
        "over, as a problem",
        {"expires_at": PAST},
        410,
        says='"code":"link_expired"',
        headers={"accept": "application/json"},
    )
    for path in ("/%", "/%zz", "/%E0%A4%A", "/%ff%fe", "/a%00b", "/..%2f", "/.", "/-%2", "/" + "a" * 65, "/%20"):
        yield Row(f"the path {path}", {}, 404, path=path)


def queries() -> Iterator[Row]:
    for query, location in (
        ("a=1", f"{HOME}?a=1"),
        ("a=1&a=2&b", f"{HOME}?a=1&a=2&b"),
        ("a=%2B&b=+", f"{HOME}?a=%2B&b=+"),
        ("qr=1", HOME),
        ("qr=1&a=1", f"{HOME}?a=1"),
        ("", HOME),
        ("&&", HOME),
    ):
        yield Row(f"query {query}", {}, 302, location, path="/{slug}?" + query)
        yield Row(f"query {query}, not forwarded", {"forward_query": False}, 302, HOME, path="/{slug}?" + query)
    own = {"target": f"{HOME}p?a=1&b=2#part"}
    for query, location in (
        ("a=9", f"{HOME}p?a=9&b=2#part"),
        ("c=3", f"{HOME}p?a=1&b=2&c=3#part"),
        ("b=8&b=9", f"{HOME}p?a=1&b=8&b=9#part"),
        ("b", f"{HOME}p?a=1&b#part"),
        ("%61=7", f"{HOME}p?%61=7&b=2#part"),
    ):
        yield Row(f"query {query} upon one", own, 302, location, path="/{slug}?" + query)
    yield Row("query to a rule's target", ruled(when("query", name="go")), 302, f"{ELSE}?go=1", path="/{slug}?go=1")


def paths() -> Iterator[Row]:
    passing = {"forward_path": True}
    yield Row("path forwarded", passing, 302, f"{HOME}a/b", path="/{slug}/a/b")
    yield Row("no path behind", passing, 302, HOME, path="/{slug}")
    yield Row("only a slash behind", passing, 302, HOME, path="/{slug}/")
    yield Row("escapes stay", passing, 302, f"{HOME}a%2Bb+c", path="/{slug}/a%2Bb+c")
    yield Row("a slash at the end stays", passing, 302, f"{HOME}a/", path="/{slug}/a/")
    yield Row("with a query", passing, 302, f"{HOME}a?x=1", path="/{slug}/a?x=1")
    yield Row(
        "into a path with query and fragment",
        {"target": f"{HOME}docs/?v=2#top", **passing},
        302,
        f"{HOME}docs/a?v=2#top",
        path="/{slug}/a",
    )
    yield Row("in capitals", passing, 302, f"{HOME}A", path="/{SLUG}/A")
    for rest in ("..", "a/../..", "%2e%2e/x", "a/%2E./b", "%5c", ".", "%zz"):
        yield Row(f"a path that would leave: {rest}", passing, 404, path="/{slug}/" + rest)
    yield Row(
        "a path to a rule's target",
        ruled(when("device", "desktop"), **passing),
        302,
        f"{ELSE}a",
        path="/{slug}/a",
        headers={"user-agent": FIREFOX},
    )


def conditions() -> Iterator[Row]:
    def rows(name: str, condition: dict[str, Any], *cases: tuple[bool, dict[str, Any]]) -> Iterator[Row]:
        for number, (met, visit) in enumerate(cases):
            yield Row(f"{name} {number}", ruled(condition, forward_query=False), 302, ELSE if met else HOME, **visit)

    def agent(name: str) -> dict[str, Any]:
        return {"headers": {"user-agent": name}}

    yield from rows(
        "ios",
        when("device", "ios"),
        (True, agent(IPHONE)),
        (True, agent(IPAD)),
        (False, agent(PIXEL)),
        (False, agent(MAC)),
    )
    yield from rows("android", when("device", "android"), (True, agent(PIXEL)), (False, agent(IPHONE)), (False, {}))
    yield from rows(
        "mobile",
        when("device", "mobile"),
        (True, agent(PIXEL)),
        (True, agent(IPHONE)),
        (False, agent(IPAD)),
        (False, agent(FIREFOX)),
    )
    yield from rows(
        "tablet or desktop",
        when("device", "tablet", "desktop"),
        (True, agent(IPAD)),
        (True, agent(FIREFOX)),
        (False, agent(PIXEL)),
    )
    yield from rows("os", when("os", "windows"), (True, agent(FIREFOX)), (False, agent(MAC)))
    yield from rows(
        "browser",
        when("browser", "Safari", "Chrome"),
        (True, agent(IPHONE)),
        (True, agent(PIXEL)),
        (False, agent(FIREFOX)),
    )
    yield from rows(
        "country",
        when("country", "US"),
        (True, {"address": AMERICAN}),
        (False, {"address": "192.0.2.1"}),
        (False, {"address": "::1"}),
    )
    yield from rows("country of two", when("country", "DE", "us"), (True, {"address": AMERICAN}))
    yield from rows("continent", when("continent", "NA"), (True, {"address": AMERICAN}), (False, {}))
    yield from rows("another continent", when("continent", "EU"), (False, {"address": AMERICAN}))
    for accepted, german, austrian in (
        ("de", True, False),
        ("de-AT", True, True),
        ("DE-at;q=0.9, en;q=0.8", True, True),
        ("en, de;q=0.9", False, False),
        ("en;q=0.5, de;q=0.9", True, False),
        ("fr;q=0, de;q=0.1", True, False),
        ("", False, False),
        ("*", False, False),
    ):
        said = {"headers": {"accept-language": accepted}}
        yield from rows(f"German of {accepted}", when("language", "de"), (german, said))
        yield from rows(f"Austrian of {accepted}", when("language", "de-AT"), (austrian, said))
    yield from rows(
        "parameter",
        when("query", "mail", "chat", name="ref"),
        (True, {"path": "/{slug}?ref=mail"}),
        (True, {"path": "/{slug}?a&ref=chat"}),
        (True, {"path": "/{slug}?ref=x&ref=mail"}),
        (False, {"path": "/{slug}?ref=Mail"}),
        (False, {"path": "/{slug}?ref"}),
        (False, {}),
    )
    yield from rows(
        "any parameter",
        when("query", name="ref"),
        (True, {"path": "/{slug}?ref"}),
        (True, {"path": "/{slug}?%72ef=1"}),
        (False, {"path": "/{slug}?refer=1"}),
    )
    for referrer, met in (
        ("https://news.example/a", True),
        ("https://WWW.News.Example", True),
        ("https://badnews.example/", False),
        ("https://news.example.org/", False),
        ("not an address", False),
        ("", False),
    ):
        yield from rows(
            f"referrer {referrer}", when("referrer", "news.example"), (met, {"headers": {"referer": referrer}})
        )
    for network, address, met in (
        ("192.0.2.0/24", "192.0.2.200", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True),
        ("2001:db8::/32", "2001:db8:1::5", True),
        ("2001:db8::/32", "2001:db9::5", False),
        ("2001:db8::/32", "192.0.2.1", False),
    ):
        yield from rows(f"{address} in {network}", when("address", network), (met, {"address": address}))
    yield from rows(
        "all day but a minute",
        when("hours", **{"from": f"{NOW:%H}:00", "until": f"{NOW + timedelta(hours=2):%H}:00"}, timezone="UTC"),
        (True, {}),
    )
    yield from rows(
        "other hours",
        when(
            "hours",
            **{"from": f"{NOW + timedelta(hours=3):%H}:00", "until": f"{NOW + timedelta(hours=5):%H}:00"},
            timezone="UTC",
        ),
        (False, {}),
    )
    yield from rows(
        "today or tomorrow",
        when("days", TODAY, ("tue", "wed", "thu", "fri", "sat", "sun", "mon")[NOW.weekday()], timezone="UTC"),
        (True, {}),
    )
    yield from rows("since yesterday", when("dates", **{"from": PAST}), (True, {}))
    yield from rows("until yesterday", when("dates", until=PAST), (False, {}))
    yield from rows("until tomorrow", when("dates", **{"from": PAST, "until": FUTURE}), (True, {}))


def orders() -> Iterator[Row]:
    two = {
        "rules": [
            {"target": ELSE, "conditions": [when("device", "mobile"), when("language", "de")]},
            {"target": THIRD, "conditions": [when("device", "mobile")]},
        ]
    }
    german = {"user-agent": IPHONE, "accept-language": "de"}
    yield Row("the first rule wins", two, 302, ELSE, headers=german)
    yield Row("all conditions must hold", two, 302, THIRD, headers={"user-agent": IPHONE, "accept-language": "fr"})
    yield Row("no rule", two, 302, HOME, headers={"user-agent": FIREFOX, "accept-language": "de"})
    yield Row("its status", {**two, "redirect_status": 307}, 307, ELSE, headers=german)
    yield Row(
        "never kept by browsers",
        {**two, "redirect_status": 301, "allow_caching": True},
        301,
        HOME,
        headers={"user-agent": FIREFOX},
        cache="private, no-store",
    )
    all_to_one = [{"target": THIRD, "weight": 100}]
    yield Row("a variant", {"variants": all_to_one}, 302, THIRD)
    yield Row("rules before variants", {**two, "variants": all_to_one}, 302, ELSE, headers=german)
    yield Row(
        "variants where no rule leads", {**two, "variants": all_to_one}, 302, THIRD, headers={"user-agent": FIREFOX}
    )


def gates() -> Iterator[Row]:
    locked = {"password": "open sesame"}
    yield Row("a password is asked for", locked, 401, says='type="password"')
    yield Row("in German", locked, 401, says="Dieser Link hat ein Passwort", headers={"accept-language": "de"})
    yield Row("of crawlers too", locked, 401, headers={"user-agent": GOOGLE})
    yield Row("a made-up cookie opens nothing", locked, 401, headers={"cookie": f"ginnel_link_1=9999999999.{'0' * 64}"})
    carded = {"title": "A & B", "description": 'Says "so"', "image": f"{HOME}i.png"}
    crawler = {"user-agent": FACEBOOK}
    yield Row("a card", carded, 200, says='property="og:title" content="A &amp; B"', headers=crawler)
    yield Row("its picture", carded, 200, says=f'property="og:image" content="{HOME}i.png"', headers=crawler)
    yield Row("for crawlers of previews alone", carded, 302, HOME, headers={"user-agent": GOOGLE})
    yield Row("for nobody else", carded, 302, HOME, headers={"user-agent": FIREFOX})
    yield Row("before the password", {**carded, **locked}, 200, says="og:title", headers=crawler)
    yield Row("a title alone is no card", {"title": "A"}, 302, HOME, headers=crawler)
    yield Row("none of what has expired", {**carded, "expires_at": PAST}, 410, headers=crawler)


def previews() -> Iterator[Row]:
    yield Row("a preview", {"title": "T & T"}, 200, path="/{slug}+", says=f"<dd>{HOME}</dd>")
    yield Row("with its title", {"title": "T & T"}, 200, path="/{slug}+", says="<dd>T &amp; T</dd>")
    yield Row("an encoded plus", {}, 200, path="/{slug}%2B", says=HOME)
    yield Row("in German", {}, 200, path="/{slug}+", says="Wohin dieser Link", headers={"accept-language": "de"})
    yield Row("of nothing", {}, 404, path="/no-{slug}+")
    yield Row("of what has expired", {"expires_at": PAST}, 410, path="/{slug}+")
    yield Row("of what has a password", {"password": "open sesame"}, 200, path="/{slug}+", says="Only who knows")
    yield Row("of what has rules", ruled(when("device", "ios")), 200, path="/{slug}+", says="led elsewhere")


def domains() -> Iterator[Row]:
    led = {"root_target": THIRD, "not_found_target": ELSE, "expired_target": THIRD}
    over = {"expires_at": PAST}
    yield Row("a link there", {}, 302, HOME, domain={})
    yield Row("none elsewhere", {}, 404, host="another.test", says="no such link")
    yield Row("the root", {}, 302, THIRD, path="/", domain=led, cache="private, no-store")
    yield Row("the root by HEAD", {}, 302, THIRD, path="/", method="HEAD", domain=led)
    yield Row("a root that leads nowhere", {}, 404, path="/", domain={}, says="no such link")
    yield Row("the root of no domain", {}, 404, path="/", host="another.test")
    yield Row("an unknown link", {}, 302, ELSE, path="/no-{slug}", domain=led)
    yield Row("an unknown link by HEAD", {}, 302, ELSE, path="/no-{slug}", method="HEAD", domain=led)
    yield Row("an unknown link by POST", {}, 404, path="/no-{slug}", method="POST", domain=led)
    yield Row("an unknown link of a domain that leads nowhere", {}, 404, path="/no-{slug}", domain={})
    yield Row("what is no slug", {}, 302, ELSE, path="/%ff", domain=led)
    yield Row("what is reserved", {}, 404, path="/.well-known/no-{slug}", domain=led)
    yield Row("a link that has not begun", {"starts_at": FUTURE}, 302, ELSE, domain=led)
    yield Row("a link that is over", over, 302, THIRD, domain=led)
    yield Row("a link that is over, by POST", over, 405, method="POST", domain=led)
    yield Row("a link that is over and says where to", {**over, "expired_target": HOME}, 302, HOME, domain=led)
    yield Row("a link that is over where nothing is said", over, 410, domain={"not_found_target": ELSE})
    yield Row("a locked link that is over", {**over, "password": "open sesame"}, 302, THIRD, domain=led)
    yield Row("a link that is switched off", {"disabled": True}, 410, domain=led)
    yield Row("a preview of what is over", over, 200, path="/{slug}+", domain=led, says=THIRD)
    yield Row("its query is not passed on", {}, 302, ELSE, path="/no-{slug}?a=1", domain=led)
    yield Row("case matters where it does", {}, 404, path="/{SLUG}", domain={"case_sensitive": True})
    yield Row("and not where it doesn't", {}, 302, HOME, path="/{SLUG}", domain={})
    apple = "/.well-known/apple-app-site-association"
    files = {"apple_app_site_association": {"applinks": {"details": []}}, "assetlinks": [{"relation": ["é"]}]}
    yield Row("what Apple reads", {}, 200, path=apple, domain=files, says='"applinks"', cache="no-cache")
    yield Row(
        "what Android reads", {}, 200, path="/.well-known/assetlinks.json", domain=files, says='"é"', cache="no-cache"
    )
    yield Row("what Apple reads, by HEAD", {}, 200, path=apple, method="HEAD", domain=files, cache="no-cache")
    yield Row("nothing to read", {}, 404, path=apple, domain={})
    yield Row("nothing to read on ours", {}, 404, path=apple)


SECTIONS = (statuses, times, slugs, queries, paths, conditions, orders, gates, previews, domains)
ROWS = [pytest.param(row, id=f"{section.__name__}: {row.name}") for section in SECTIONS for row in section()]


def test_the_table_is_as_long_as_it_says() -> None:
    assert len(ROWS) >= 150
    assert len({param.id for param in ROWS}) == len(ROWS)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


async def by_host(row: Row, path: str) -> Answer:
    """Ask the host's app as a server does; a client would take dot segments out of the path."""
    from local.host import app  # noqa: PLC0415  # not before the environment is made

    raw, _, query = path.partition("?")
    headers = {"host": row.host, "user-agent": FIREFOX, "accept-language": "", **row.headers}
    headers["x-forwarded-for"] = row.address
    scope = {
        "type": "http",
        "method": row.method,
        "path": unquote(raw, errors="replace"),
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http",
        "server": ("go.test", 80),
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    shown = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], shown, b"".join(part.get("body", b"") for part in sent[1:]).decode())


async def by_lambda(function: Any, row: Row, path: str) -> Answer:
    raw, _, query = path.partition("?")
    event = events.at(raw, query=query, method=row.method)
    event["headers"] |= {
        "host": row.host,
        "user-agent": FIREFOX,
        "accept-language": "",
        **row.headers,
        "x-forwarded-for": row.address,
    }
    del event["headers"]["referer"]
    event["headers"] |= {name: value for name, value in row.headers.items() if name == "referer"}
    event["requestContext"]["http"]["sourceIp"] = row.address
    answer = await function.call(event)
    return Answer(answer["statusCode"], answer["headers"], answer.get("body") or "")


@pytest.mark.parametrize("row", ROWS)
async def test_row(row: Row, account: Account, claim: Claim, functions: Any) -> None:
    slug = f"row-{secrets.token_hex(5)}"
    there = {}
    if row.domain is not None:
        there["domain"] = (await claim(**row.domain))["host"]
        row = replace(row, host=there["domain"])
    fields = {"target": HOME, "slug": slug, **there, **row.link}
    disabled = fields.pop("disabled", False)
    link = await account.link(**fields)
    if disabled:
        await account.http.patch(f"/api/v1/links/{link['id']}", json={"disabled": True})
    path = row.path.replace("{slug}", slug).replace("{SLUG}", slug.upper())
    answers = {"host": await by_host(row, path), "lambda": await by_lambda(functions.redirect, row, path)}
    for way, answer in answers.items():
        found = (answer.status, answer.headers.get("location"))
        assert found == (row.status, row.location), way
        if row.says and row.method != "HEAD":
            assert row.says in answer.body, way
        if row.cache:
            assert answer.headers["cache-control"] == row.cache, way
        if row.location is None and not row.cache:
            assert answer.headers["cache-control"] == "no-store", way
    ours = ("x-request-id", "content-length")
    shown = [
        (a.status, {k: v for k, v in a.headers.items() if k not in ours}, _neutral(a.body)) for a in answers.values()
    ]
    assert shown[0] == shown[1]


def _neutral(body: str) -> Any:
    if not body.startswith("{"):
        return body.replace("http://go.test", "https://go.test")
    shown = json.loads(body)
    shown.pop("request_id", None)
    return shown
