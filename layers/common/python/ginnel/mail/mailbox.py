"""Mail that goes no further than a folder of this machine, where somebody who tries things out reads it."""

from __future__ import annotations

import secrets
import time
from email.message import EmailMessage
from pathlib import Path

KEPT = 300
"""Mails; of more, the oldest go."""
SUFFIX = ".eml"


def folder(url: str) -> Path:
    """Return the folder that MAIL_URL names."""
    return Path(url.partition(":")[2])


class Mailbox:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In the order of time, by name. Nobody reads one that is half written.
        path = self._folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}{SUFFIX}"
        written = path.with_suffix(".new")
        written.touch(0o600, exist_ok=False)
        written.write_bytes(message.as_bytes())
        written.rename(path)
        for old in paths(self._folder)[KEPT:]:
            old.unlink(missing_ok=True)


def paths(folder: Path) -> list[Path]:
    """List the mails of a folder, newest first."""
    return sorted(folder.glob(f"*{SUFFIX}"), reverse=True)
