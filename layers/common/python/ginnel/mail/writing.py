"""Writing a mail: one plain text a kind, made into a message with that text and the same as simple HTML.

A text's first line is the subject; paragraphs stand apart by an empty line, and `{name}` is a field's place. The
paragraph `{link}` is one to follow.
"""

from __future__ import annotations

import functools
import hashlib
import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import idna

from ginnel import settings

_TEXTS = Path(__file__).with_name("templates")
_LONGEST_NAME = 60
_JOINTS = re.compile(r"[.:/@\\。]+(?=\S)")
"""What makes an address of words, where no space follows."""
_LONGEST = 1000
"""Characters of a field: an address of ours with a ticket fits, and no second mail."""


@dataclass(frozen=True)
class Letter:
    """What is to be said, and to whom: the name of a text, and what stands in its fields besides `site`."""

    to: str
    text: str
    fields: Mapping[str, str]


def link(page: str, secret: str) -> str:
    """Make the address of a page that redeems a ticket.

    It is built from BASE_URL alone: Host is anybody's word. The ticket stands in the fragment, which browsers send to no
    server and in no Referer.
    """
    return f"{settings.site().origin}/app/{page}#ticket={secret}"


def write(letter: Letter, *, sender: str, number: int, asked_at: datetime, now: datetime) -> EmailMessage:
    """Make the message. That of the same row of the outbox has the same Message-ID, however often it is sent."""
    subject, paragraphs = _source(letter.text)
    site = settings.site()
    fields = {name: _line(value) for name, value in {"site": site.origin, **letter.fields}.items()}
    escaped = {name: html.escape(value) for name, value in fields.items()}
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=deliverable(letter.to))
    message["Subject"] = subject.format_map(fields)
    message["Date"] = format_datetime(now)
    identity = hashlib.sha256(f"{number} {asked_at.isoformat()} {site.origin}".encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{identity}@{site.host}>"
    # RFC 3834: no out-of-office answers this.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(paragraph.format_map(fields) for paragraph in paragraphs) + "\n")
    message.add_alternative(
        _page(html.escape(subject).format_map(escaped), [_element(it, escaped) for it in paragraphs]), subtype="html"
    )
    return message


def deliverable(address: str) -> str:
    """Spell an address as every server understands it: its domain in ASCII (RFC 5891), if that can be."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


def quoted(name: str) -> str:
    """Return a name that anybody may have chosen as strangers are shown it: in quotes, short, and no mail program's link."""
    plain = _line(unicodedata.normalize("NFKC", name)).translate(dict.fromkeys(map(ord, '"“”„'), "'"))
    broken = _JOINTS.sub(r"\g<0> ", plain)
    short = broken if len(broken) <= _LONGEST_NAME else f"{broken[: _LONGEST_NAME - 1].rstrip()}…"
    return f"“{short}”" if short else ""


@functools.cache
def _source(name: str) -> tuple[str, tuple[str, ...]]:
    subject, _, body = (_TEXTS / f"{name}.txt").read_text().partition("\n")
    return subject, tuple(" ".join(paragraph.split()) for paragraph in body.strip().split("\n\n"))


def _line(value: str) -> str:
    """Make one line of a value: it neither begins a header of its own nor a paragraph."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())[:_LONGEST]


def _element(paragraph: str, escaped: Mapping[str, str]) -> str:
    if paragraph == "{link}":
        return '<p><a href="{link}">{link}</a></p>'.format_map(escaped)
    return f"<p>{html.escape(paragraph, quote=False).format_map(escaped)}</p>"


def _page(title: str, elements: list[str]) -> str:
    body = "\n".join(elements)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
        f'<body style="font: 16px/1.5 sans-serif; max-width: 36em">\n{body}\n</body>\n</html>\n'
    )
