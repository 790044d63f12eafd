"""Links: a slug on a domain that leads to a target. What a redirect needs of one is compiled in `lookup`.

The fields that clients send and see are in `drafts`, what rules may say in `conditions`.
"""

from .bulk import bulk
from .expiring import announce_expired
from .history import history
from .reading import get, record, short_url
from .searching import Sort, find_all
from .slugging import available
from .tables import Budget, Link, Version
from .writing import LinkBlocked, Made, SlugTaken, change, create, create_all, delete, revert

__all__ = [
    "Budget",
    "Link",
    "LinkBlocked",
    "Made",
    "SlugTaken",
    "Sort",
    "Version",
    "announce_expired",
    "available",
    "bulk",
    "change",
    "create",
    "create_all",
    "delete",
    "find_all",
    "get",
    "history",
    "record",
    "revert",
    "short_url",
]
