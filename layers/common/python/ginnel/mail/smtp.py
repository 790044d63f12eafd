"""Mail by SMTP (RFC 5321): handed to one server, which sends it on."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from ginnel import settings

from .transports import Unsent

_STEP = 10.0
"""Seconds that one step of the conversation may take."""
_SECONDS = 40.0
"""And all of them."""
_FINAL = 500
"""Of this code and above, a refusal of a recipient or a message is for good (RFC 5321, section 4.2.1)."""

# Threads of its own: a server that hangs must not keep webhooks' look-ups of names waiting.
_THREADS = ThreadPoolExecutor(8, thread_name_prefix="smtp")


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    user: str
    password: str
    tls: bool
    """From the first byte on, and not by STARTTLS (RFC 8314, section 3.3)."""
    open: bool
    """Whether what the server does not encrypt is sent nevertheless."""

    @classmethod
    def parse(cls, url: str) -> Server:
        """Read MAIL_URL. Raises ValueError, which doesn't quote it: it holds a password."""
        shape = "MAIL_URL must have the form smtp://user:password@host:port"
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError(shape) from None
        options = parse_qs(parts.query, keep_blank_values=True)
        if not host or parts.path not in {"", "/"} or options.keys() - {"starttls"}:
            raise ValueError(shape)
        if options.get("starttls", ["no"]) != ["no"]:
            raise ValueError("MAIL_URL knows ?starttls=no, and nothing else")
        tls = parts.scheme == "smtps"
        return cls(
            host=host,
            port=port or (465 if tls else 587),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
            open="starttls" in options or _is_loopback(host),
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Smtp:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def send(self, message: EmailMessage) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await asyncio.get_running_loop().run_in_executor(_THREADS, self._send, message)
        except TimeoutError as error:
            raise Unsent("the server took too long") from error

    def _send(self, message: EmailMessage) -> None:
        try:
            client = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise _unsent(error, "the server can't be talked to") from error
        try:
            client.send_message(message)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise _unsent(error, "the conversation broke off") from error
        finally:
            # It has the message by now, or never gets it: how it says good-bye is no matter.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        name = settings.site().host
        trust = ssl.create_default_context()
        if server.tls:
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, name, timeout=_STEP, context=trust)
        else:
            client = smtplib.SMTP(server.host, server.port, name, timeout=_STEP)
        try:
            self._begin(client, trust)
        except BaseException:
            client.close()
            raise
        return client

    def _begin(self, client: smtplib.SMTP, trust: ssl.SSLContext) -> None:
        client.ehlo_or_helo_if_needed()
        if not self._server.tls and client.has_extn("starttls"):
            client.starttls(context=trust)
        elif not (self._server.tls or self._server.open):
            raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, and MAIL_URL has no ?starttls=no")
        if self._server.user:
            client.login(self._server.user, self._server.password)


def _unsent(error: Exception, otherwise: str) -> Unsent:
    """Say what went wrong, and whether that is for good: of the recipient and the message it may be, of all else it is ours."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, answer),) = error.recipients.values()
        return Unsent(f"the recipient was refused ({code})", _text(answer), final=code >= _FINAL)
    if isinstance(error, smtplib.SMTPResponseException):
        final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= _FINAL
        return Unsent(f"{type(error).__name__} ({error.smtp_code})", _text(error.smtp_error), final=final)
    return Unsent(f"{otherwise} ({type(error).__name__})", str(error))


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
