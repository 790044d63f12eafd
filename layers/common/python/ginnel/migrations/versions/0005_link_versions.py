"""What links were before they were changed; and what makes finding them by target, change and slug quick."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table link_versions (
            link_id bigint not null references links on delete cascade,
            version integer not null,
            at timestamptz not null,
            user_id bigint references users on delete set null,
            state jsonb not null,
            primary key (link_id, version)
        )
        """
    )
    op.execute("create index link_versions_user_id_idx on link_versions (user_id)")
    # Outside of the transaction, so that links can be written to meanwhile.
    with op.get_context().autocommit_block():
        for name, columns in _INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")  # what a try that was cut short has left
            op.execute(f"create index concurrently {name} on links ({columns}) where deleted_at is null")


def downgrade() -> None:
    for name in _INDEXES:
        op.execute(f"drop index {name}")
    op.execute("drop table link_versions")


_INDEXES = {
    "links_target_idx": "workspace_id, md5(target)",
    "links_workspace_id_updated_at_idx": "workspace_id, updated_at desc, id desc",
    "links_workspace_id_slug_key_idx": 'workspace_id, slug_key collate "C"',
}
