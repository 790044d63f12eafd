"""What makes finding links quick in an installation with many workspaces, or on one domain of many.

The index of trigrams begins with the workspace: a word that others have in half of their links costs nothing to whoever
has it in none.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_HAYSTACK = "(slug || ' ' || target || ' ' || coalesce(title, '')) gin_trgm_ops"


def upgrade() -> None:
    op.execute("create extension if not exists btree_gin")
    _exchange(_OLD, _NEW)


def downgrade() -> None:
    _exchange(_NEW, _OLD)


def _exchange(old: dict[str, str], new: dict[str, str]) -> None:
    # Outside of the transaction, so that links can be written to meanwhile; found by the old until the new are there.
    with op.get_context().autocommit_block():
        for name, definition in new.items():
            op.execute(f"drop index concurrently if exists {name}")  # what a try that was cut short has left
            op.execute(f"create index concurrently {name} on {definition}")
        for name in old:
            op.execute(f"drop index concurrently if exists {name}")


_OLD = {
    "links_search_idx": f"links using gin ({_HAYSTACK}) where deleted_at is null",
    "link_tags_tag_id_idx": "link_tags (tag_id)",
}
_NEW = {
    "links_workspace_id_search_idx": f"links using gin (workspace_id, {_HAYSTACK}) where deleted_at is null",
    "links_workspace_id_domain_id_idx": "links (workspace_id, domain_id) where deleted_at is null",
    "links_archived_idx": "links (workspace_id) where archived_at is not null and deleted_at is null",
    "link_tags_tag_id_link_id_idx": "link_tags (tag_id, link_id)",
}
