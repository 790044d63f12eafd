"""Passwords: which are refused, how they are kept (argon2id), and how they are checked without telling who exists."""

from __future__ import annotations

import asyncio
import base64
import functools
import os
import threading
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pydantic import AfterValidator, Field, StringConstraints

from ginnel import web
from ginnel.errors import Invalid

T = TypeVar("T")

MIN_LENGTH = 8
MAX_BYTES = 1024
NONE = ""
"""What is kept of an account that has no password: `verify` finds that nothing fits it, as slowly as any."""
MIN_GUESSES = 10**5
"""A password that a guesser who knows people tries sooner is refused."""

# OWASP's first choice for argon2id where memory is dear: 19 MiB and two passes cost about as much as 46 MiB and one.
_HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)

# Hashes wait their turn in threads of their own: each takes 19 MiB and a core, and the loop goes on serving meanwhile.
_THREADS = ThreadPoolExecutor(max(1, min(4, (os.cpu_count() or 1) - 1)), thread_name_prefix="password")

_ZXCVBN = threading.Lock()


def _random(size: int) -> str:
    return base64.b64encode(os.urandom(size)).rstrip(b"=").decode()


@functools.cache
def _nobodys() -> str:
    """Make what an unknown user's password is compared with: it costs the same and fits nothing."""
    return (
        f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
        f"${_random(_HASHER.salt_len)}${_random(_HASHER.hash_len)}"
    )


def settled(text: str) -> str:
    """Make a password the same from every keyboard (RFC 8265, section 4.2: no control characters, normal form C).

    Raises ValueError.
    """
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise ValueError("must not contain control characters or unpaired surrogates")
    settled = unicodedata.normalize("NFC", text)
    if len(settled.encode()) > MAX_BYTES:
        raise ValueError(f"must have at most {MAX_BYTES} bytes")
    return settled


_SCHEMA = Field(
    json_schema_extra={"format": "password", "writeOnly": True, "pattern": web.NO_CONTROLS},
    examples=["correct horse battery staple"],
)

Given = Annotated[
    str, StringConstraints(strip_whitespace=False, max_length=MAX_BYTES), AfterValidator(settled), _SCHEMA
]
"""A password as somebody typed it, to be compared."""

New = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=MIN_LENGTH, max_length=MAX_BYTES),
    AfterValidator(settled),
    _SCHEMA,
]
"""A password to be kept. `check` it too."""


async def check(password: str, *, pointer: str, about: Iterable[str]) -> None:
    """Refuse a password that is common, a simple pattern, or close to what is publicly known `about` its owner."""
    if await _apart(lambda: _guesses(password, [*about, "ginnel"])) < MIN_GUESSES:
        raise Invalid.field(pointer, "password_common", "is among the first that a stranger would guess")


async def encode(password: str) -> str:
    return await _apart(lambda: _HASHER.hash(password))


async def verify(kept: str | None, password: str) -> bool:
    """Compare with a kept hash; with None, for nobody's password, or NONE, take as long and say no."""

    def compare() -> bool:
        try:
            return _HASHER.verify(kept or _nobodys(), password)
        except VerifyMismatchError:
            return False

    return await _apart(compare)


def outdated(kept: str) -> bool:
    """Say whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


async def _apart(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


def _guesses(password: str, about: list[str]) -> float:
    from zxcvbn import zxcvbn  # noqa: PLC0415  # 30 ms and several MiB that only a new password needs

    # Its work grows steeply with the length; a start that is hard to guess is enough.
    with _ZXCVBN:  # it keeps `about` in a global
        return float(zxcvbn(password[:32], user_inputs=[word[:64] for word in about])["guesses"])
