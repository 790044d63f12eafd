"""Shares: addresses at which a link's statistics are shown to whoever has them."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table link_shares (
            id bigint generated always as identity primary key,
            link_id bigint not null references links on delete cascade,
            workspace_id bigint not null references workspaces on delete cascade,
            token_hash bytea not null unique,
            name text,
            created_by bigint references users on delete set null,
            created_at timestamptz not null,
            expires_at timestamptz
        )
        """
    )
    op.execute("create index link_shares_link_id_id_idx on link_shares (link_id, id desc)")
    op.execute("create index link_shares_workspace_id_id_idx on link_shares (workspace_id, id)")
    op.execute("create index link_shares_created_by_idx on link_shares (created_by)")


def downgrade() -> None:
    op.execute("drop table link_shares")
