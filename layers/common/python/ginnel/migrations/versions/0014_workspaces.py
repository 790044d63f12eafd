"""What workspaces say of themselves and of their links, and the invitations into them."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UP = [
    # Releases that know none of these go on inserting rows without.
    """
    alter table workspaces
        add column link_defaults jsonb not null default '{}',
        add column version integer not null default 1,
        add column updated_at timestamptz
    """,
    "create index workspaces_deleted_at_idx on workspaces (deleted_at) where deleted_at is not null",
    """
    create table invitations (
        id bigint generated always as identity primary key,
        workspace_id bigint not null references workspaces on delete cascade,
        email citext not null,
        role text not null constraint invitations_role_check check (role in ('owner', 'admin', 'member', 'viewer')),
        invited_by bigint references users on delete set null,
        created_at timestamptz not null,
        sent_at timestamptz not null,
        expires_at timestamptz not null,
        ended_at timestamptz,
        outcome text constraint invitations_outcome_check check (outcome in ('accepted', 'declined', 'revoked')),
        constraint invitations_ended_check check ((ended_at is null) = (outcome is null))
    )
    """,
    """
    create unique index invitations_workspace_id_email_key on invitations (workspace_id, email)
    where ended_at is null
    """,
    "create index invitations_workspace_id_idx on invitations (workspace_id)",
    "create index invitations_invited_by_idx on invitations (invited_by)",
]


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table invitations")
    op.execute("drop index workspaces_deleted_at_idx")
    op.execute("alter table workspaces drop column link_defaults, drop column version, drop column updated_at")
