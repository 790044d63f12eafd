"""The models and the migrations are two tellings of one schema."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from ginnel import db, migrations, postgres, rollups, settings


async def test_the_models_and_the_migrations_agree() -> None:
    async with db.engine().connect() as connection:
        assert await connection.run_sync(_differences) == []


def _differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "include_name": migrations.mine, "include_object": _comparable}
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), migrations.METADATA)
    return found


def _comparable(thing: Any, name: str | None, kind: str, reflected: bool, _: Any) -> bool:  # noqa: FBT001  # Alembic's
    # What stands in an expression can't be compared; the first three are the migration's alone.
    unknown = {
        "links_workspace_id_search_idx",
        "users_search_idx",
        "domains_default_idx",
        "links_workspace_id_slug_key_idx",
    }
    return not (kind == "index" and name in unknown)


async def test_going_down_and_up_again_leaves_the_same_schema(empty_database: None) -> None:
    await migrations.upgrade()
    await migrations.downgrade("base")
    connection = await postgres.connect()
    left = await connection.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )
    await connection.close()
    assert [row["relname"] for row in left] == ["alembic_version"]
    await migrations.upgrade()


async def test_a_link_that_had_a_limit_before_budgets_has_used_its_clicks(empty_database: None) -> None:
    await migrations.upgrade("0001")
    connection = await postgres.connect()
    await connection.execute(
        """
        insert into workspaces (name, personal, created_at) values ('a', false, now());
        insert into domains (host, case_sensitive, created_at) values ('a.test', false, now());
        insert into links (workspace_id, domain_id, slug, slug_key, target, redirect_status, allow_caching, forward_query,
            forward_path, max_clicks, rules, variants, created_at, updated_at, version)
        select 1, 1, n, n, 'https://example.com/', 302, false, false, false, nullif(n, 3), '[]', '[]', now(), now(), 1
        from generate_series(1, 3) n;
        insert into clicks_hourly values (1, '2026-01-01 00:00+00', 1, 3, 5), (1, '2026-01-01 01:00+00', 1, 4, 0),
            (3, '2026-01-01 01:00+00', 1, 4, 0)
        """
    )
    await migrations.upgrade()
    budgets = await connection.fetch("select link_id, used from link_budgets order by 1")
    await connection.close()
    assert list(map(tuple, budgets)) == [(1, 7), (2, 0)]


async def test_going_back_before_claims_loses_no_account(empty_database: None) -> None:
    await migrations.upgrade("0012")
    connection = await postgres.connect()
    await connection.execute(
        """
        insert into users (email, name, password_hash, is_admin, email_verified_at, created_at)
        select email, n, '', false, case when n in ('c', 'd') then now() end, now()
        from (values ('Ada@a.test', 'a'), ('ada@a.test', 'b'), ('ada@a.test', 'c'), ('bob@a.test', 'd'), ('bob@a.test', 'e'),
            ('eve@a.test', 'f'), ('eve@a.test', 'g')) as claims (email, n)
        """
    )
    await migrations.downgrade("0010")
    kept = await connection.fetch("select name, email::text from users order by id")
    await connection.close()
    assert list(map(tuple, kept)) == [
        ("a", "claim-1.Ada@a.test"),
        ("b", "claim-2.ada@a.test"),
        ("c", "ada@a.test"),
        ("d", "bob@a.test"),
        ("e", "claim-5.bob@a.test"),
        ("f", "eve@a.test"),
        ("g", "claim-7.eve@a.test"),
    ]


@pytest.fixture
async def empty_database(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    url = os.environ["DATABASE_URL"]
    name = f"ginnel_migrations_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(url)
    await admin.execute(f"create database {name}")
    monkeypatch.setenv("DATABASE_URL", urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
    settings.read.cache_clear()
    yield
    monkeypatch.undo()
    settings.read.cache_clear()
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_clicks_have_partitions_for_the_months_ahead() -> None:
    async with db.engine().connect() as connection:
        names = list(await connection.scalars(text("select inhrelid::regclass::text from pg_inherits order by 1")))
    assert sum(name.startswith("clicks_2") for name in names) >= 3


async def test_clicks_from_before_sources_go_by_their_referrers_host(empty_database: None) -> None:
    await migrations.upgrade("0018")
    connection = await postgres.connect()
    await connection.execute(
        """
        select ensure_clicks_partition('2026-01-01');
        insert into clicks (at, id, workspace_id, domain_id, link_id, device, qr, clamped, referrer_host)
        select '2026-01-05 12:00+00', gen_random_uuid(), 1, 1, 1, 'desktop', false, false, host
        from unnest(array['t.co', 't.co', 'news.example', null]) host
        """
    )
    # As the release before counts them.
    counts = "('t.co', 2, 0, 0), ('news.example', 1, 0, 0)"
    for table, period, link in (
        ("link_days", "2026-01-05", True),
        ("workspace_days", "2026-01-05", False),
        ("workspace_months", "2026-01-01", False),
    ):
        columns = "link_id, workspace_id" if link else "workspace_id"
        await connection.execute(
            f"""
            insert into {table} ({columns}, dimension, {"month" if "months" in table else "day"}, value, clicks, visitors, bots)
            select {"1, 1" if link else "1"}, 'referrer_host', '{period}', * from (values {counts}) v
            """
        )
    await migrations.upgrade()
    for table in ("link_days", "workspace_days", "workspace_months"):
        found = await connection.fetch(
            f"select dimension::text, value, clicks from {table} where dimension in ('source', 'channel') order by 1, 2"
        )
        assert list(map(tuple, found)) == [
            ("channel", "referral", 3),
            ("source", "news.example", 1),
            ("source", "t.co", 2),
        ]
    said = ", ".join(f"{rollups.DIMENSIONS[name]} as {name}" for name in ("source", "channel"))
    read = await connection.fetch(f"select {said} from clicks c order by 1")
    await connection.close()
    assert list(map(tuple, read)) == [
        ("news.example", "referral"),
        ("t.co", "referral"),
        ("t.co", "referral"),
        (None, None),
    ]
