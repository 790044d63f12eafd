"""People who want nothing of theirs to be left, until that is so."""

from alembic import op

revision = "0016"
down_revision = "0015"
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
    # Deleted links that say something still. Outside of the transaction, so that links can be written to meanwhile.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists links_deleted_idx")  # what a try that was cut short has left
        op.execute(
            """
            create index concurrently links_deleted_idx on links (workspace_id)
            where deleted_at is not null and target <> ''
            """
        )


def downgrade() -> None:
    op.execute("drop index links_deleted_idx")
    op.execute("drop table erasures")
