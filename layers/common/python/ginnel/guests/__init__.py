"""Guests: people who make links before they sign up.

A guest is an account without an address or a password, with a workspace and a session like anybody's. `access` keeps them from
whatever is not open to guests, `linking` within limits where they make links. `beginning` makes one; `settling` is for those
who sign up, `ending` for those who don't.
"""

from .tables import LIFETIME, Expiry

__all__ = ["LIFETIME", "Expiry"]
