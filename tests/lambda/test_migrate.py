"""What a deployment runs before traffic, through its Lambda handler, on a database of its own."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.faults.stores import Store, asking

from . import events
from .conftest import Function, declared, running
from .connected import Stores


class CloudFormation:
    """Waits at an address for answers, which it may refuse at first."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.refuse = 0
        owner = self

        class Waiting(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                owner.refuse -= 1
                if owner.refuse >= 0:
                    self.send_error(503)
                    return
                # A type that the address is not signed for would be refused by S3.
                assert self.headers["content-type"] == ""
                owner.answers.append(json.loads(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Waiting)
        self.address = f"http://127.0.0.1:{self.server.server_port}/answer?X-Amz-Signature=secret"

    def event(self, request: str) -> events.Event:
        return events.load("migrate_release", request=request, answer=self.address)

    async def ask(self, function: Function, request: str = "Update") -> dict[str, Any]:
        """Send a request and return its answer, which comes to the address and not from the function."""
        before = len(self.answers)
        assert await function.exchange(self.event(request)) is None
        (answer,) = self.answers[before:]
        assert (answer["LogicalResourceId"], answer["PhysicalResourceId"]) == ("Schema", "schema")
        assert answer["RequestId"]
        assert answer["StackId"]
        return answer


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    made = CloudFormation()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
async def database(stores: Stores) -> AsyncIterator[str]:
    """Make a database that nobody has migrated yet."""
    name = f"ginnel_release_{secrets.token_hex(4)}"
    await stores.sql.execute(f"create database {name}")
    yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    await stores.sql.execute(f"drop database {name} with (force)")


@asynccontextmanager
async def migrating(stores: Stores, database: str, **variables: str) -> AsyncIterator[Function]:
    # A cold migration takes its time on a busy machine.
    basics = {"DATABASE_URL": database, "AWS_LAMBDA_FUNCTION_TIMEOUT": "60"}
    async with running("migrate", stores, declared("migrate") | basics | variables) as function:
        assert "errorMessage" not in function.started, function.started
        yield function


@asynccontextmanager
async def looking(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def test_a_release_brings_the_schema_up_to_date_however_often_it_is_asked_to(
    stores: Stores, database: str, cloudformation: CloudFormation
) -> None:
    async with migrating(stores, database) as function:
        for request in ("Create", "Update", "Update"):
            assert (await cloudformation.ask(function, request))["Status"] == "SUCCESS"
        assert "Traceback" not in function.said()
        async with looking(database) as sql:
            assert await sql.fetchval("select host from domains where workspace_id is null") == "go.test"
            assert not await sql.fetchval("select count(*) from links")
            connected = await sql.fetchval("select count(*) from pg_stat_activity where datname = current_database()")
            assert connected == 1  # this one: none is kept for the next release


async def test_two_at_once_wait_for_one_another(stores: Stores, database: str, cloudformation: CloudFormation) -> None:
    async with migrating(stores, database) as one, migrating(stores, database) as other:
        await asyncio.gather(*(function.exchange(cloudformation.event("Update")) for function in (one, other)))
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"] * 2


async def test_going_back_to_a_release_leaves_a_newer_schema_as_it_is(
    stores: Stores, database: str, cloudformation: CloudFormation
) -> None:
    async with migrating(stores, database) as function, looking(database) as sql:
        await cloudformation.ask(function)
        await sql.execute("update alembic_version set version_num = '9999'")
        assert (await cloudformation.ask(function))["Status"] == "SUCCESS"
        assert await sql.fetchval("select version_num from alembic_version") == "9999"
        assert "schema_newer" in function.said()


async def test_a_failure_is_an_answer_that_rolls_the_deployment_back(
    stores: Stores, database: str, cloudformation: CloudFormation
) -> None:
    missing = database.replace("ginnel_release_", "ginnel_missing_")
    async with migrating(stores, missing) as function:
        answer = await cloudformation.ask(function)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "InvalidCatalogNameError: see the log of this function"
    async with migrating(stores, database, BASE_URL="go.test") as function:
        answer = await cloudformation.ask(function)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("BASE_URL must be")


async def test_a_redis_that_would_evict_waiting_clicks_is_refused(
    stores: Stores, database: str, cloudformation: CloudFormation
) -> None:
    # Sockets' paths are short.
    with tempfile.TemporaryDirectory(prefix="ginnel-") as folder, Store(Path(folder), "valkey") as valkey:
        async with asking(valkey) as client:
            await client.config_set("maxmemory-policy", "allkeys-lru")
        async with migrating(stores, database, REDIS_URL=valkey.url) as function:
            answer = await cloudformation.ask(function)
    assert answer["Status"] == "FAILED"
    assert "its maxmemory-policy is allkeys-lru" in answer["Reason"]


async def test_what_takes_too_long_is_said_while_there_is_time_to(
    stores: Stores, database: str, cloudformation: CloudFormation
) -> None:
    async with migrating(stores, database, AWS_LAMBDA_FUNCTION_TIMEOUT="1") as function:
        async with looking(database) as sql:
            await sql.execute("select pg_advisory_lock(7461)")  # another migration is at it
            answer = await cloudformation.ask(function)
        assert (answer["Status"], answer["Reason"].partition(":")[0]) == ("FAILED", "TimeoutError")
    async with migrating(stores, database) as function:
        assert (await cloudformation.ask(function))["Status"] == "SUCCESS"


async def test_deleting_the_stack_touches_nothing(stores: Stores, cloudformation: CloudFormation) -> None:
    async with migrating(stores, "postgresql://127.0.0.1:1/nobody") as function:
        assert (await cloudformation.ask(function, "Delete"))["Status"] == "SUCCESS"


async def test_an_answer_that_is_refused_is_sent_again(stores: Stores, cloudformation: CloudFormation) -> None:
    async with migrating(stores, "postgresql://127.0.0.1:1/nobody") as function:
        cloudformation.refuse = 2
        assert (await cloudformation.ask(function, "Delete"))["Status"] == "SUCCESS"
        assert "Signature" not in function.said()


async def test_by_hand_the_first_administrator_is_made_and_their_password_told_once(
    stores: Stores, database: str, cloudformation: CloudFormation
) -> None:
    email = "ada@example.com"
    async with migrating(stores, database, ADMIN_EMAIL=email) as function:
        assert (await cloudformation.ask(function))["Status"] == "SUCCESS"  # whose answer nobody would read
        told = await function.exchange({})
        assert told["admin"] == email
        assert told["password"] not in function.said()
        assert await function.exchange({}) == {}
    async with running("auth", stores, declared("auth") | {"DATABASE_URL": database}) as auth:
        signed_in = await auth.exchange(events.load("auth_login", email=email, password=told["password"]))
    assert json.loads(signed_in["body"])["user"]["is_admin"] is True


async def test_by_hand_nobody_is_promoted_or_in_the_way(stores: Stores, database: str) -> None:
    async with migrating(stores, database) as function:
        assert await function.exchange({}) == {}
        async with running("auth", stores, declared("auth") | {"DATABASE_URL": database}) as auth:
            event = events.load("auth_register", email="eve@example.com", password=secrets.token_urlsafe(12))
            assert (await auth.exchange(event))["statusCode"] == 201
            eve = json.loads((await auth.exchange(event))["body"])["user"]["id"]
    async with migrating(stores, database, ADMIN_EMAIL="eve@example.com") as function:
        assert (await function.exchange({}))["admin"] == "eve@example.com"
    connection = await asyncpg.connect(database)
    admins = await connection.fetch("select id from users where is_admin")
    await connection.close()
    assert [row["id"] > eve for row in admins] == [True]


async def test_an_event_of_no_known_kind_is_refused_clearly(stores: Stores, database: str) -> None:
    async with migrating(stores, database) as function:
        answer = await function.exchange({"Records": []})
    assert answer == {"errorMessage": "neither CloudFormation's event nor {}: ['Records']", "errorType": "ValueError"}


async def test_by_hand_an_administrator_who_is_named_gets_a_new_password(stores: Stores, database: str) -> None:
    async with migrating(stores, database) as function:
        assert await function.exchange({}) == {}
        first, second = [await function.exchange({"admin": "ada@example.com"}) for _ in range(2)]
        assert first.keys() == second.keys() == {"admin", "password"}
        assert second["password"] not in function.said()
        assert (await function.exchange({"admin": "nobody"}))["errorType"] == "Invalid"
    async with running("auth", stores, declared("auth") | {"DATABASE_URL": database}) as auth:
        signed_in = await auth.exchange(events.load("auth_login", email="ada@example.com", password=second["password"]))
        refused = await auth.exchange(events.load("auth_login", email="ada@example.com", password=first["password"]))
    assert json.loads(signed_in["body"])["user"]["is_admin"] is True
    assert refused["statusCode"] == 401
