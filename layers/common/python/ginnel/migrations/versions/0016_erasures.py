"""People who want nothing of theirs to be left, until that is so."""

from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No foreign keys: the rows that it names go before it does.
    op.execute(
        """
        create table erasures (
            id bigint generated always as identity primary key,
            user_id bigint not null unique,
            email text not null,
            name text not null,
            workspaces bigint[] not null,
            requested_at timestamptz not null,
            worked_at timestamptz not null,
            audited bigint not null
        )
        """
    )
    # Outside of the transaction, so that links can be written to meanwhile.
    with op.get_context().autocommit_block():
        for name, definition in _INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")  # what a try that was cut short has left
            op.execute(f"create index concurrently {name} on links {definition}")


def downgrade() -> None:
    for name in _INDEXES:
        op.execute(f"drop index {name}")
    op.execute("drop table erasures")


# Deleted links that say something still, and those of which nothing is left but that their slug is taken.
_INDEXES = {
    "links_deleted_idx": "(workspace_id) where deleted_at is not null and target <> ''",
    "links_emptied_idx": "(deleted_at) where target = ''",
}
