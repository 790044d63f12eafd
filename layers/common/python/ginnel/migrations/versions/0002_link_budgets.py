"""Links with a limit: how many clicks they have had."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = [
    # Apart from links: a click is no edit of the link.
    """
    create table link_budgets (
        link_id bigint primary key references links on delete cascade,
        used bigint not null
    )
    """,
    """
    insert into link_budgets (link_id, used)
    select l.id, coalesce(sum(h.clicks), 0) from links l left join clicks_hourly h on h.link_id = l.id
    where l.max_clicks is not null group by l.id
    """,
]


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table link_budgets")
