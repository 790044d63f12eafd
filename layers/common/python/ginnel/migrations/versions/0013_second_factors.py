"""Second factors: authenticator apps, passkeys, recovery codes; workspaces that require one, sessions that were made by one."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table totp (
            user_id bigint primary key references users on delete cascade,
            secret text not null,
            created_at timestamptz not null,
            confirmed_at timestamptz,
            last_step bigint not null
        )
        """
    )
    op.execute(
        """
        create table recovery_codes (
            id bigint generated always as identity primary key,
            user_id bigint not null references users on delete cascade,
            code_hash bytea not null unique,
            created_at timestamptz not null,
            used_at timestamptz
        )
        """
    )
    op.execute("create index recovery_codes_user_id_idx on recovery_codes (user_id)")
    op.execute(
        """
        create table passkeys (
            id bigint generated always as identity primary key,
            user_id bigint not null references users on delete cascade,
            user_handle bytea not null,
            credential_id bytea not null unique,
            public_key bytea not null,
            sign_count bigint not null,
            name text not null,
            created_at timestamptz not null,
            last_used_at timestamptz
        )
        """
    )
    op.execute("create index passkeys_user_id_idx on passkeys (user_id)")
    op.execute("alter table sessions add column second_factor text")
    op.execute("alter table workspaces add column require_second_factor boolean not null default false")


def downgrade() -> None:
    op.execute("alter table workspaces drop column require_second_factor")
    op.execute("alter table sessions drop column second_factor")
    for table in ("passkeys", "recovery_codes", "totp"):
        op.execute(f"drop table {table}")
