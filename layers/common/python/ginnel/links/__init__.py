"""Links: a slug on a domain that leads to a target. What a redirect needs of one is compiled in `lookup`.

Here is what reads them. What changes them is in `writing` and `bulk`; a function that only reads starts without. The fields
that clients send are in `drafts`, those they see in `outputs`, what rules may say in `conditions`.
"""

from .reading import get, short_url
from .searching import Sort, find_all
from .tables import Budget, Link, Version

__all__ = ["Budget", "Link", "Sort", "Version", "find_all", "get", "short_url"]
