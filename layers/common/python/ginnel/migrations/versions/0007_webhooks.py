"""Webhooks, what they are told, and which links' expiry they were told of."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table webhooks (
            id bigint generated always as identity primary key,
            workspace_id bigint not null references workspaces on delete cascade,
            url text not null,
            name text,
            events text[] not null,
            secret text not null,
            old_secret text,
            old_secret_until timestamptz,
            failures integer not null,
            disabled_at timestamptz,
            disabled_because text,
            created_by bigint references users on delete set null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            version integer not null
        )
        """
    )
    op.execute("create index webhooks_workspace_id_idx on webhooks (workspace_id)")
    op.execute("create index webhooks_created_by_idx on webhooks (created_by)")
    op.execute(
        """
        create table webhook_events (
            id uuid primary key,
            workspace_id bigint not null references workspaces on delete cascade,
            kind text not null,
            at timestamptz not null,
            data jsonb not null
        )
        """
    )
    op.execute("create index webhook_events_workspace_id_idx on webhook_events (workspace_id)")
    op.execute("create index webhook_events_at_idx on webhook_events (at)")
    op.execute(
        """
        create table webhook_deliveries (
            id bigint generated always as identity primary key,
            webhook_id bigint not null references webhooks on delete cascade,
            event_id uuid not null references webhook_events on delete cascade,
            created_at timestamptz not null,
            due_at timestamptz,
            attempts integer not null,
            attempted_at timestamptz,
            delivered_at timestamptz,
            status smallint,
            error text,
            response text,
            took_ms integer
        )
        """
    )
    op.execute("create index webhook_deliveries_webhook_id_id_idx on webhook_deliveries (webhook_id, id desc)")
    op.execute(
        """
        create index webhook_deliveries_webhook_id_due_at_idx on webhook_deliveries (webhook_id, due_at)
        where due_at is not null
        """
    )
    op.execute("create index webhook_deliveries_event_id_idx on webhook_deliveries (event_id)")
    op.execute(
        """
        create table webhook_expiries (
            link_id bigint primary key references links on delete cascade,
            expires_at timestamptz not null
        )
        """
    )
    # Outside of the transaction, so that links can be written to meanwhile.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists links_workspace_id_expires_at_idx")  # what a try has left
        op.execute(
            """
            create index concurrently links_workspace_id_expires_at_idx on links (workspace_id, expires_at)
            where expires_at is not null and deleted_at is null
            """
        )


def downgrade() -> None:
    op.execute("drop index links_workspace_id_expires_at_idx")
    for table in ("webhook_expiries", "webhook_deliveries", "webhook_events", "webhooks"):
        op.execute(f"drop table {table}")
