"""Workspaces' clicks by quarter of an hour, too: there the days of zones begin that differ from UTC by parts of an hour."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

UP = [
    """
    create table workspace_quarters (
        workspace_id bigint not null,
        quarter timestamptz not null,
        clicks bigint not null,
        visitors bigint not null,
        bots bigint not null,
        primary key (workspace_id, quarter)
    )
    """,
    "create index workspace_quarters_quarter_idx on workspace_quarters using brin (quarter)",
    "create index workspace_hours_hour_idx on workspace_hours using brin (hour)",
    """
    insert into workspace_quarters (workspace_id, quarter, clicks, visitors, bots)
    select
        c.workspace_id, date_bin('15 minutes', c.at, timestamptz 'epoch'), count(*) filter (where c.bot is null),
        count(*) filter (where c.new_to_workspace), count(c.bot)
    from clicks c left join workspaces w on w.id = c.workspace_id
    where c.at >= coalesce(w.raw_since, '-infinity')::timestamp at time zone 'UTC'
    group by 1, 2
    """,
    # An hour whose clicks are gone counts for its first quarter.
    """
    insert into workspace_quarters (workspace_id, quarter, clicks, visitors, bots)
    select h.workspace_id, h.hour, h.clicks, h.visitors, h.bots
    from workspace_hours h join workspaces w on w.id = h.workspace_id
    where h.hour < w.raw_since::timestamp at time zone 'UTC'
    """,
]


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop index workspace_hours_hour_idx")
    op.execute("drop table workspace_quarters")
