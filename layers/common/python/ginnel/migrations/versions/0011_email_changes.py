"""Changes of e-mail addresses that wait to be confirmed."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table email_changes (
            id bigint generated always as identity primary key,
            user_id bigint not null unique references users on delete cascade,
            email citext not null,
            created_at timestamptz not null,
            expires_at timestamptz not null,
            from_old boolean not null,
            from_new boolean not null
        )
        """
    )


def downgrade() -> None:
    op.execute("drop table email_changes")
