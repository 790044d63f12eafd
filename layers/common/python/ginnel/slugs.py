"""Slugs: drawing one, judging a chosen one, and reading one off a request's path."""

import re
import secrets
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

MAX_LENGTH: Final = 64
"""Code points after NFC."""

# No NFC character decomposes into more than four (U+1F82), so a longer text can't shrink to a slug, and a path of more
# bytes than these four-byte characters take percent-encoded can't name one.
_MAX_RAW: Final = 4 * MAX_LENGTH
_MAX_ENCODED: Final = 12 * _MAX_RAW

_UNAMBIGUOUS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

RESERVED: Final = frozenset(
    {
        ".well-known",
        "api",
        "app",
        "assets",
        "docs",
        "favicon.ico",
        "health",
        "local",
        "metrics",
        "openapi.json",
        "redoc",
        "robots.txt",
        "static-offline-docs",
    }
)
"""First path segments, folded, that routes own."""


class BadSlug(ValueError):  # a problem the client reads about, named as the API names it
    """Why a text can't be a slug: `code` is stable, `detail` is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def random_slug(*, case_sensitive: bool) -> str:
    """Draw 8 of 31 characters: no i, l, o, 0 or 1, which people misread (39.6 bits).

    Where case counts, 7 of base58's characters say more in less (41.0 bits).
    """
    alphabet, length = (_BASE58, 7) if case_sensitive else (_UNAMBIGUOUS, 8)
    return "".join(secrets.choice(alphabet) for _ in range(length))


def fold(slug: str) -> str:
    """Return the key under which slugs that differ only in case are one (canonical caseless matching, Unicode D145).

    May be up to three times as long as the slug. Idempotent.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", slug).casefold())


def parse(text: str) -> str:
    """Return the slug that somebody chose, in NFC and without trailing slashes. Raises BadSlug."""
    slug = _canonical(text)
    if reserved(slug):
        raise BadSlug("slug_reserved", "This slug is reserved.")
    return slug


def reserved(slug: str) -> bool:
    """Say whether a route of ours begins like this slug."""
    return fold(slug).partition("/")[0] in RESERVED


def from_path(raw_path: bytes | str) -> str | None:
    """Return the slug that a path names, or None when it can't be one, so that garbage costs no look-up.

    `raw_path` is still percent-encoded, and has neither leading slash nor query. %2F counts as a slash. Reserved words
    pass: a route has answered them already, and a link that is older than its reservation keeps working where none has.
    """
    try:
        path = (raw_path if isinstance(raw_path, str) else raw_path.decode()).rstrip("/")
        if _PLAIN.fullmatch(path):
            return path
        if len(path) > _MAX_ENCODED or _MALFORMED.search(path):
            return None
        return _canonical(unquote_to_bytes(path).decode())
    except ValueError:  # BadSlug, and bytes that are not UTF-8
        return None


# What most slugs look like, and so worth a look before anything else is done.
_PLAIN: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_LENGTH}}}")
_MALFORMED: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _canonical(text: str) -> str:
    if len(text) > _MAX_RAW:
        raise _too_long()
    slug = unicodedata.normalize("NFC", text).rstrip("/")
    if len(slug) > MAX_LENGTH:
        raise _too_long()
    if not _GRAMMAR.fullmatch("".join(map(_kind, _SUBDIVISION_FLAG.sub("\U0001f3f4", slug)))):
        raise BadSlug(
            "slug_invalid", "A slug is made of letters, digits, emoji, - and _, with . and / only between them."
        )
    if mixes_scripts(slug):
        raise BadSlug("slug_mixed_scripts", "A slug must be written in a single script.")
    return slug


def mixes_scripts(text: str) -> bool:
    """Say whether a text has letters of scripts that are not written together."""
    scripts = {_script(char) for char in text} - {""}
    return len(scripts) > 1 and not any(scripts <= together for together in _WRITTEN_TOGETHER)


def _too_long() -> BadSlug:
    return BadSlug("slug_too_long", f"A slug has at most {MAX_LENGTH} characters.")


# The grammar is over kinds of characters: d ASCII digit, w letter or other word character, m mark, e emoji, s skin
# tone, v variation selector, z zero-width joiner, k keycap, r regional indicator. Invisible ones count only where an
# emoji needs them, or two slugs could look the same.
_UNIT: Final = r"(?:dv?k|[dw]m*|e[vs]?(?:ze[vs]?)*|r|\.)"
_SEGMENT: Final = rf"(?!\.\.?(?:/|\Z)){_UNIT}+"
_GRAMMAR: Final = re.compile(rf"(?!\.){_SEGMENT}(?:/{_SEGMENT})*(?<!\.)")
_KINDS: Final = (
    dict(zip("-_./", "ww./", strict=True))
    | dict.fromkeys("0123456789", "d")
    | {"\u200d": "z", "\ufe0e": "v", "\ufe0f": "v", "\u20e3": "k"}
    | {chr(tone): "s" for tone in range(0x1F3FB, 0x1F400)}
    | {chr(letter): "r" for letter in range(0x1F1E6, 0x1F200)}
)
_EMOJI: Final = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170-\U0001f265\U0001f300-\U0001f64f"
    "\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7f0\U0001f90c-\U0001faff]"
)
# England, Scotland and Wales are a black flag and invisible tag letters. Other tags would be a hidden text.
_SUBDIVISION_FLAG: Final = re.compile(
    "\U0001f3f4(?:"
    + "|".join("".join(chr(0xE0000 + ord(letter)) for letter in code) for code in ("gbeng", "gbsct", "gbwls"))
    + ")\U000e007f"
)
# Letters and marks by category, yet drawn as nothing: joiners, fillers, variation selectors other than emoji's.
_UNSEEN: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\U000e0100-\U000e01ef]")

# Full-width, mathematical, superscript … forms of other letters. "<compat>" stays: Thai needs its am, Korean its jamo.
_DISGUISE: Final = re.compile("<(?!compat>)")


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    if kind := _KINDS.get(char):
        return kind
    if _EMOJI.match(char):
        return "e"
    if _UNSEEN.match(char) or _DISGUISE.match(unicodedata.decomposition(char)):
        return "?"
    category = unicodedata.category(char)
    if category[0] == "L" or category in {"Nd", "Nl"}:
        return "w"
    return "m" if category in {"Mn", "Mc"} else "?"


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    """Name a letter's script; "" for what goes with every script.

    The standard library has no script property, but a letter's name begins with it: LATIN SMALL LETTER A. Where it does
    not (two scripts both called OLD, say), the scripts are too rare to mislead anybody.
    """
    if unicodedata.category(char)[0] != "L" or _EMOJI.match(char):
        return ""
    script = unicodedata.name(char, "").partition(" ")[0]
    return "" if script == "MODIFIER" else script


# Han with what it is written among: the kana, bopomofo, hangul (UTS 39's Jpan, Hanb and Kore).
_WRITTEN_TOGETHER: Final = tuple(
    frozenset({"CJK", "IDEOGRAPHIC"} | others)
    for others in ({"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}, {"BOPOMOFO"}, {"HANGUL"})
)
