"""Clicks of hosts whose clocks are wrong: one time each, however often they are delivered."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
create table clamped_clicks (
    id uuid primary key,
    at timestamptz not null
)
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("drop table clamped_clicks")
