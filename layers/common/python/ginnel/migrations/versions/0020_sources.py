"""Sources by name and channel, among the clicks and in the roll-ups by dimension."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NEW = ("source", "channel")
BEFORE = (
    "continent", "country", "region", "city", "device", "os", "browser", "language", "bot", "referrer_host",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "qr", "variant",
)  # fmt: skip

def fill(table: str, whose: str, period: str, besides: str = "") -> list[str]:
    """Count what is rolled up already as the clicks of then are read: by their referrer's host, as referrals."""
    counts = "sum(clicks), sum(visitors), sum(bots)"
    columns = f"{whose}, dimension, {period}, value, {besides}clicks, visitors, bots"
    held = besides and "min(workspace_id), "
    return [
        f"""
        insert into {table} ({columns})
        select {whose}, 'source', {period}, value, {besides}clicks, visitors, bots from {table}
        where dimension = 'referrer_host' on conflict do nothing
        """,
        f"""
        insert into {table} ({columns})
        select {whose}, 'channel', {period}, 'referral', {held}{counts} from {table}
        where dimension = 'referrer_host' group by {whose}, {period} on conflict do nothing
        """,
    ]


def upgrade() -> None:
    # A value can't be used by the transaction that adds it.
    with op.get_context().autocommit_block():
        for name in NEW:
            op.execute(f"alter type dimension add value if not exists '{name}'")
    op.execute("alter table clicks add column source text, add column channel text")
    # While nobody stores clicks, who would count them in rows that are being copied.
    op.execute("select pg_advisory_xact_lock(7467)")
    for statement in (
        *fill("link_days", "link_id", "day", "workspace_id, "),
        *fill("workspace_days", "workspace_id", "day"),
        *fill("workspace_months", "workspace_id", "month"),
    ):
        op.execute(statement)


def downgrade() -> None:
    tables = ("link_days", "workspace_days", "workspace_months")
    for table in tables:
        op.execute(f"delete from {table} where dimension in ('source', 'channel')")
    op.execute("alter type dimension rename to dimension_after")
    op.execute("create type dimension as enum ({})".format(", ".join(f"'{name}'" for name in BEFORE)))
    for table in tables:
        op.execute(f"alter table {table} alter column dimension type dimension using dimension::text::dimension")
    op.execute("drop type dimension_after")
    op.execute("alter table clicks drop column channel, drop column source")
