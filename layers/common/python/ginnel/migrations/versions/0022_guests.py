"""People who make links before they sign up, and the expiries that their links were given."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table users add column guest_until timestamptz")
    # Outside of the transaction, so that people can register meanwhile.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists users_guest_until_idx")  # what a try that was cut short has left
        op.execute("create index concurrently users_guest_until_idx on users (guest_until) where guest_until is not null")
    op.execute(
        """
        create table guest_expiries (
            link_id bigint primary key references links on delete cascade,
            expires_at timestamptz not null
        )
        """
    )


def downgrade() -> None:
    op.execute("drop table guest_expiries")
    op.execute("alter table users drop column guest_until")
