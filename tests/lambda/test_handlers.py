"""Each function through its Lambda handler, with AWS's events, in a process that has only what the template declares."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pyotp
import pytest

from ginnel.mail import mailbox

from . import events, template
from .conftest import BASE_URL, Function, Functions, Link, Person, declared, running
from .connected import Answer, Stores
from .test_stack import CONNECTIONS

Shorten = Callable[..., Awaitable[Link]]

SCHEDULED = events.load("scheduled")


def body(answer: Answer, status: int = 200, kind: str = "application/json") -> Any:
    """Check an answer with a JSON body and return what it says."""
    assert answer["statusCode"] == status, answer
    assert answer["headers"]["content-type"] == kind
    assert answer["isBase64Encoded"] is False
    return json.loads(answer["body"])


def problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    found: dict[str, Any] = body(answer, status, "application/problem+json")
    assert (found["status"], found["code"]) == (status, code)
    return found


def headers(answer: Answer) -> dict[str, str]:
    """Return an answer's headers, none of which may end before its line does."""
    found: dict[str, str] = answer["headers"]
    for text in (*found, *found.values(), *answer.get("cookies", [])):
        assert not set(text) & {"\r", "\n", "\0"}
    return found


# Starting


async def test_each_handler_starts_with_only_what_the_template_declares(functions: Functions) -> None:
    for name in template.FUNCTIONS:
        function: Function = getattr(functions, name)
        assert "errorMessage" not in function.started, function.started


async def test_the_redirect_function_starts_without_what_is_slow_to_import(functions: Functions) -> None:
    slow = {"sqlalchemy", "alembic", "boto3", "jwt", "maxminddb", "argon2", "aws_lambda_powertools", "asyncpg"}
    assert not slow & set(functions.redirect.started["modules"])


async def test_no_handler_starts_without_a_variable_that_it_needs(stores: Stores) -> None:
    gate = asyncio.Semaphore(4)

    async def start(name: str, missing: str) -> Answer:
        environment = {key: value for key, value in declared(name).items() if key != missing}
        async with gate, running(name, stores, environment) as function:
            return function.started

    optional = {
        "ANSWER_BYTES",
        "DATABASE_POOL",
        "DELIVER_SECONDS",
        "DRAIN_SECONDS",
        "GUESTS",
        "GUESTS_ADDRESS_HOUR",
        "JWT_KEYS_SECRET",
        "LOGIN_TRIES_ADDRESS",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET",
        "OIDC_ISSUER",
        "OIDC_NAME",
        "PYDANTIC_DISABLE_PLUGINS",
        "METRICS",
        "MAIL_FROM",
        "MAIL_URL",
        "QUEUE_URL",
        "REDIS_CLUSTER",
        "REDIS_SHARDS",
        "REDIS_TIMEOUT",
        "REGISTRATION",
        "REGISTRATIONS_ADDRESS",
        "TRUSTED_PROXIES",
    }
    # MigrateFunction starts, and answers that it is missing.
    names = template.FUNCTIONS.keys() - {"migrate"}
    cases = [(name, key) for name in names for key in declared(name).keys() - optional]
    answers = await asyncio.gather(*(start(*case) for case in cases))
    for (name, missing), answer in zip(cases, answers, strict=True):
        assert answer.get("errorType") == "BadSettings", (name, missing, answer)
        assert answer["errorMessage"].startswith(f"{missing} is not set"), name


# Webhooks


async def test_a_schedule_tells_webhooks_what_is_due(functions: Functions) -> None:
    for _ in range(2):
        assert await functions.webhooks.call(SCHEDULED) == {"sent": 0, "mails": 0}
    assert functions.webhooks.said().count('"event": "mail_goes_nowhere"') == 1


async def test_a_schedule_sends_mail_by_the_way_that_the_stack_names(
    stores: Stores, functions: Functions, tmp_path: Path
) -> None:
    email = f"{secrets.token_hex(6)}@example.com"
    person = events.load("auth_register", email=email, password=secrets.token_urlsafe(12))
    assert (await functions.auth.call(person))["statusCode"] == 201
    variables = {**declared("webhooks"), "MAIL_URL": f"mailbox:{tmp_path}"}
    async with running("webhooks", stores, variables) as function:
        assert (await function.call(SCHEDULED))["mails"] >= 1
    assert any(f"To: {email}" in path.read_text() for path in mailbox.paths(tmp_path))


async def test_of_a_batch_of_messages_only_what_failed_comes_again(functions: Functions) -> None:
    # A delivery that is nobody's by now is done with.
    event = events.load("webhooks_sqs", lease='[1, "2025-10-04T10:08:20+00:00", 1]')
    for _ in range(2):
        answer = await functions.webhooks.call(event)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da"}]}


# Redirect


async def test_a_visit_is_redirected_and_counted(functions: Functions, shorten: Shorten, stores: Stores) -> None:
    link = await shorten()
    answer = await functions.redirect.call(events.load("redirect_get", slug=link.slug))
    assert answer["statusCode"] == 302
    sent = headers(answer)
    assert (
        sent["location"]
        == (
            "https://shop.example/spring?b=%2B&own=1&utm_source=letter&a=1&a=2&flag#top"  # b in its place, the others behind
        )
    )
    assert sent["cache-control"] == "private, no-store"
    assert sent["x-robots-tag"] == "noindex"
    assert sent["content-type"] == "text/plain; charset=utf-8"
    assert (answer["body"], answer["isBase64Encoded"]) == ("", False)
    await functions.clicks.call(SCHEDULED)
    assert await stores.clicks(link.id) == 1
    row = await stores.sql.fetchrow("select * from clicks where link_id = $1", link.id)
    assert (row["os"], row["referrer_host"], row["utm_source"]) == ("iOS", "news.example", "letter")


async def test_head_is_answered_alike_and_not_counted(functions: Functions, shorten: Shorten, stores: Stores) -> None:
    link = await shorten()
    answer = await functions.redirect.call(events.load("redirect_head", slug=link.slug))
    assert (answer["statusCode"], answer["body"]) == (302, "")
    assert headers(answer)["location"] == "https://shop.example/spring?b=kept&own=1#top"
    await functions.clicks.call(SCHEDULED)
    assert await stores.clicks(link.id) == 0


async def test_an_unknown_slug_is_a_problem_or_a_page(functions: Functions) -> None:
    event = events.load("redirect_unknown")
    problem(await functions.redirect.call(event), 404, "not_found")
    event["headers"]["accept"] = "text/html"
    answer = await functions.redirect.call(event)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (404, False)
    assert headers(answer)["content-type"] == "text/html; charset=utf-8"
    assert answer["body"].startswith("<!doctype html>")


async def test_a_slug_is_found_whether_the_gateway_decodes_paths_or_not(functions: Functions, shorten: Shorten) -> None:
    link = await shorten(f"café-{secrets.token_hex(4)}")
    for path in (f"/{link.slug}", f"/{link.slug}/".replace("é", "%C3%A9"), f"/{link.slug}".replace("é", "%c3%a9")):
        assert (await functions.redirect.call(events.at(path)))["statusCode"] == 302, path


@pytest.mark.parametrize(
    "path", ["/%", "/%zz", "/100%", "/a%2", "/%ff", "/%00", "/\x00", "/a b", "/\ud800", "/", "//", "/%0d%0a"]
)
async def test_a_malformed_path_is_404(functions: Functions, path: str) -> None:
    event = events.at(path)
    event["headers"]["accept"] = "application/json"
    problem(await functions.redirect.call(event), 404, "not_found")


@pytest.mark.parametrize("query", ["x=%0d%0aset-cookie:a=b", "x=\r\nset-cookie: a=b", "x=\x00", "x=ü", "%", "&&=&=="])
async def test_no_query_ends_a_header(functions: Functions, shorten: Shorten, query: str) -> None:
    link = await shorten()
    answer = await functions.redirect.call(events.at(f"/{link.slug}", query=query))
    assert answer["statusCode"] == 302
    assert headers(answer)["location"].startswith("https://shop.example/spring?b=kept&own=1")
    assert "cookies" not in answer


async def test_health_is_told_to_get_and_head(functions: Functions) -> None:
    assert body(await functions.redirect.call(events.load("redirect_health"))) == {"status": "ok"}
    assert (await functions.redirect.call(events.at("/health", method="HEAD")))["statusCode"] == 200
    assert (await functions.redirect.call(events.at("/robots.txt", method="HEAD")))["statusCode"] == 200


@pytest.mark.parametrize("name", ["redirect", "auth", "links"])
async def test_an_event_that_is_not_http_is_refused_clearly(functions: Functions, name: str) -> None:
    answer = await getattr(functions, name).call(SCHEDULED)
    assert answer["errorType"] == "ValueError"
    assert answer["errorMessage"].startswith("this function takes HTTP events only, not ['account', 'detail'")


# Auth


async def test_registering_signs_in_with_a_cookie(functions: Functions) -> None:
    email = f"{secrets.token_hex(6)}@example.com"
    event = events.load("auth_register", email=email, password=secrets.token_urlsafe(12))
    answer = await functions.auth.call(event)
    assert body(answer, 201)["user"]["email"] == email
    for cookie, name in zip(answer["cookies"], ("refresh", "device"), strict=True):
        assert cookie.startswith(f"__Host-ginnel_{name}=")
        assert {"Secure", "HttpOnly", "Path=/"} < set(cookie.split("; "))
    assert "set-cookie" not in headers(answer)
    again = body(await functions.auth.call(event), 201)
    assert again["user"]["id"] != json.loads(answer["body"])["user"]["id"]


async def test_signing_in_and_asking_who_one_is(functions: Functions, person: Person) -> None:
    event = events.load("auth_login", email=person.email, password=person.password)
    signed_in = body(await functions.auth.call(event))
    answer = await functions.auth.call(events.load("auth_me", token=signed_in["access_token"]))
    assert body(answer)["user"]["email"] == person.email
    event = events.load("auth_login", email=person.email, password="something else")
    problem(await functions.auth.call(event), 401, "credentials_invalid")
    problem(await functions.auth.call(events.load("auth_me", token="stolen")), 401, "token_invalid")


async def test_a_second_factor_is_set_up_and_asked_for(functions: Functions) -> None:
    given = {"email": f"{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe(12)}
    token = body(await functions.auth.call(events.load("auth_register", **given)), 201)["access_token"]
    begin = events.load("auth_totp_begin", token=token, **given)
    app = pyotp.TOTP(body(await functions.auth.call(begin), 201)["secret"])
    confirm = events.load("auth_totp_confirm", token=token)
    confirm["body"] = json.dumps({"code": app.now()})
    codes = body(await functions.auth.call(confirm))["recovery_codes"]
    login = events.load("auth_login", **given)
    problem(await functions.auth.call(login), 401, "totp_required")
    login["body"] = json.dumps({**given, "totp": codes[0]})
    body(await functions.auth.call(login))
    body(await functions.auth.call(events.load("auth_passkeys_ask")))


async def test_cookies_reach_the_function_as_the_gateway_lists_them(functions: Functions, person: Person) -> None:
    signed_in = await functions.auth.call(events.load("auth_login", email=person.email, password=person.password))
    cookie = signed_in["cookies"][0].partition(";")[0]
    refreshed = await functions.auth.call(events.load("auth_refresh", cookie=cookie))
    assert body(refreshed)["expires_in"] == 900
    assert not refreshed["cookies"][0].startswith(cookie)


async def test_another_sites_page_is_refused(functions: Functions, person: Person) -> None:
    event = events.load("auth_refresh", cookie=person.cookie)
    event["headers"] |= {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    problem(await functions.auth.call(event), 403, "cross_site")


# Links


async def test_a_link_is_made_once_however_often_it_is_asked_for(functions: Functions, person: Person) -> None:
    event = events.load("links_create", token=person.token, slug=secrets.token_hex(6), key=secrets.token_hex(8))
    first = await functions.links.call(event)
    made = body(first, 201)
    assert made["short_url"] == f"{BASE_URL}/{made['slug']}"
    assert headers(first)["location"] == f"/api/v1/links/{made['id']}"
    # Some gateways send every body as base64.
    encoded = {**event, "body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
    again = await functions.links.call(encoded)
    assert body(again, 201) == made
    assert headers(again)["idempotency-replayed"] == "true"
    event["headers"]["idempotency-key"] = secrets.token_hex(8)
    problem(await functions.links.call(event), 409, "slug_taken")
    event["headers"]["idempotency-key"] = secrets.token_hex(8)
    event["body"] = event["body"].replace("https://", "javascript:")
    problem(await functions.links.call(event), 422, "invalid")
    event["body"] = "{"
    problem(await functions.links.call(event), 400, "json_invalid")


async def test_links_are_listed_page_by_page(functions: Functions, person: Person, shorten: Shorten) -> None:
    newest = [(await shorten()).slug for _ in range(3)][::-1]
    event = events.load("links_find_all", token=person.token)
    page = body(await functions.links.call(event))
    assert [item["slug"] for item in page["items"]] == newest[:2]
    event["rawQueryString"] += f"&cursor={page['next_cursor']}"
    assert body(await functions.links.call(event))["items"][0]["slug"] == newest[2]


async def test_a_links_numbers_are_told(functions: Functions, person: Person, shorten: Shorten) -> None:
    link = await shorten()
    for _ in range(3):
        await functions.redirect.call(events.load("redirect_get", slug=link.slug))
    await functions.clicks.call(SCHEDULED)
    answer = await functions.links.call(events.load("links_summary", token=person.token, link=link.id))
    assert body(answer) == {"clicks": 3, "visitors": 1, "bots": 0}


# Clicks


async def test_clicks_of_other_servers_are_taken_once(
    functions: Functions, person: Person, shorten: Shorten, stores: Stores
) -> None:
    link = await shorten()
    event = events.load("clicks_record", token=person.token, slug=link.slug, click="order-1")
    for _ in range(2):
        items = body(await functions.clicks.call(event), 202)["items"]
        assert [(item["status"], item["code"]) for item in items] == [("accepted", None), ("rejected", "link_unknown")]
    assert await functions.clicks.call(SCHEDULED) == {"stored": 1}
    assert await stores.clicks(link.id) == 1


async def test_an_event_of_no_known_kind_is_refused_clearly(functions: Functions) -> None:
    answer = await functions.clicks.call({"Records": []})
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "not a schedule's event: ['Records']")


# One loop, one pool


async def test_two_hundred_visits_need_one_connection_and_lose_no_click(
    functions: Functions, shorten: Shorten, stores: Stores
) -> None:
    links = [await shorten() for _ in range(10)]
    for number in range(200):
        answer = await functions.redirect.call(events.load("redirect_get", slug=links[number % 10].slug))
        assert answer["statusCode"] == 302
    assert await functions.redirect.living() == (1, 1)
    await functions.clicks.call(SCHEDULED)
    assert [await stores.clicks(link.id) for link in links] == [20] * 10


async def test_two_hundred_calls_need_one_connection(functions: Functions, person: Person) -> None:
    for _ in range(200):
        body(await functions.auth.call(events.load("auth_me", token=person.token)))
        body(await functions.links.call(events.load("links_find_all", token=person.token)))
    assert await functions.auth.living() == (1, 1)
    assert await functions.links.living() == (1, 1)


async def test_http_and_schedule_take_turns_on_one_loop(
    functions: Functions, person: Person, shorten: Shorten, stores: Stores
) -> None:
    link = await shorten()
    stored = 0
    for number in range(100):
        event = events.load("clicks_record", token=person.token, slug=link.slug, click=f"turn-{number}")
        body(await functions.clicks.call(event), 202)
        stored += (await functions.clicks.call(SCHEDULED))["stored"]
    assert stored == await stores.clicks(link.id) == 100
    # The ORM's and the drain's; to Redis the requests' and the drain's, which may take a batch while it acknowledges one.
    assert await functions.clicks.living() in {(2, 2), (2, 3)}


async def test_no_function_holds_more_connections_than_the_template_reckons_with(
    functions: Functions, person: Person, shorten: Shorten, stores: Stores
) -> None:
    link = await shorten()
    # Without Redis, clicks take the longest way: the request's connection, the outbox's and the drain's.
    away = {"REDIS_URL": "redis://127.0.0.1:1"}
    async with AsyncExitStack() as stack:
        started = {
            name: await stack.enter_async_context(running(name, stores, declared(name) | away)) for name in CONNECTIONS
        }
        assert (await started["redirect"].call(events.load("redirect_get", slug=link.slug)))["statusCode"] == 302
        body(await started["auth"].call(events.load("auth_me", token=person.token)))
        # Whose tries are counted in PostgreSQL.
        body(await started["auth"].call(events.load("auth_login", email=person.email, password=person.password)))
        event = events.load("links_create", token=person.token, slug=secrets.token_hex(6), key=secrets.token_hex(8))
        body(await started["links"].call(event), 201)
        body(await started["links"].call(events.load("links_summary", token=person.token, link=link.id)))
        event = events.load("clicks_record", token=person.token, slug=link.slug, click="outage")
        body(await started["clicks"].call(event), 202)
        await started["clicks"].call(SCHEDULED)
        await started["webhooks"].call(SCHEDULED)
        assert await started["migrate"].call({}) == {}
        held = {name: (await function.living())[0] for name, function in started.items()}
    # MigrateFunction's is closed again, as its own tests show.
    assert held == {**CONNECTIONS, "migrate": 0}
    await functions.clicks.call(SCHEDULED)


# Connections that were cut while nothing ran


async def test_a_visit_survives_a_cut_connection(functions: Functions, shorten: Shorten, stores: Stores) -> None:
    # First by what asks PostgreSQL first, then by what asks Redis first.
    body(await functions.redirect.call(events.load("redirect_health")))
    await functions.redirect.cut_postgres()
    body(await functions.redirect.call(events.load("redirect_health")))
    links = [await shorten() for _ in range(3)]
    cuts = (functions.redirect.cut_postgres, functions.redirect.cut_redis)
    for link, cut in zip(links, (*cuts, _both(cuts)), strict=True):
        body(await functions.redirect.call(events.load("redirect_health")))
        await cut()
        # Nobody has asked for it yet, so that both stores must.
        answer = await functions.redirect.call(events.load("redirect_get", slug=link.slug))
        assert answer["statusCode"] == 302, answer
    await functions.clicks.call(SCHEDULED)
    assert [await stores.clicks(link.id) for link in links] == [1, 1, 1]


async def test_an_account_survives_a_cut_connection(functions: Functions, person: Person) -> None:
    me = events.load("auth_me", token=person.token)
    login = events.load("auth_login", email=person.email, password=person.password)
    for event in (me, login, me):
        await functions.auth.call(me)
        await functions.auth.cut_postgres()
        body(await functions.auth.call(event))


async def test_making_links_survives_a_cut_connection(functions: Functions, person: Person, shorten: Shorten) -> None:
    cuts = (functions.links.cut_postgres, functions.links.cut_redis)
    for cut in (*cuts, _both(cuts)):
        await shorten()
        await cut()
        await shorten()
    await functions.links.cut_postgres()
    assert len(body(await functions.links.call(events.load("links_find_all", token=person.token)))["items"]) == 2


async def test_storing_clicks_survives_a_cut_connection(
    functions: Functions, person: Person, shorten: Shorten, stores: Stores
) -> None:
    link = await shorten()
    cuts = (functions.clicks.cut_postgres, functions.clicks.cut_redis)
    for number, cut in enumerate((*cuts, _both(cuts))):
        for moment in ("before", "after"):
            assert "errorMessage" not in await functions.clicks.call(SCHEDULED)
            click = f"{moment}-{number}"
            event = events.load("clicks_record", token=person.token, slug=link.slug, click=click)
            if moment == "after":
                await cut()
            body(await functions.clicks.call(event), 202)
            if moment == "before":
                await cut()
            assert await functions.clicks.call(SCHEDULED) == {"stored": 1}, (number, moment)
    assert await stores.clicks(link.id) == 6


async def test_a_run_that_is_cut_short_stores_what_it_had_taken(
    functions: Functions, person: Person, shorten: Shorten, stores: Stores
) -> None:
    link = await shorten()
    assert "errorMessage" not in await functions.clicks.call(SCHEDULED)
    event = events.load("clicks_record", token=person.token, slug=link.slug, click="cut-short")
    body(await functions.clicks.call(event), 202)
    async with stores.sql.transaction():
        await stores.sql.execute("lock table clicks in access exclusive mode")
        run = asyncio.create_task(functions.clicks.exchange(SCHEDULED))
        waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and pid = any($1::int[])"
        while not (pid := await stores.sql.fetchval(waiting, list(functions.clicks.backends))):
            # Within a transaction the view would otherwise stay as it was first seen.
            await stores.sql.execute("select pg_stat_clear_snapshot()")
            await asyncio.sleep(0.01)
        await stores.sql.execute(f"select pg_terminate_backend({pid})")
    assert await run == {"stored": 1}
    assert await stores.clicks(link.id) == 1


async def test_nothing_failed_behind_the_answers(functions: Functions) -> None:
    """Comes last: whatever the tests above did, no log holds a traceback or a task that nobody waited for."""
    for name in template.FUNCTIONS:
        function: Function = getattr(functions, name)
        said = function.said()
        assert not any(sign in said for sign in ("Traceback", "request_failed", "never retrieved", "was destroyed")), (
            said
        )


def _both(cuts: tuple[Callable[[], Awaitable[None]], ...]) -> Callable[[], Awaitable[None]]:
    async def cut() -> None:
        for each in cuts:
            await each()

    return cut


async def test_a_qr_code_is_text_as_svg_and_base64_as_png(
    functions: Functions, person: Person, shorten: Shorten
) -> None:
    link = await shorten()
    event = events.load("links_qr", token=person.token, link=link.id)
    answer = await functions.links.call(event)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert base64.b64decode(answer["body"]).startswith(b"\x89PNG")
    answer = await functions.links.call(events.load("links_qr_with_logo", token=person.token, link=link.id))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert answer["body"].startswith("<svg ")
    assert "data:image/png;base64," in answer["body"]
