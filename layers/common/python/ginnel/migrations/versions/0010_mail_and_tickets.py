"""Mail that waits to be sent, and the single-use secrets that mails carry."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table mail_outbox (
            id bigint generated always as identity primary key,
            created_at timestamptz not null,
            due_at timestamptz,
            recipient text not null,
            template text not null,
            fields jsonb not null,
            attempts integer not null,
            error text
        )
        """
    )
    op.execute("create index mail_outbox_due_at_idx on mail_outbox (due_at) where due_at is not null")
    op.execute(
        """
        create table tickets (
            id bigint generated always as identity primary key,
            kind text not null,
            secret_hash bytea not null unique,
            user_id bigint references users on delete cascade,
            data jsonb not null,
            created_at timestamptz not null,
            expires_at timestamptz not null,
            used_at timestamptz
        )
        """
    )
    op.execute("create index tickets_user_id_idx on tickets (user_id)")
    op.execute("create index tickets_expires_at_idx on tickets (expires_at)")


def downgrade() -> None:
    for table in ("tickets", "mail_outbox"):
        op.execute(f"drop table {table}")
