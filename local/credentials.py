"""What nobody should have to invent: passwords, and the keys that sign access tokens."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from ginnel import jwks

PRIVATE, FOR_THE_MOUNTED = 0o600, 0o644
"""Modes: for our user alone; for whichever user the one container runs as that the folder is mounted into."""


def password() -> str:
    """Draw 192 bits, in characters that an address needs no escapes for."""
    return secrets.token_urlsafe(24)


def signing_keys() -> str:
    """Make a JWK set of one key, as JWT_KEYS takes it."""
    return json.dumps({"keys": [jwks.drawn()]})


def keep(path: Path, make: Callable[[], str], *, mode: int = PRIVATE) -> str:
    """Return what the file holds; if there is none, make it, whole or not at all."""
    if not path.exists():
        write(path, make(), mode=mode)
    return path.read_text()


def write(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)


def make_for_stores(folder: Path) -> None:
    """Fill the folders `app`, `postgres` and `redis`, each a volume that only those containers have which need it.

    What is there is kept: the stores' data was written under it.
    """
    app, postgres, redis = (folder / name for name in ("app", "postgres", "redis"))
    keep(postgres / "superuser-password", password, mode=FOR_THE_MOUNTED)
    secret = keep(postgres / "password", password, mode=FOR_THE_MOUNTED)
    keep(app / "database-url", lambda: f"postgresql://ginnel:{secret}@postgres:5432/ginnel")
    url = keep(app / "redis-url", lambda: f"redis://ginnel:{password()}@redis:6379/0")
    digest = sha256(url.split(":")[2].partition("@")[0].encode()).hexdigest()
    # Who has no password may ask whether the server is there, and nothing else.
    users = f"user default on nopass resetkeys resetchannels -@all +ping\nuser ginnel on #{digest} ~* &* +@all\n"
    keep(redis / "users.acl", lambda: users, mode=FOR_THE_MOUNTED)
    keep(app / "jwt-keys", signing_keys)
