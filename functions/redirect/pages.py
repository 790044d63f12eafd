"""The pages a visitor sees when there is no redirect: tiny, readable in light and dark, without script, in their language."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from html import escape

from ginnel.cards import Card

from .texts import TEXTS

_STYLE = (
    ":root{color-scheme:light dark}body{font:1.05rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;"
    "padding:0 1.5rem}h1{font-size:1.6rem;line-height:1.3;margin:0 0 .5rem}p,dl{margin:0 0 1rem}dd{margin:0 0 .5rem;"
    "overflow-wrap:anywhere}input,button,.go{font:inherit;padding:.5rem .8rem;border:1px solid;border-radius:.4rem;"
    "color:inherit;background:none}.go{display:inline-block;text-decoration:none}label{display:block}"
    ":focus-visible{outline:3px solid Highlight;outline-offset:2px}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
# A form's own answer is a redirect, back to where it was sent.
FORM_HEADERS = HEADERS | {
    "content-security-policy": HEADERS["content-security-policy"].replace("form-action 'none'", "form-action 'self'")
}


def language(accept_language: str) -> str:
    """Choose a language that there is a translation in, by RFC 9110, section 12.5.4; English if none is liked."""
    best, most = "en", 0.0
    for part in accept_language[:512].split(","):
        tag, _, weight = part.strip().lower().partition(";")
        name = tag.strip().partition("-")[0]
        try:
            liked = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if name in TEXTS and liked > most:
            best, most = name, liked
    return best


def refusal(code: str, accept_language: str = "") -> str:
    """Say why there is no redirect."""
    spoken = language(accept_language)
    title, text = TEXTS[spoken][code]
    return _page(spoken, title, f"<p>{escape(text)}</p>")


def password(accept_language: str, *, wrong: bool) -> str:
    """Ask for a link's password."""
    spoken = language(accept_language)
    title, text = TEXTS[spoken]["password_wrong" if wrong else "password_required"]
    label, button = TEXTS[spoken]["password_form"]
    return _page(
        spoken,
        title,
        f'<p{" role=alert" if wrong else ""}>{escape(text)}</p><form method="post"><p><label for="p">{escape(label)}</label>'
        '<input id="p" name="password" type="password" autocomplete="off" maxlength="1024" required autofocus> '
        f"<button>{escape(button)}</button></p></form>",
    )


def preview(accept_language: str, facts: Mapping[str, str | None], made: datetime, follow: str | None) -> str:
    """Show where a link leads before it is followed. `facts` by the names of their texts; `follow` is the link's path."""
    spoken = language(accept_language)
    title, button = TEXTS[spoken]["preview"]
    shown = {**facts, "made": f"{made:%Y-%m-%d}"}
    rows = "".join(
        f"<dt>{escape(TEXTS[spoken][name][0])}</dt><dd>{escape(value)}</dd>" for name, value in shown.items() if value
    )
    go = (
        f'<p><a class="go" rel="noreferrer nofollow" href="{escape(follow)}">{escape(button)}</a></p>' if follow else ""
    )
    return _page(spoken, title, f"<dl>{rows}</dl>{go}")


def card(shown: Card, address: str) -> str:
    """Make what crawlers read of a link: Open Graph (https://ogp.me) and what Twitter reads besides."""
    tags = {"og:url": address, "og:title": shown.title, "og:description": shown.description, "og:image": shown.image}
    tags |= {"og:type": "website", "twitter:card": "summary_large_image" if shown.image else "summary"}
    metas = "".join(
        f'<meta property="{name}" content="{escape(value)}">' for name, value in tags.items() if value is not None
    )
    return _page("en", shown.title or address, f"<p>{escape(shown.description or '')}</p>", metas)


def _page(spoken: str, title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="{spoken}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title>{head}<style>{_STYLE}</style><main><h1>{escape(title)}</h1>{body}</main></html>"
    )
