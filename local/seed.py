"""Plausible links, and a year's clicks on them, for a new installation: thousands to try it out, or a hundred million."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dotenv import load_dotenv
from sqlalchemy import select

from ginnel import db, domains, links, migrations, postgres, rollups, settings, users, workspaces
from ginnel.drafts import LinkDraft
from ginnel.errors import Problem
from ginnel.links import writing
from local import services, traffic

_EMAIL, _PASSWORD = "demo@example.com", "correct horse battery"
_TAGS = ("newsletter", "social", "print", "shop", "docs", "events", "jobs", "partners")
_VARIANTS = ("long text", "short text")
_BATCH = 500
"""Links made, or rolled up, by one statement."""
_AT_ONCE = 2
"""Months that are drawn at once."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="seed")
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--clicks", type=count, default=10_000)
    parser.add_argument("--links", type=count, help="50 to 10,000, by the clicks, if not said")
    parser.add_argument("--days", type=count, default=365, help="over how many days until now clicks are spread")
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    wanted = parser.parse_args()
    many = wanted.links or min(max(50, wanted.clicks // 1000), 10_000)
    if wanted.env_file:
        load_dotenv(wanted.env_file)
    if os.environ.get("DATABASE_URL"):
        asyncio.run(run(wanted.clicks, many, wanted.days))
        return
    # The embedded servers take no second owner: seed while `make up` is down, or give it a DATABASE_URL.
    with services.running(wanted.data.resolve(), redis=False) as servers:
        os.environ["DATABASE_URL"] = servers.database_url
        asyncio.run(run(wanted.clicks, many, wanted.days))


def count(text: str) -> int:
    count = int(text.replace(",", "").replace("_", ""))
    if count < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count


async def run(clicks: int, many: int, days: int) -> None:
    os.environ.setdefault("BASE_URL", "http://localhost:8000")
    os.environ.setdefault("REDIS_URL", "unix:///nowhere")  # nothing is cached that would have to be purged
    await migrations.prepare()
    targets = await demonstration(many)
    await load(targets, clicks, days)
    print(f"  on {len(targets):,} links of {_EMAIL} (password: {_PASSWORD})")
    await db.close()


async def demonstration(many: int) -> list[traffic.Target]:
    """Make the demonstration account and its first so many links, unless they are there; return those."""
    now = datetime.now(UTC)
    async with asynccontextmanager(db.transaction)() as conn:
        user = await conn.scalar(select(users.User).filter_by(email=_EMAIL).order_by(users.User.id).limit(1))
        if user is None:
            user = await users.add(conn, email=_EMAIL, name="Demo", password=_PASSWORD, now=now)
        workspace = await conn.scalar(
            select(workspaces.Member.workspace_id).filter_by(user_id=user.id).order_by(workspaces.Member.workspace_id)
        )
        own = await domains.find(conn, settings.site().host, workspace=0)
        mine = select(links.Link.slug).filter_by(workspace_id=workspace, domain_id=own.id if own else 0)
        there = set(await conn.scalars(mine))
        missing = [number for number in range(1, many + 1) if f"demo-{number}" not in there]
        for start in range(0, len(missing), _BATCH):
            drafts = [_draft(number) for number in missing[start : start + _BATCH]]
            for made in await writing.create_all(conn, drafts, workspace=workspace or 0, user=user.id, now=now):
                if isinstance(made, Problem):
                    raise made
        rows = await conn.execute(
            select(links.Link.id, links.Link.workspace_id, links.Link.domain_id, links.Link.variants)
            .where(
                links.Link.workspace_id == workspace, links.Link.slug.like("demo-%"), links.Link.deleted_at.is_(None)
            )
            .order_by(links.Link.id)
            .limit(many)
        )
        return [
            traffic.Target(link, owner, domain, [variant["name"] for variant in variants if variant.get("name")])
            for link, owner, domain, variants in rows
        ]


def _draft(number: int) -> LinkDraft:
    page = f"https://example.com/page/{number}"
    shared = [{"target": f"{page}?text={name[:5].strip()}", "name": name, "weight": 50} for name in _VARIANTS]
    return LinkDraft.model_validate({
        "target": page, "slug": f"demo-{number}", "domain": settings.site().host,
        # The first is on half of the links, each further one on fewer.
        "tags": [tag for power, tag in enumerate(_TAGS, 1) if number % 2**power == 0],
        "variants": shared if number % 10 == 3 else [],  # noqa: PLR2004  # one link in ten
    })  # fmt: skip


async def load(targets: Sequence[traffic.Target], clicks: int, days: int) -> None:
    """Spread clicks over links and days, counted in the roll-ups as if they had come one by one."""
    shares = traffic.calendar(clicks, days, datetime.now(UTC))
    connection = await postgres.connect(command_timeout=None)
    for month in sorted({one.day.replace(day=1) for one in shares}):
        await connection.execute("select ensure_clicks_partition($1)", month)
    # Counted by dimension as they come: to read the clicks of so busy links again would take longer.
    expected = zip(targets, traffic.expected(clicks, len(targets)), strict=True)
    busy = [target.link for target, many in expected if many >= rollups.BUSY]
    for start in range(0, len(busy), _BATCH):
        await rollups.roll(connection, busy[start : start + _BATCH])
    progress = _Progress(clicks)
    months = [list(chosen) for _, chosen in itertools.groupby(shares, key=lambda one: one.day.replace(day=1))]
    waiting = iter(sorted(months, key=lambda chosen: -sum(one.clicks for one in chosen)))
    await asyncio.gather(*(_work(targets, waiting, progress) for _ in range(_AT_ONCE)))
    await rollups.promote(connection, timedelta(days=days + 1))
    for table in (
        "clicks", "clicks_hourly", "workspace_hours", "workspace_quarters", "link_days", "workspace_days", "workspace_months",
    ):  # fmt: skip
        await connection.execute(f"vacuum (analyze) {table}")
    await connection.close()
    print()


async def _work(targets: Sequence[traffic.Target], months: Iterator[list[traffic.Day]], progress: _Progress) -> None:
    """Draw months, as long as some wait. Those who draw others count them in rows that are not these."""
    connection = await postgres.connect(command_timeout=None)
    await traffic.prepare(connection, targets)
    for month in months:
        for chunk in traffic.chunks(month):
            progress.add(await traffic.draw(connection, chunk))
    await connection.close()


class _Progress:
    """A bar, the clicks so far, and how long it will take."""

    def __init__(self, whole: int) -> None:
        self._whole, self._done, self._begun = whole, 0, time.monotonic()

    def add(self, count: int) -> None:
        self._done += count
        took = time.monotonic() - self._begun
        share = self._done / self._whole
        left = timedelta(seconds=round(took / share - took))
        bar = "█" * round(30 * share)
        print(f"\r  {bar:░<30} {self._done:,} of {self._whole:,} clicks, {left} left ", end="", flush=True)


if __name__ == "__main__":
    main()
