"""Accounts at a provider of OpenID Connect, and whom they lead to."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table identities (
            id bigint generated always as identity primary key,
            user_id bigint not null references users on delete cascade,
            issuer text not null,
            subject text not null,
            email text,
            created_at timestamptz not null,
            last_used_at timestamptz,
            unique (issuer, subject)
        )
        """
    )
    op.execute("create index identities_user_id_idx on identities (user_id)")


def downgrade() -> None:
    op.execute("drop table identities")
