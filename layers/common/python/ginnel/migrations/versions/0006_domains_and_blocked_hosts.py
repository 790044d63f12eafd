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
    # The hosts that a link may lead to, each with the domains above it but for the last label: what may be on the block list,
    # as targets.hosts has it. Targets are in ASCII, in lower case, and have no user. In PL/pgSQL, as a function of SQL that
    # stands in an index takes ten times as long.
    """
    create function target_hosts(target text, expired_target text, rules jsonb, variants jsonb) returns text[]
    language plpgsql immutable parallel safe as $$
    declare
        urls text[] := array[target, expired_target];
        url text;
        host text;
        found text[] := '{}';
    begin
        if rules <> '[]' or variants <> '[]' then
            urls := urls || array(select led->>'target' from jsonb_array_elements(rules || variants) as led);
        end if;
        foreach url in array urls loop
            host := rtrim(substring(url from '^https?://(\\[[^]]*\\]|[^/:?#]*)'), '.');
            continue when host is null;
            loop
                found := found || host;
                host := substr(host, position('.' in host) + 1);
                exit when position('.' in host) = 0;
            end loop;
        end loop;
        return found;
    end $$
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
