"""The host names that links live on. What a visitor gets from one by itself is compiled in `hosts`."""

from .reading import chosen, find, find_all, get, hosts
from .tables import Domain, ensure_default
from .writing import change, choose, create, delete, verify

__all__ = [
    "Domain",
    "change",
    "choose",
    "chosen",
    "create",
    "delete",
    "ensure_default",
    "find",
    "find_all",
    "get",
    "hosts",
    "verify",
]
