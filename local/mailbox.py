"""/local/mail: what an installation on one machine would have mailed, for those who sit at that machine.

It gives whoever reads it every account. So it is there where people reach the installation at the machine's own address, and
answers what comes from there by no detour: for all others the path leads nowhere.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path as File
from typing import Annotated

from fastapi import FastAPI, Path, Query
from fastapi.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ginnel import settings, web
from ginnel.errors import NotFound
from ginnel.mail import mailbox
from ginnel.mail.transports import Settings
from local import here

_PATH = "/local/mail"
_PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_MAIL_POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

Name = Annotated[str, Path(pattern=r"^\d{20}-[0-9a-f]{8}$")]
"""A mail's file's, without its ending."""


class Mail(web.Output):
    id: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str
    links: list[str]


def beside(site: ASGIApp) -> ASGIApp:
    """Put the mailbox beside a site, if there is one to be shown here."""
    folder = shown()
    return _Beside(site, folder) if folder else site


def shown() -> File | None:
    """Return the folder whose mails are shown; None where mail is sent, or where BASE_URL is not this machine's own.

    A proxy may come from loopback, name localhost as the host, and tell of no detour: who has one has another BASE_URL.
    """
    url = settings.read(Settings).mail_url or ""
    return mailbox.folder(url) if url.startswith("mailbox:") and here.is_loopback(settings.site().host) else None


class _Beside:
    def __init__(self, site: ASGIApp, folder: File) -> None:
        self._site = site
        self._mailbox = _app(folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mine = scope["type"] == "http" and f"{scope['path']}/".startswith(f"{_PATH}/") and here.is_from(scope)
        await (self._mailbox if mine else self._site)(scope, receive, send)


def _app(folder: File) -> FastAPI:
    app = web.new_app("Mailbox")

    def opened(name: str) -> Mail:
        try:
            return _read(folder / f"{name}{mailbox.SUFFIX}")
        except FileNotFoundError:
            raise NotFound("mail") from None

    @app.get(_PATH)
    async def show_all() -> HTMLResponse:
        return _page("Mail", _list([_read(path) for path in mailbox.paths(folder)]))

    @app.get(f"{_PATH}/messages")
    async def find_all(to: Annotated[str | None, Query()] = None) -> list[Mail]:
        """Newest first."""
        found = (_read(path) for path in mailbox.paths(folder))
        return [mail for mail in found if to is None or mail.to.lower() == to.lower()]

    @app.get(f"{_PATH}/{{name}}")
    async def show(name: Name) -> HTMLResponse:
        return _page(opened(name).subject, _shown(opened(name)))

    @app.get(f"{_PATH}/{{name}}/html")
    async def show_html(name: Name) -> HTMLResponse:
        headers = {"content-security-policy": _MAIL_POLICY, "cache-control": "no-store"}
        return HTMLResponse(opened(name).html, headers=headers)

    return app


def _read(path: File) -> Mail:
    message = message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default)
    text, marked = (_body(message, kind) for kind in ("plain", "html"))
    return Mail(
        id=path.stem,
        at=datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9, UTC),
        to=", ".join(address.addr_spec for address in message["To"].addresses),
        subject=str(message["Subject"]),
        text=text,
        html=marked,
        links=re.findall(r"^https?://\S+$", text, re.MULTILINE),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if isinstance(part, EmailMessage) else ""


def _list(mails: list[Mail]) -> str:
    if not mails:
        return "<p>Nothing was mailed yet.</p>"
    items = (
        f'<li><a href="{_PATH}/{mail.id}">{html.escape(mail.subject)}</a><br>to {html.escape(mail.to)}, '
        f"{mail.at:%Y-%m-%d %H:%M:%S} UTC</li>"
        for mail in mails
    )
    return f"<ul>{''.join(items)}</ul>"


def _shown(mail: Mail) -> str:
    text = html.escape(mail.text)
    linked = re.sub(r"^(https?://\S+)$", r'<a href="\1">\1</a>', text, flags=re.MULTILINE)
    return (
        f"<p>to {html.escape(mail.to)}, {mail.at:%Y-%m-%d %H:%M:%S} UTC. "
        f'<a href="{_PATH}/{mail.id}/html">As HTML</a>, <a href="{_PATH}">all mail</a></p><pre>{linked}</pre>'
    )


def _page(title: str, body: str) -> HTMLResponse:
    escaped = html.escape(title)
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escaped}</title>'
        f'<link rel="stylesheet" href="/assets/page.css"></head><body><h1>{escaped}</h1>{body}</body></html>'
    )
    return HTMLResponse(page, headers={"content-security-policy": _PAGE_POLICY, "cache-control": "no-store"})
