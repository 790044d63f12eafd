"""Plausible links and clicks for a new installation: a few links that many follow, many that few do, a daily rhythm."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from dotenv import load_dotenv
from sqlalchemy import select

from ginnel import db, domains, ingestion, links, migrations, postgres, settings, users, workspaces
from ginnel.drafts import LinkDraft
from ginnel.links import writing
from local import services

_LINKS = 50
_BATCH = 5_000
_PLACES = (("GB", "GB-ENG", "London", "EU"), ("DE", "DE-BE", "Berlin", "EU"), ("US", "US-NY", "New York", "NA"),
           ("IN", "IN-MH", "Mumbai", "AS"), ("BR", "BR-SP", "São Paulo", "SA"), (None, None, None, None))  # fmt: skip
_AGENTS = (("mobile", "iOS", "Safari"), ("mobile", "Android", "Chrome"), ("desktop", "Windows", "Chrome"),
           ("desktop", "macOS", "Safari"), ("desktop", "Linux", "Firefox"), ("tablet", "iOS", "Safari"))  # fmt: skip
_REFERRERS = (None, None, "google.com", "t.co", "news.ycombinator.com", "linkedin.com")


def main() -> None:
    parser = argparse.ArgumentParser(prog="seed")
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--clicks", type=int, default=10_000)
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    if wanted.env_file:
        load_dotenv(wanted.env_file)
    if os.environ.get("DATABASE_URL"):
        asyncio.run(_seed(wanted.clicks))
        return
    # The embedded servers take no second owner: seed while `make up` is down, or give it a DATABASE_URL.
    with services.running(wanted.data.resolve(), redis=False) as servers:
        os.environ["DATABASE_URL"] = servers.database_url
        asyncio.run(_seed(wanted.clicks))


async def _seed(wanted: int) -> None:
    os.environ.setdefault("BASE_URL", "http://localhost:8000")
    os.environ.setdefault("REDIS_URL", "unix:///nowhere")  # nothing is cached that would have to be purged
    await migrations.prepare()
    links = await _links()
    connection = await postgres.connect(command_timeout=60)
    chance = random.Random(7)  # noqa: S311  # plausible, not secret
    now = datetime.now(UTC)
    weights = [1 / rank for rank in range(1, len(links) + 1)]
    for done in range(0, wanted, _BATCH):
        chosen = chance.choices(links, weights, k=min(_BATCH, wanted - done))
        await ingestion.store(
            connection, [_click(link, workspace, domain, now, chance) for link, workspace, domain in chosen]
        )
        print(f"\r  {min(done + _BATCH, wanted):,} of {wanted:,} clicks", end="", flush=True)
    print(f"\n  on {len(links)} links of demo@example.com (password: correct horse battery)")
    await connection.close()
    await db.close()


async def _links() -> list[tuple[int, int, int]]:
    """Make the demonstration account and its links, unless they are there; return (link, workspace, domain)."""
    now = datetime.now(UTC)
    async with asynccontextmanager(db.transaction)() as conn:
        user = await conn.scalar(select(users.User).where(users.User.email == "demo@example.com"))
        if user is None:
            wanted = users.Registration(email="demo@example.com", password="correct horse battery", name="Demo")  # noqa: S106  # printed
            user = await users.register(conn, wanted, now=now)
            workspace = await conn.scalar(select(workspaces.Member.workspace_id).filter_by(user_id=user.id))
            for number in range(1, _LINKS + 1):
                draft = LinkDraft(target=f"https://example.com/page/{number}", slug=f"demo-{number}")
                await writing.create(conn, draft, workspace=workspace or 0, user=user.id, now=now)
        domain = await domains.find(conn, settings.site().host, workspace=0)
        rows = await conn.execute(
            select(links.Link.id, links.Link.workspace_id)
            .where(links.Link.created_by == user.id)
            .order_by(links.Link.id)
        )
        return [(link, workspace, domain.id if domain else 0) for link, workspace in rows]


def _click(link: int, workspace: int, domain: int, now: datetime, chance: random.Random) -> ingestion.Row:
    # Most of the last ninety days' clicks are recent, and come by day.
    ago = timedelta(days=90 * chance.random() ** 2)
    at = now - ago
    at -= timedelta(hours=6 * (1 + math.cos(2 * math.pi * at.hour / 24)) * chance.random())
    country, region, city, continent = chance.choice(_PLACES)
    device, system, browser = chance.choice(_AGENTS)
    bot = "Googlebot" if chance.random() < 0.1 else None  # noqa: PLR2004  # one in ten
    referrer = chance.choice(_REFERRERS)
    return ingestion.Row(
        at=at, id=UUID(int=chance.getrandbits(128)), workspace_id=workspace, domain_id=domain, link_id=link,
        visitor=chance.randbytes(16), country=country, region=region, city=city, continent=continent,
        device="bot" if bot else device, os=None if bot else system, browser=None if bot else browser, language="en",
        bot=bot, referrer_host=referrer, referrer_path="/" if referrer else None, utm_source=None, utm_medium=None,
        utm_campaign=None, utm_term=None, utm_content=None, qr=False, variant=None, clamped=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
