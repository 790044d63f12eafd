"""What there is of a person, file by file: the queries that read a page of it.

Each gives rows as JSON and their keys, by which the next page begins; secrets, and what is made of them, are in none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBER, _NAME = re.compile(r"[0-9]{1,19}"), re.compile(r"(?s).{0,300}")
_TIME, _UUID = re.compile(r"-infinity|[0-9:+. -]{19,40}"), re.compile(r"[0-9a-f-]{36}")
_NIL = "00000000-0000-0000-0000-000000000000"


class Kind(NamedTuple):
    name: str
    query: str
    first: tuple[str, ...] = ("0",)
    """The keys before the first row's."""
    shapes: tuple[re.Pattern[str], ...] = (_NUMBER,)


PERSON = (
    Kind(
        "account",
        """
        select row_to_json(it)::text, it.id from (
            select id, case when guest_until is null then email end as email, name, is_admin, email_verified_at, created_at,
                guest_until
            from users
            where id = :user and id > cast(cast(:k1 as text) as bigint) limit :most
        ) it
        """,
    ),
    Kind(
        "sessions",
        """
        select row_to_json(it)::text, it.id from (
            select id, user_agent, country, city, second_factor, created_at, last_used_at, expires_at, revoked_at from sessions
            where user_id = :user and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "passkeys",
        """
        select row_to_json(it)::text, it.id from (
            select id, name, created_at, last_used_at from passkeys
            where user_id = :user and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "devices",
        """
        select row_to_json(it)::text, it.id from (
            select id, created_at, expires_at from devices
            where user_id = :user and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "email_changes",
        """
        select row_to_json(it)::text, it.id from (
            select id, email, created_at, expires_at from email_changes
            where user_id = :user and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "identities",
        """
        select row_to_json(it)::text, it.id from (
            select id, issuer, subject, email, created_at, last_used_at from identities
            where user_id = :user and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "api_keys",
        """
        select row_to_json(it)::text, it.id from (
            select id, workspace_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at from api_keys
            where user_id = :user and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "workspaces",
        """
        select row_to_json(it)::text, it.id from (
            select w.id, w.name, w.personal, w.retention_days, w.link_defaults, w.created_at, w.deleted_at, m.role,
                m.created_at as joined_at,
                m.role = 'owner' and w.require_second_factor and not cast(:strong as boolean) as left_out
            from members m join workspaces w on w.id = m.workspace_id
            where m.user_id = :user and w.id > cast(cast(:k1 as text) as bigint) order by w.id limit :most
        ) it
        """,
    ),
    Kind(
        "audit_log",
        """
        select row_to_json(it)::text, it.id from (
            select id, at, workspace_id, action, subject, details from audit_log
            where user_id = :user and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
)
"""Their own, wherever they are members."""

WORKSPACE = (
    Kind(
        "members",
        """
        select row_to_json(it)::text, it.user_id from (
            select m.user_id, u.name, case when u.guest_until is null then u.email end as email, m.role, m.created_at
            from members m join users u on u.id = m.user_id
            where m.workspace_id = :workspace and m.user_id > cast(cast(:k1 as text) as bigint)
            order by m.user_id limit :most
        ) it
        """,
    ),
    Kind(
        "invitations",
        """
        select row_to_json(it)::text, it.id from (
            select id, email, role, invited_by, created_at, expires_at, ended_at, outcome from invitations
            where workspace_id = :workspace and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "links",
        """
        select row_to_json(it)::text, it.id from (
            select l.id, d.host as domain, l.slug, l.target, l.title, l.description, l.image, l.redirect_status,
                l.allow_caching, l.forward_query, l.forward_path, l.starts_at, l.expires_at, l.expired_target, l.max_clicks,
                l.password_hash is not null as protected, l.rules, l.variants, l.external_id, l.imported_clicks,
                l.created_by, l.created_at, l.updated_at, l.archived_at, l.disabled_at, l.blocked_at, l.deleted_at,
                array(
                    select t.name from link_tags lt join tags t on t.id = lt.tag_id where lt.link_id = l.id order by 1
                ) as tags
            from links l join domains d on d.id = l.domain_id
            where l.workspace_id = :workspace and l.target <> '' and l.id > cast(cast(:k1 as text) as bigint)
            order by l.id limit :most
        ) it
        """,
    ),
    Kind(
        "link_versions",
        """
        select row_to_json(it)::text, it.link_id, it.version from (
            select v.link_id, v.version, v.at, v.user_id, v.state
            from links l join link_versions v on v.link_id = l.id
            where l.workspace_id = :workspace and l.id >= cast(cast(:k1 as text) as bigint)
                and (v.link_id, v.version) > (cast(cast(:k1 as text) as bigint), cast(cast(:k2 as text) as integer))
            order by v.link_id, v.version limit :most
        ) it
        """,
        ("0", "0"),
        (_NUMBER, re.compile("[0-9]{1,9}")),
    ),
    Kind(
        "shares",
        """
        select row_to_json(it)::text, it.id from (
            select id, link_id, name, created_by, created_at, expires_at from link_shares
            where workspace_id = :workspace and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "tags",
        """
        select row_to_json(it)::text, it.id from (
            select id, name, created_at from tags
            where workspace_id = :workspace and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "domains",
        """
        select row_to_json(it)::text, it.id from (
            select id, host, case_sensitive, is_default, root_target, not_found_target, expired_target,
                apple_app_site_association, assetlinks, verified_at, created_at, updated_at, deleted_at
            from domains
            where workspace_id = :workspace and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "orphans",
        """
        select row_to_json(it)::text, it.id from (
            select o.id, d.host as domain, o.slug, o.count, o.first_at, o.last_at
            from domains d join orphans o on o.domain_id = d.id
            where d.workspace_id = :workspace and o.id > cast(cast(:k1 as text) as bigint) order by o.id limit :most
        ) it
        """,
    ),
    Kind(
        "webhooks",
        """
        select row_to_json(it)::text, it.id from (
            select id, url, name, events, failures, disabled_at, disabled_because, created_by, created_at, updated_at
            from webhooks
            where workspace_id = :workspace and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "imports",
        """
        select row_to_json(it)::text, it.id from (
            select id, user_id, state, format, on_conflict, dry_run, domain, ignored, rows, created, updated, skipped, failed,
                created_at, finished_at
            from imports
            where workspace_id = :workspace and id > cast(cast(:k1 as text) as bigint) order by id limit :most
        ) it
        """,
    ),
    Kind(
        "captured_clicks",
        """
        select row_to_json(it)::text, it.external_id from (
            select external_id, at, created_at from captured_clicks
            where workspace_id = :workspace and external_id > cast(:k1 as text) order by external_id limit :most
        ) it
        """,
        ("",),
        (_NAME,),
    ),
    # A link's clicks lie together; `at` alone is what its index knows.
    Kind(
        "clicks",
        """
        select row_to_json(it)::text, it.link_id, it.at, it.id from (
            select c.at, c.id, c.link_id, c.country, c.region, c.city, c.continent, c.device, c.os, c.browser, c.language,
                c.bot, c.referrer_host, c.referrer_path, c.utm_source, c.utm_medium, c.utm_campaign, c.utm_term,
                c.utm_content, c.qr, c.variant, c.source, c.channel
            from (
                select id from links
                where workspace_id = :workspace and id >= cast(cast(:k1 as text) as bigint) order by id
            ) l cross join lateral (
                select * from clicks
                where link_id = l.id
                    and at >= case when l.id > cast(cast(:k1 as text) as bigint) then '-infinity'
                        else cast(cast(:k2 as text) as timestamptz) end
                    and (l.id > cast(cast(:k1 as text) as bigint) or (at, clicks.id)
                        > (cast(cast(:k2 as text) as timestamptz), cast(cast(:k3 as text) as uuid)))
                order by at, clicks.id limit :most
            ) c
            order by l.id, c.at, c.id limit :most
        ) it
        """,
        ("0", "-infinity", _NIL),
        (_NUMBER, _TIME, _UUID),
    ),
)
"""All that is in a workspace that they own."""
