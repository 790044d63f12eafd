"""What the files of other shorteners say, in our words: a function a format, from a row's cells to an import draft's fields.

Cells are found by their names without case, spaces and signs, so that a CSV's `Long URL` and an API's `long_url` are one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from ginnel.drafts import Imported
from ginnel.errors import Invalid

Format = Literal["ginnel", "bitly", "yourls", "kutt", "shlink", "dub"]
Cells = Mapping[str, Any]
"""By name, as `named` makes it; for our own format by the names themselves."""

PASSWORD = "password"  # noqa: S105  # a column's name
_TITLE = 256


class _Kind(NamedTuple):
    draft: Callable[[Cells], dict[str, Any]]
    told: tuple[frozenset[str], ...]
    """Sets of names; a file that has all of one is of this format."""
    known: frozenset[str]
    """What is read, or may be left unread because the link itself makes it anew."""


def named(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def detect(names: Iterable[str]) -> Format:
    """Tell a file's format by the names of its columns, or of its first object's members. Raises Invalid."""
    plain = {named(name) for name in names}
    for format_, kind in _KINDS.items():
        if any(told <= plain for told in kind.told):
            return format_
    raise Invalid.field("/1", "format_unknown", "has the columns of no known format; docs/import.md has them all")


def check(format_: Format, names: Iterable[str]) -> list[str]:
    """Return which columns will be ignored. Raises Invalid for a file that lacks what its format must have."""
    kind, names = _KINDS[format_], list(names)
    plain = {named(name) for name in names}
    if not any(told <= plain for told in kind.told):
        wanted = " or ".join(" and ".join(sorted(told)) for told in kind.told)
        raise Invalid.field("/1", "column_missing", f"lacks what {format_} has: {wanted}")
    unknown = [name for name in names if named(name) not in kind.known]
    if format_ == "ginnel" and unknown:
        raise Invalid.field(f"/1/{unknown[0]}", "column_unknown", "is not a column of ours")
    return unknown


def fields(format_: Format, cells: Mapping[str, Any]) -> dict[str, Any]:
    """Make the fields of an import draft from a row; what is empty is left out."""
    made = _KINDS[format_].draft({named(name): value for name, value in cells.items()})
    return {field: value for field, value in made.items() if value is not None and value != ""}


def _ginnel(cells: Cells) -> dict[str, Any]:
    """Our own export: CSV with rules, variants and tags as JSON in a cell, or the objects that the API shows."""
    made: dict[str, Any] = {}
    for field, name in _OWN.items():
        value = cells.get(name)
        if isinstance(value, str):
            value = _own(field, value)
        made[field] = value
    known = _KINDS["ginnel"].known
    made |= {name: value for name, value in cells.items() if name not in known}  # for the model to refuse
    # What the link has had here and elsewhere is what it has had elsewhere, for the next place.
    made["imported_clicks"] = _number(cells.get("clicks", cells.get("importedclicks")))
    return made


def _own(field: str, text: str) -> Any:  # noqa: ANN401  # whatever the field takes
    if not text:
        return None
    if field in {"rules", "variants"}:
        return _json(text)
    if field == "tags":
        return tags(text, "|")
    if field in {"redirect_status", "max_clicks"}:
        return _number(text)
    return _flag(text) if field in _FLAGS else text


def _bitly(cells: Cells) -> dict[str, Any]:
    """Bitly: the CSV of its link list, or its API's pages (dev.bitly.com, "Retrieve Bitlinks by Group").

    link or id is `bit.ly/abc`; custom_bitlinks holds the addresses that people chose, and of these the first is taken.
    """
    custom = cells.get("custombitlinks")
    short = (custom[0] if isinstance(custom, list) and custom else custom) or _first(
        cells, "link", "bitlink", "shortlink", "shorturl", "id"
    )
    return {
        **_address(short),
        "target": _first(cells, "longurl", "destinationurl", "destination"),
        "title": _line(cells.get("title")),
        "tags": tags(cells.get("tags"), ","),
        "archived": _flag(cells.get("archived")),
        "imported_clicks": _number(_first(cells, "clicks", "totalclicks", "engagements", "totalengagements")),
    }


def _yourls(cells: Cells) -> dict[str, Any]:
    """YOURLS: the CSV of its Import-Export plug-in, its table as CSV, or its API's `stats`.

    These say source,target,hits (source is `/keyword/`); keyword,url,title,timestamp,ip,clicks; or shorturl in place of
    keyword (yourls.org, "API").
    """
    short = cells.get("shorturl")
    slug = _first(cells, "keyword", "source")
    return {
        **(_address(short) if short and not slug else {"slug": str(slug or "").strip("/")}),
        "target": _first(cells, "url", "target"),
        "title": _line(cells.get("title")),
        "imported_clicks": _number(_first(cells, "clicks", "hits")),
    }


def _kutt(cells: Cells) -> dict[str, Any]:
    """Kutt: its API's list of links (docs.kutt.it), which also people's scripts make CSV of.

    `description` is the owner's own note, and so a title here. `domain` is null for links on Kutt's own host.
    """
    return {
        "domain": cells.get("domain") or _address(cells.get("link")).get("domain"),
        "slug": cells.get("address"),
        "target": cells.get("target"),
        "title": _line(cells.get("description")),
        "expires_at": _moment(cells.get("expirein")),
        "disabled": _flag(cells.get("banned")),
        "protected": _flag(cells.get(PASSWORD)),
        "imported_clicks": _number(cells.get("visitcount")),
    }


def _shlink(cells: Cells) -> dict[str, Any]:
    """Shlink: the CSV of its web client, the CSV that its own importer takes (shlink.io), or its REST API's list.

    The client joins tags with `|`, earlier ones with a comma.
    """
    visits, meta = cells.get("visitssummary"), cells.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    joined = cells.get("tags")
    return {
        "domain": cells.get("domain") or _address(cells.get("shorturl")).get("domain"),
        "slug": cells.get("shortcode") or _address(cells.get("shorturl")).get("slug"),
        "target": cells.get("longurl"),
        "title": _line(cells.get("title")),
        "tags": tags(joined, "|" if "|" in str(joined) else ","),
        "forward_query": _flag(cells.get("forwardquery")),
        "starts_at": _moment(meta.get("validSince")),
        "expires_at": _moment(meta.get("validUntil")),
        "max_clicks": _number(meta.get("maxVisits")),
        "imported_clicks": _number(
            visits.get("total") if isinstance(visits, dict) else _first(cells, "visits", "visitscount")
        ),
    }


def _dub(cells: Cells) -> dict[str, Any]:
    """Dub: the CSV of its dashboard, whose columns people choose, or its API's list (dub.co/docs, "Retrieve a list of links").

    Title, description and image are a card only if `proxy` says so; ios, android and geo become rules.
    """
    card = _flag(cells.get("proxy"))
    address = _address(_first(cells, "shortlink", "link"))
    return {
        "domain": cells.get("domain") or address.get("domain"),
        "slug": cells.get("key") or address.get("slug"),
        "target": _first(cells, "url", "destinationurl"),
        "title": _line(cells.get("title")),
        "description": cells.get("description") if card else None,
        "image": cells.get("image") if card else None,
        "tags": tags(cells.get("tags"), ","),
        "rules": _platforms(cells),
        "expires_at": _moment(cells.get("expiresat")),
        "expired_target": cells.get("expiredurl"),
        "archived": _flag(cells.get("archived")),
        "external_id": cells.get("externalid"),
        "protected": _flag(cells.get(PASSWORD)),
        "imported_clicks": _number(cells.get("clicks")),
    }


def _platforms(cells: Cells) -> list[dict[str, Any]] | None:
    rules = [
        {"target": cells[system], "conditions": [{"type": "device", "values": [system]}]}
        for system in ("ios", "android")
        if cells.get(system)
    ]
    geo = cells.get("geo")
    geo = _json(geo) if isinstance(geo, str) else geo
    if isinstance(geo, dict):
        rules += [
            {"target": target, "conditions": [{"type": "country", "values": [country]}]}
            for country, target in geo.items()
        ]
    return rules or None


def _first(cells: Cells, *names: str) -> Any:  # noqa: ANN401  # a cell
    return next((cells[name] for name in names if cells.get(name) not in (None, "")), None)


def _address(short: Any) -> dict[str, str]:  # noqa: ANN401  # a cell
    """Take a short address apart, with or without its scheme."""
    host, _, path = re.sub(r"^https?://", "", str(short or "").strip(), flags=re.IGNORECASE).partition("/")
    slug = unquote(re.split(r"[?#]", path)[0])
    return {"domain": host.lower().partition(":")[0], "slug": slug} if slug else {}


def tags(value: Any, separator: str) -> Any:  # noqa: ANN401  # a cell, and what may be made of it
    """Read tags: a list of names or of objects with one, the same as JSON in a cell, or names with something between."""
    if isinstance(value, str):
        parsed = _json(value) if value.startswith("[") else None
        value = parsed if isinstance(parsed, list) else [tag for tag in map(str.strip, value.split(separator)) if tag]
    if not isinstance(value, list):
        return value
    return [tag.get("name") if isinstance(tag, dict) else tag for tag in value]


def _line(value: Any) -> Any:  # noqa: ANN401  # a cell
    """Make one line of a text that may have several, and cut off what a title can't hold."""
    return " ".join(value.split())[:_TITLE] if isinstance(value, str) else value


def _number(value: Any) -> Any:  # noqa: ANN401  # a cell; what is no number is for the model to refuse
    if isinstance(value, str) and re.fullmatch(r"\d{1,15}(\.0+)?", value.strip()):
        return int(value.strip().partition(".")[0])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flag(value: Any) -> Any:  # noqa: ANN401  # as for _number
    if isinstance(value, str):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}.get(
            value.strip().lower(), value
        )
    return value


def given(password: Any) -> bool:  # noqa: ANN401  # a cell
    """Say whether a cell holds a password, or says that there is one."""
    return _flag(password) not in (None, False, "null", "None")


def _moment(value: Any) -> Any:  # noqa: ANN401  # as for _number
    """Take a time without a zone for UTC, as these are kept where they come from."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?", value.strip()):
        return f"{value.strip()}Z"
    return value


def _json(text: str) -> Any:  # noqa: ANN401  # as for _number
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


_OWN = {field: named(field) for field in Imported.model_fields if field not in {"reuse", "imported_clicks", PASSWORD}}
_FLAGS = frozenset(field for field, known in Imported.model_fields.items() if known.annotation is bool)
_MADE_ANEW = frozenset(
    map(
        named,
        (
            "id",
            "short_url",
            "clicks",
            "imported_clicks",
            "clicks_left",
            "blocked",
            "warnings",
            "version",
            "created_at",
            "updated_at",
        ),
    )
)


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_KINDS: dict[Format, _Kind] = {
    "kutt": _Kind(
        _kutt,
        (_names("address target"),),
        _names("address target description expirein banned password domain link visitcount id createdat updatedat"),
    ),
    "yourls": _Kind(
        _yourls,
        (_names("source target"), _names("keyword url"), _names("shorturl url ip"), _names("shorturl url timestamp")),
        _names("source target hits keyword url title timestamp ip clicks shorturl"),
    ),
    "shlink": _Kind(
        _shlink,
        (_names("longurl shortcode"), _names("longurl shorturl visits")),
        _names(
            "longurl shortcode shorturl domain title tags visits visitscount visitssummary forwardquery meta createdat "
            "datecreated"
        ),
    ),
    "dub": _Kind(
        _dub,
        (_names("shortlink destinationurl"), _names("link url"), _names("shortlink url"), _names("key url")),
        _names(
            "shortlink link url destinationurl key domain title description image proxy tags ios android geo expiresat "
            "expiredurl archived externalid password clicks id linkid createdat updatedat"
        ),
    ),
    "bitly": _Kind(
        _bitly,
        tuple(
            frozenset({long, short})
            for long in ("longurl", "destinationurl", "destination")
            for short in ("link", "bitlink", "shortlink", "id", "custombitlinks")
        ),
        _names(
            "custombitlinks link bitlink shortlink shorturl id longurl destinationurl destination title tags archived clicks "
            "totalclicks engagements totalengagements createdat created"
        ),
    ),
    "ginnel": _Kind(_ginnel, (_names("target"),), frozenset(_OWN.values()) | _MADE_ANEW),
}
"""In the order in which they are tried: the first ones' marks are nobody else's."""
