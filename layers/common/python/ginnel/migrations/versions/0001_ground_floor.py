"""The ground floor: people, workspaces, links, clicks."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# One statement an entry: asyncpg prepares each, and a prepared statement is one statement.
UP = [
    "create extension if not exists citext",
    "create extension if not exists pg_trgm",
    """
    create table users (
        id bigint generated always as identity primary key,
        email citext not null unique,
        name text not null,
        password_hash text not null,
        is_admin boolean not null,
        email_verified_at timestamptz,
        disabled_at timestamptz,
        created_at timestamptz not null
    )
    """,
    """
    create table sessions (
        id bigint generated always as identity primary key,
        user_id bigint not null references users on delete cascade,
        user_agent text not null,
        created_at timestamptz not null,
        last_used_at timestamptz not null,
        expires_at timestamptz not null,
        revoked_at timestamptz
    )
    """,
    "create index sessions_user_id_idx on sessions (user_id)",
    """
    create table refresh_tokens (
        id bigint generated always as identity primary key,
        session_id bigint not null references sessions on delete cascade,
        token_hash bytea not null unique,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz,
        successor_id bigint references refresh_tokens on delete set null
    )
    """,
    "create index refresh_tokens_session_id_idx on refresh_tokens (session_id)",
    "create index refresh_tokens_successor_id_idx on refresh_tokens (successor_id)",
    """
    create table workspaces (
        id bigint generated always as identity primary key,
        name text not null,
        personal boolean not null,
        retention_days integer,
        created_at timestamptz not null,
        deleted_at timestamptz
    )
    """,
    """
    create table members (
        workspace_id bigint not null references workspaces on delete cascade,
        user_id bigint not null references users on delete cascade,
        role text not null constraint members_role_check check (role in ('owner', 'admin', 'member', 'viewer')),
        created_at timestamptz not null,
        primary key (workspace_id, user_id)
    )
    """,
    "create index members_user_id_idx on members (user_id)",
    """
    create table api_keys (
        id bigint generated always as identity primary key,
        workspace_id bigint not null references workspaces on delete cascade,
        user_id bigint not null references users on delete cascade,
        name text not null,
        prefix text not null,
        key_hash bytea not null unique,
        scopes text[] not null,
        created_at timestamptz not null,
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz
    )
    """,
    "create index api_keys_workspace_id_idx on api_keys (workspace_id)",
    "create index api_keys_user_id_idx on api_keys (user_id)",
    # The installation's own domain belongs to no workspace: everybody may shorten on it.
    """
    create table domains (
        id bigint generated always as identity primary key,
        workspace_id bigint references workspaces on delete cascade,
        host text not null unique,
        case_sensitive boolean not null,
        verified_at timestamptz,
        created_at timestamptz not null
    )
    """,
    "create index domains_workspace_id_idx on domains (workspace_id)",
    "create unique index domains_default_idx on domains ((true)) where workspace_id is null",
    # slug_key is the slug as the domain compares it: folded, or as it is on a case-sensitive one.
    """
    create table links (
        id bigint generated always as identity primary key,
        workspace_id bigint not null references workspaces on delete cascade,
        domain_id bigint not null references domains on delete restrict,
        slug text not null,
        slug_key text not null,
        target text not null,
        title text,
        description text,
        image text,
        redirect_status smallint not null
            constraint links_redirect_status_check check (redirect_status in (301, 302, 307, 308)),
        allow_caching boolean not null,
        forward_query boolean not null,
        forward_path boolean not null,
        starts_at timestamptz,
        expires_at timestamptz,
        expired_target text,
        max_clicks bigint constraint links_max_clicks_check check (max_clicks > 0),
        password_hash text,
        rules jsonb not null,
        variants jsonb not null,
        external_id text,
        created_by bigint references users on delete set null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        archived_at timestamptz,
        disabled_at timestamptz,
        blocked_at timestamptz,
        deleted_at timestamptz,
        version integer not null
    )
    """,
    "create unique index links_domain_id_slug_key_key on links (domain_id, slug_key)",
    """
    create unique index links_workspace_id_external_id_key on links (workspace_id, external_id)
    where external_id is not null and deleted_at is null
    """,
    "create index links_workspace_id_id_idx on links (workspace_id, id desc) where deleted_at is null",
    """
    create index links_search_idx on links
    using gin ((slug || ' ' || target || ' ' || coalesce(title, '')) gin_trgm_ops) where deleted_at is null
    """,
    "create index links_created_by_idx on links (created_by)",
    """
    create table tags (
        id bigint generated always as identity primary key,
        workspace_id bigint not null references workspaces on delete cascade,
        name citext not null,
        created_at timestamptz not null,
        constraint tags_workspace_id_name_key unique (workspace_id, name)
    )
    """,
    """
    create table link_tags (
        link_id bigint not null references links on delete cascade,
        tag_id bigint not null references tags on delete cascade,
        primary key (link_id, tag_id)
    )
    """,
    "create index link_tags_tag_id_idx on link_tags (tag_id)",
    # No foreign keys from here on: a click outlives its link's deletion, and each key would cost a look-up a row.
    """
    create table clicks (
        at timestamptz not null,
        id uuid not null,
        workspace_id bigint not null,
        domain_id bigint not null,
        link_id bigint not null,
        visitor bytea,
        country text,
        region text,
        city text,
        continent text,
        device text not null,
        os text,
        browser text,
        language text,
        bot text,
        referrer_host text,
        referrer_path text,
        utm_source text,
        utm_medium text,
        utm_campaign text,
        utm_term text,
        utm_content text,
        qr boolean not null,
        variant text,
        clamped boolean not null,
        primary key (at, id)
    ) partition by range (at)
    """,
    "create index clicks_link_id_at_idx on clicks (link_id, at desc)",
    # Attaching takes a weaker lock on clicks than creating a partition in place would: readers and writers go on.
    """
    create function ensure_clicks_partition(month date) returns void language plpgsql as $$
    declare
        first date := date_trunc('month', month);
        name text := to_char(first, '"clicks_"YYYY_MM');
    begin
        if to_regclass(name) is not null then return; end if;
        perform pg_advisory_xact_lock(7463);
        if to_regclass(name) is not null then return; end if;
        execute format('create table %I (like clicks including defaults including constraints)', name);
        execute format('alter table clicks attach partition %I for values from (%L) to (%L)',
            name, first || ' 00:00:00+00', (first + interval '1 month')::date || ' 00:00:00+00');
    end $$
    """,
    "select ensure_clicks_partition((current_date + make_interval(months => n))::date) from generate_series(0, 2) n",
    """
    create table clicks_hourly (
        link_id bigint not null,
        hour timestamptz not null,
        workspace_id bigint not null,
        clicks bigint not null,
        bots bigint not null,
        primary key (link_id, hour)
    )
    """,
    "create index clicks_hourly_workspace_id_hour_idx on clicks_hourly (workspace_id, hour)",
    """
    create table visitor_salts (
        day date primary key,
        salt bytea not null
    )
    """,
    # What a caller of POST /api/v1/clicks named once keeps its time, so that a repeated call is the same click.
    """
    create table captured_clicks (
        workspace_id bigint not null,
        external_id text not null,
        at timestamptz not null,
        created_at timestamptz not null,
        primary key (workspace_id, external_id)
    )
    """,
    "create index captured_clicks_created_at_idx on captured_clicks (created_at)",
    # Clicks that Redis could not take, packed as they would stand in the stream.
    """
    create table outbox (
        id bigint generated always as identity primary key,
        created_at timestamptz not null,
        payload bytea not null
    )
    """,
    """
    create table dead_letters (
        id bigint generated always as identity primary key,
        created_at timestamptz not null,
        payload bytea not null,
        error text not null,
        replayed_at timestamptz
    )
    """,
    """
    create table idempotency_keys (
        workspace_id bigint not null references workspaces on delete cascade,
        key text not null,
        fingerprint bytea not null,
        created_at timestamptz not null,
        status smallint,
        body text,
        primary key (workspace_id, key)
    )
    """,
    "create index idempotency_keys_created_at_idx on idempotency_keys (created_at)",
    """
    create table audit_log (
        id bigint generated always as identity primary key,
        at timestamptz not null,
        workspace_id bigint,
        user_id bigint,
        action text not null,
        subject text not null,
        details jsonb not null
    )
    """,
    "create index audit_log_workspace_id_id_idx on audit_log (workspace_id, id desc)",
]

TABLES = [
    "audit_log", "idempotency_keys", "dead_letters", "outbox", "captured_clicks", "visitor_salts", "clicks_hourly",
    "clicks", "link_tags", "tags", "links", "domains", "api_keys", "members", "workspaces", "refresh_tokens",
    "sessions", "users",
]


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop table {table}")
    op.execute("drop function ensure_clicks_partition")
