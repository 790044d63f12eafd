"""Domains of the workspaces' own, what they answer by themselves, requests that led nowhere, and hosts nobody is led to."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = [
    # Several may claim a host; it is whose claim is verified first. Releases that know no version, default or deletion go on
    # inserting rows without.
    "alter table domains drop constraint domains_host_key",
    """
    alter table domains
        add column root_target text,
        add column not_found_target text,
        add column expired_target text,
        add column apple_app_site_association jsonb,
        add column assetlinks jsonb,
        add column is_default boolean not null default false,
        add column verification_token text,
        add column version integer not null default 1,
        add column updated_at timestamptz,
        add column deleted_at timestamptz
    """,
    "create unique index domains_host_key on domains (host) where verified_at is not null and deleted_at is null",
    "create unique index domains_workspace_id_host_key on domains (workspace_id, host) where deleted_at is null",
    """
    create unique index domains_workspace_id_default_key on domains (workspace_id)
    where is_default and deleted_at is null
    """,
    """
    create table orphans (
        id bigint generated always as identity primary key,
        domain_id bigint not null references domains on delete cascade,
        slug text not null,
        count bigint not null,
        first_at timestamptz not null,
        last_at timestamptz not null,
        constraint orphans_domain_id_slug_key unique (domain_id, slug)
    )
    """,
    "create index orphans_domain_id_last_at_idx on orphans (domain_id, last_at desc, id desc)",
    """
    create table blocked_hosts (
        id bigint generated always as identity primary key,
        host text not null unique,
        reason text,
        created_at timestamptz not null,
        created_by bigint references users on delete set null
    )
    """,
    "create index blocked_hosts_created_by_idx on blocked_hosts (created_by)",
    # The hosts that a link may lead to, each with the domains above it but for the last label: what may be on the block list.
    # As targets.hosts has it. Targets are in ASCII, in lower case, and have no user.
    """
    create function target_hosts(target text, expired_target text, rules jsonb, variants jsonb) returns text[]
    language sql immutable parallel safe as $$
        select coalesce(array_agg(distinct array_to_string(labels[n:], '.')), '{}')
        from (
            select string_to_array(rtrim(substring(url from '^https?://(\\[[^]]*\\]|[^/:?#]*)'), '.'), '.') as labels
            from (
                select target as url
                union all select expired_target
                union all select led->>'target' from jsonb_array_elements(rules || variants) as led
            ) as urls
        ) as hosts, generate_series(1, greatest(1, cardinality(labels) - 1)) as n
        where labels is not null
    $$
    """,
]


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists links_target_hosts_idx")  # what a try that was cut short has left
        op.execute(
            """
            create index concurrently links_target_hosts_idx on links
            using gin (target_hosts(target, expired_target, rules, variants))
            """
        )


def downgrade() -> None:
    op.execute("drop index links_target_hosts_idx")
    op.execute("drop function target_hosts")
    op.execute("drop table blocked_hosts")
    op.execute("drop table orphans")
    op.execute("drop index domains_workspace_id_default_key")
    op.execute("drop index domains_workspace_id_host_key")
    op.execute("drop index domains_host_key")
    # Whose host is not theirs, or not any more, keep what stood there under a name that nobody can ask for.
    op.execute("update domains set host = host || '~' || id where verified_at is null or deleted_at is not null")
    for column in (
        "root_target", "not_found_target", "expired_target", "apple_app_site_association", "assetlinks", "is_default",
        "verification_token", "version", "updated_at", "deleted_at",
    ):
        op.execute(f"alter table domains drop column {column}")
    op.execute("alter table domains add constraint domains_host_key unique (host)")
