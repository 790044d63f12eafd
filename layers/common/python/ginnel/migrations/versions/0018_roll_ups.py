"""Roll-ups by dimension, visitors told apart when their clicks come, and workspaces' own totals."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

DIMENSIONS = (
    "continent", "country", "region", "city", "device", "os", "browser", "language", "bot", "referrer_host",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "qr", "variant",
)  # fmt: skip

UP = [
    # From which day on all of a workspace's clicks are there; without it, all are.
    "alter table workspaces add column raw_since date",
    # A row's flags are set once, when it comes: what they count adds up over any hours, values and links.
    "alter table clicks add column new_to_link boolean not null default false",
    "alter table clicks add column new_to_workspace boolean not null default false",
    "alter table clicks_hourly add column visitors bigint not null default 0",
    "create index clicks_workspace_id_at_idx on clicks (workspace_id, at desc)",
    # Who was there today: of a link, and under 0 of the whole workspace. The id is of one workspace and day already.
    """
    create table visitors (
        link_id bigint not null,
        day date not null,
        visitor bytea not null,
        primary key (link_id, day, visitor)
    )
    """,
    """
    create table workspace_hours (
        workspace_id bigint not null,
        hour timestamptz not null,
        clicks bigint not null,
        visitors bigint not null,
        bots bigint not null,
        primary key (workspace_id, hour)
    )
    """,
    "create type dimension as enum ({})".format(", ".join(f"'{name}'" for name in DIMENSIONS)),
    """
    create table link_days (
        link_id bigint not null,
        dimension dimension not null,
        day date not null,
        value text not null,
        workspace_id bigint not null,
        clicks bigint not null,
        visitors bigint not null,
        bots bigint not null,
        primary key (link_id, dimension, day, value)
    ) with (fillfactor = 80)
    """,
    # Of most links the clicks themselves are quickly read: of each, the days before `until` are in link_days.
    """
    create table rolled_links (
        link_id bigint primary key,
        until date not null
    )
    """,
    """
    create table workspace_days (
        workspace_id bigint not null,
        dimension dimension not null,
        day date not null,
        value text not null,
        clicks bigint not null,
        visitors bigint not null,
        bots bigint not null,
        primary key (workspace_id, dimension, day, value)
    ) with (fillfactor = 80)
    """,
    """
    create table workspace_months (
        workspace_id bigint not null,
        dimension dimension not null,
        month date not null,
        value text not null,
        clicks bigint not null,
        visitors bigint not null,
        bots bigint not null,
        primary key (workspace_id, dimension, month, value)
    ) with (fillfactor = 80)
    """,
    # For counting a day anew: rows come in the order of time, so that these are small and cost next to nothing.
    "create index link_days_day_idx on link_days using brin (day)",
    "create index clicks_hourly_hour_idx on clicks_hourly using brin (hour)",
]


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for table in ("workspace_months", "workspace_days", "rolled_links", "link_days", "workspace_hours", "visitors"):
        op.execute(f"drop table {table}")
    op.execute("alter table workspaces drop column raw_since")
    op.execute("drop type dimension")
    op.execute("drop index clicks_hourly_hour_idx")
    op.execute("drop index clicks_workspace_id_at_idx")
    op.execute("alter table clicks_hourly drop column visitors")
    op.execute("alter table clicks drop column new_to_workspace")
    op.execute("alter table clicks drop column new_to_link")
