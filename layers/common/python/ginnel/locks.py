"""Links with a password: who has given it holds a cookie for an hour, signed with what only the password's hash gives.

Another password makes another lock, so that a change ends all that were opened. Imports neither argon2 nor the ORM.
"""

from __future__ import annotations

import hashlib
import hmac
import re

LIFETIME = 3600
"""Seconds."""


def make(password_hash: str) -> str:
    """Return the key that cookies of a link are signed with. The hash can't be told from it."""
    return hashlib.sha256(b"ginnel lock\n" + password_hash.encode()).hexdigest()


def cookie_name(link: int) -> str:
    return f"ginnel_link_{link}"


def open_for(lock: str, link: int, *, now: float) -> str:
    """Make the cookie of a visitor who has given the password."""
    until = int(now) + LIFETIME
    return f"{until}.{_signature(lock, link, until)}"


def opened(lock: str, link: int, cookies: str, *, now: float) -> bool:
    """Say whether a Cookie header holds a link's cookie whose time is not over."""
    for found in re.finditer(rf"(?:^|;)\s*{cookie_name(link)}=(\d{{1,12}})\.([0-9a-f]{{64}})\s*(?=;|$)", cookies):
        until = int(found[1])
        if now < until and hmac.compare_digest(found[2], _signature(lock, link, until)):
            return True
    return False


def _signature(lock: str, link: int, until: int) -> str:
    return hmac.new(lock.encode(), f"{link}\n{until}".encode(), hashlib.sha256).hexdigest()
