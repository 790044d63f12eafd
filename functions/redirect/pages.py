"""The pages a visitor sees when there is no redirect: tiny, readable in light and dark, without script."""

from __future__ import annotations

import base64
import hashlib
from html import escape

_STYLE = (
    ":root{color-scheme:light dark}body{font:1.05rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;"
    "padding:0 1.5rem}h1{font-size:1.6rem;margin:0 0 .5rem}p{margin:0;opacity:.8}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

TEXTS = {
    "not_found": ("There is no such link", "Perhaps a letter is missing, or the link has not started yet."),
    "link_expired": ("This link has expired", "Whoever gave it to you may have a newer one."),
    "link_used_up": ("This link is used up", "It was made for a number of visits, and has had them."),
    "link_deleted": ("This link was deleted", "Whoever gave it to you may have another one."),
    "link_disabled": ("This link is switched off", "Whoever gave it to you may switch it on again."),
    "link_blocked": ("This link is blocked", "It was blocked by the operator of this service."),
    "unavailable": ("One moment, please", "The service can't answer at the moment. Please try again in a few seconds."),
}


def render(code: str) -> str:
    title, text = map(escape, TEXTS[code])
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style><main><h1>{title}</h1><p>{text}</p></main></html>"
    )
