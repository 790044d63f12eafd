"""The keys for access tokens that this process has in hand: from where the environment says, and renewed while it runs.

Whoever verifies is not kept waiting for news, unless a token names a key that is not in hand; whoever signs is, for a moment,
since what an outdated key signs may be refused elsewhere. When there are no news to be had, the keys in hand go on.
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ginnel import jwks, settings
from ginnel.errors import Unavailable
from ginnel.jwks import BadKeys, KeySet
from ginnel.observe import log

_LOOK = 1.0
"""Seconds between two looks at a file."""
_PAUSE = 5.0
"""Seconds between two questions for a secret: whoever makes up names of keys causes no more than that."""
_PATIENCE = 2.0
"""Seconds that a request waits for a secret."""


@dataclass(frozen=True)
class Settings:
    jwt_keys: str | None = None
    """A JWK set of HS256 keys."""
    jwt_keys_file: str | None = None
    """A file that holds it, read again when it changes."""
    jwt_keys_secret: str | None = None
    """The name of a secret in Secrets Manager that holds it; JWT_KEYS is then what it held at the time of deployment."""
    jwt_keys_seconds: float = 300.0
    """For how long a secret that was read is taken to be the same."""

    def __post_init__(self) -> None:
        if not (self.jwt_keys or self.jwt_keys_file or self.jwt_keys_secret):
            raise ValueError("JWT_KEYS is not set, nor JWT_KEYS_FILE, nor JWT_KEYS_SECRET")
        try:
            if self.jwt_keys:
                jwks.parse(self.jwt_keys)
        except BadKeys as error:
            raise BadKeys(f"JWT_KEYS {error}") from None
        if self.jwt_keys_file and not self.jwt_keys:
            try:
                jwks.parse(Path(self.jwt_keys_file).read_text())
            except BadKeys as error:
                raise BadKeys(f"JWT_KEYS_FILE names {self.jwt_keys_file}, which {error}") from None
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "no text"
                raise BadKeys(f"JWT_KEYS_FILE names {self.jwt_keys_file}, which can't be read: {reason}") from None


class Keyring:
    """Keys that last as long as the process."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    def keys(self) -> KeySet:
        """Return the keys in hand."""
        return self._keys

    async def newest(self) -> KeySet:
        """Return the keys to sign with."""
        return self.keys()

    def mind(self) -> None:
        """See to it that the keys in hand don't grow old, keeping nobody waiting."""

    async def renewed(self) -> bool:
        """Look for a key that is not in hand; say whether others are now. Raises Unavailable where nobody can tell."""
        return False

    def _take(self, text: str) -> None:
        found = jwks.parse(text)
        if found != self._keys:
            self._keys = found
            log.info("keys_changed", keys=[key.kid for key in found.keys])


class Filed(Keyring):
    """Keys in a file, which is replaced when they change."""

    def __init__(self, path: str) -> None:
        super().__init__(jwks.parse(Path(path).read_text()))
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._fault = ""
        self._looked = 0.0

    def keys(self) -> KeySet:
        if time.monotonic() >= self._looked + _LOOK:
            self._looked = time.monotonic()
            self._look()
        return self._keys

    def _look(self) -> None:
        try:
            found = os.stat(self._path)  # noqa: PTH116  # twice as quick
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if mark != self._seen:
                self._take(Path(self._path).read_text())
                self._seen = mark
        except (OSError, ValueError) as error:
            # Looked at again each second, told of once.
            if self._fault != (fault := type(error).__name__):
                self._fault = fault
                log.warning("keys_unread", error=fault)
        else:
            self._fault = ""


class Secret(Keyring):
    """Keys in Secrets Manager. Ages are the wall clock's: others stand still while an environment is frozen."""

    def __init__(self, keys: KeySet, name: str, seconds: float) -> None:
        super().__init__(keys)
        self._name = name
        self._seconds = seconds
        self._provider: Any = None
        self._since: float | None = None
        """When the keys were known to be the newest; at first, when they were first used."""
        self._read = False
        self._asked: float | None = None
        self._failed = False
        self._asking: asyncio.Task[None] | None = None

    async def newest(self) -> KeySet:
        if not self._read or self._old():
            await self._news()
        if not self._keys.keys:
            raise Unavailable
        return self._keys

    def mind(self) -> None:
        if self._old():
            self._ask()

    async def renewed(self) -> bool:
        before = self._keys
        await self._news()
        if self._keys == before and (self._failed or not (self._asking and self._asking.done())):
            raise Unavailable
        return self._keys != before

    def _old(self) -> bool:
        if self._since is None:
            self._since = time.time()
        return not 0 <= time.time() - self._since < self._seconds

    async def _news(self) -> None:
        if asking := self._ask():
            await asyncio.wait({asking}, timeout=_PATIENCE)

    def _ask(self) -> asyncio.Task[None] | None:
        """Ask, unless that is under way or was just done. All who want to know wait for the same answer."""
        if self._asking is None or self._asking.done():
            if self._asked is not None and 0 <= time.time() - self._asked < _PAUSE:
                return None
            self._asked = time.time()
            self._asking = asyncio.create_task(self._fetch())
        return self._asking

    async def _fetch(self) -> None:
        try:
            self._take(await asyncio.to_thread(self._get))
        except Exception as error:  # noqa: BLE001  # whatever Amazon's library raises: the keys in hand go on
            self._failed = True
            log.warning("keys_unread", error=type(error).__name__)
        else:
            self._read, self._failed, self._since = True, False, time.time()

    def _get(self) -> str:
        if self._provider is None:
            # As slow to import as all else together: most processes never need them.
            from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415
            from botocore.config import Config  # noqa: PLC0415

            quick = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2})
            self._provider = SecretsProvider(boto_config=quick)
        # How old an answer may be is decided above, before any of this is imported.
        text: str = self._provider.get(self._name, force_fetch=True)
        return text


@functools.cache
def ring() -> Keyring:
    found = settings.read(Settings)
    if found.jwt_keys_secret:
        at_hand = jwks.parse(found.jwt_keys) if found.jwt_keys else KeySet()
        return Secret(at_hand, found.jwt_keys_secret, found.jwt_keys_seconds)
    if found.jwt_keys:
        return Keyring(jwks.parse(found.jwt_keys))
    return Filed(found.jwt_keys_file or "")
