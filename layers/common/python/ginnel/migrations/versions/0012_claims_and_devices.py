"""Addresses that several accounts claim until one proves it; devices that are remembered; tries where Redis is away."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Outside of the transaction, so that people can register meanwhile.
    with op.get_context().autocommit_block():
        for name, unique, definition in _INDEXES:
            op.execute(f"drop index concurrently if exists {name}")  # what a try that was cut short has left
            op.execute(f"create {unique} index concurrently {name} on {definition}")
    op.execute("alter table users drop constraint users_email_key")
    op.execute(
        """
        create table devices (
            id bigint generated always as identity primary key,
            user_id bigint not null references users on delete cascade,
            secret_hash bytea not null unique,
            created_at timestamptz not null,
            expires_at timestamptz not null
        )
        """
    )
    op.execute("create index devices_user_id_idx on devices (user_id)")
    op.execute("create index devices_expires_at_idx on devices (expires_at)")
    op.execute(
        """
        alter table sessions
            add column country text,
            add column city text,
            add column device_id bigint references devices on delete set null
        """
    )
    op.execute("create index sessions_device_id_idx on sessions (device_id)")
    op.execute(
        """
        create table tries (
            name bytea not null,
            began timestamptz not null,
            tries integer not null,
            primary key (name, began)
        )
        """
    )
    op.execute("create index tries_began_idx on tries (began)")


_INDEXES = (
    ("users_email_idx", "", "users (email)"),
    ("users_email_verified_idx", "unique", "users (email) where email_verified_at is not null"),
)


def downgrade() -> None:
    op.execute("drop table tries")
    op.execute("alter table sessions drop column device_id, drop column country, drop column city")
    op.execute("drop table devices")
    # An address is one account's again: its owner's. The others keep theirs under a name that leads to nobody.
    op.execute(
        """
        update users set email = 'claim-' || id || '.' || email
        where id not in (
            select distinct on (email) id from users order by email, email_verified_at is null, id
        )
        """
    )
    op.execute("alter table users add constraint users_email_key unique (email)")
    for name, _, _ in _INDEXES:
        op.execute(f"drop index {name}")
