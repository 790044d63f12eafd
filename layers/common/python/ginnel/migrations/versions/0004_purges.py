"""Changes of links that the caches have to hear of, whatever happens to Redis meanwhile."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table purges (
            id bigint generated always as identity primary key,
            created_at timestamptz not null,
            host text not null,
            slug_key text not null
        )
        """
    )


def downgrade() -> None:
    op.execute("drop table purges")
