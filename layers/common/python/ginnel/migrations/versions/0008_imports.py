"""Imports: files of links that are worked off row by row; and the clicks that links had where they came from."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UP = [
    # A constant default is not written into the rows that are there.
    "alter table links add column imported_clicks bigint not null default 0",
    """
    create table imports (
        id bigint generated always as identity primary key,
        workspace_id bigint not null references workspaces on delete cascade,
        user_id bigint not null references users on delete cascade,
        state text not null
            constraint imports_state_check check (state in ('receiving', 'waiting', 'running', 'done', 'cancelled')),
        format text not null,
        on_conflict text not null,
        dry_run boolean not null,
        domain text,
        ignored text[] not null,
        parts integer not null,
        reader text,
        rows bigint not null,
        created bigint not null,
        updated bigint not null,
        skipped bigint not null,
        failed bigint not null,
        position bigint not null,
        created_at timestamptz not null,
        worked_at timestamptz not null,
        finished_at timestamptz
    )
    """,
    "create index imports_workspace_id_id_idx on imports (workspace_id, id desc)",
    "create index imports_user_id_idx on imports (user_id)",
    "create index imports_worked_at_idx on imports (worked_at) where state in ('waiting', 'running')",
    """
    create table import_rows (
        import_id bigint not null references imports on delete cascade,
        number bigint not null,
        state text not null
            constraint import_rows_state_check check (state in ('waiting', 'created', 'updated', 'skipped', 'failed')),
        size integer not null,
        cells jsonb,
        link_id bigint,
        short_url text,
        errors jsonb not null,
        primary key (import_id, number)
    )
    """,
    # What a row of a file names, a slug or an id, no other row of it may name too.
    """
    create table import_claims (
        import_id bigint not null references imports on delete cascade,
        name text not null,
        number bigint not null,
        primary key (import_id, name)
    )
    """,
]


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for table in ("import_claims", "import_rows", "imports"):
        op.execute(f"drop table {table}")
    op.execute("alter table links drop column imported_clicks")
