"""Ways out for mail, by MAIL_URL: an SMTP server, Amazon's SES, or a folder on this machine."""

from __future__ import annotations

import functools
import importlib.util
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Protocol

from ginnel import settings

_NOBODY = "Ginnel <ginnel@localhost>"
"""Whom mail is from that does not leave this machine."""


class Unsent(Exception):
    """An attempt failed. `reason` may be logged; `detail` may quote the recipient; `final` says that trying again is no use."""

    def __init__(self, reason: str, detail: str = "", *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = f"{reason}: {detail}" if detail else reason
        self.final = final


class Transport(Protocol):
    async def send(self, message: EmailMessage, /) -> None:
        """Hand a message on. Raises Unsent."""


@dataclass(frozen=True)
class Settings:
    mail_url: str | None = None
    """smtp://user:password@host:587 (STARTTLS), smtps://…:465 (TLS), ses: or ses:eu-west-1, mailbox:/a/folder."""
    mail_from: str | None = None
    """Whom mail is from: no-reply@example.com, or Example <no-reply@example.com>."""

    def __post_init__(self) -> None:
        kind = (self.mail_url or "mailbox").partition(":")[0]
        if kind not in {"smtp", "smtps", "ses", "mailbox"}:
            raise ValueError("MAIL_URL must begin with smtp://, smtps://, ses: or mailbox:")
        if kind != "mailbox" and not self.mail_from:
            raise ValueError("MAIL_FROM is not set, and MAIL_URL needs it")
        if kind == "ses" and importlib.util.find_spec("boto3") is None:
            raise ValueError("MAIL_URL names SES, and boto3 is not installed here: SES takes smtps:// as well")
        _ = self.sender
        if kind.startswith("smtp"):
            from . import smtp  # noqa: PLC0415  # only that of the ways that is taken

            smtp.Server.parse(self.mail_url or "")

    @property
    def sender(self) -> Address:
        complaint = "MAIL_FROM must be an address, such as Example <no-reply@example.com>"
        text = self.mail_from or _NOBODY
        found = re.fullmatch(r'(?:"?([^"<>]*?)"?\s*<)?([^<>\s]+@[^<>\s]+?)>?', text)
        if found is None or not text.isprintable():
            raise ValueError(complaint)
        try:
            return Address(display_name=found[1] or "", addr_spec=found[2])
        except (ValueError, HeaderParseError):
            raise ValueError(complaint) from None


@functools.cache
def configured() -> Transport | None:
    """Return the way that MAIL_URL names; None where it names none."""
    url = settings.read(Settings).mail_url or ""
    kind, _, rest = url.partition(":")
    # Only what is asked for is imported: SES needs a library that is large, and not everywhere.
    if kind in {"smtp", "smtps"}:
        from . import smtp  # noqa: PLC0415  # as above

        return smtp.Smtp(smtp.Server.parse(url))
    if kind == "ses":
        from . import ses  # noqa: PLC0415  # as above

        return ses.Ses(region=rest or None)
    if kind == "mailbox":
        from . import mailbox  # noqa: PLC0415  # as above

        return mailbox.Mailbox(mailbox.folder(url))
    return None
