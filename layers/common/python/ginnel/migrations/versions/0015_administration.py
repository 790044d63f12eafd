"""What operators decide: who may register, and which users, workspaces and links are stopped, and why."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table installation (
            id smallint primary key check (id = 1),
            registration text not null check (registration in ('open', 'invite', 'closed')),
            changed_at timestamptz not null,
            changed_by bigint references users on delete set null
        )
        """
    )
    op.execute("create index installation_changed_by_idx on installation (changed_by)")
    op.execute("alter table users add column disabled_reason text")
    op.execute("alter table workspaces add column blocked_at timestamptz, add column blocked_reason text")
    op.execute("alter table links add column blocked_reason text")
    # Outside of the transaction, so that these can be written to meanwhile.
    with op.get_context().autocommit_block():
        for name, definition in _INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")  # what a try that was cut short has left
            op.execute(f"create index concurrently {name} on {definition}")


def downgrade() -> None:
    for name in _INDEXES:
        op.execute(f"drop index {name}")
    op.execute("alter table links drop column blocked_reason")
    op.execute("alter table workspaces drop column blocked_at, drop column blocked_reason")
    op.execute("alter table users drop column disabled_reason")
    op.execute("drop table installation")


_INDEXES = {
    "users_search_idx": "users using gin ((email::text || ' ' || name) gin_trgm_ops)",
    "workspaces_search_idx": "workspaces using gin (name gin_trgm_ops)",
    "links_blocked_idx": "links (id) where blocked_at is not null",
    "audit_log_user_id_id_idx": "audit_log (user_id, id desc)",
}
