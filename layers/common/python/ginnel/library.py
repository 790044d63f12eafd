"""The Lua that runs inside Redis (library.lua), called as functions where these may be loaded, else as scripts.

A library's name has its source's hash in it, so that two releases can run side by side.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any, Literal, get_args

from redis.asyncio import Redis
from redis.exceptions import (
    AskError,
    ClusterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from ginnel import observe

Name = Literal["take", "fill", "visit", "nowhere", "spend", "give_back"]

# These say that it is not the place or the moment; a script would hear the same.
_NOT_NOW = (AskError, ClusterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError)

_refused = False
"""Whether functions were refused once: by an old server, a managed one, or an access list. That does not change."""


async def call(client: Redis, name: Name, keys: Sequence[str], args: Sequence[str | bytes | float]) -> Any:  # noqa: ANN401
    """Call a function of library.lua; returns its reply. Raises RedisError."""
    global _refused  # noqa: PLW0603  # what is found out once is for the whole process
    if not _refused:
        try:
            return await _by_function(client, name, keys, args)
        except _NOT_NOW:
            raise
        except ResponseError as error:
            observe.log.info("functions_refused", error=str(error))
            _refused = True
    return await _by_script(client, name, keys, args)


async def _by_function(client: Redis, name: Name, keys: Sequence[str], args: Sequence[Any]) -> Any:  # noqa: ANN401
    function = f"{_library()}_{name}"
    try:
        return await client.fcall(function, len(keys), *keys, *args)
    except ResponseError as error:
        if "Function not found" not in str(error):
            raise
    try:
        await client.function_load(_functions())
    except ResponseError as error:
        if "already exists" not in str(error):  # somebody else was quicker
            raise
    return await client.fcall(function, len(keys), *keys, *args)


async def _by_script(client: Redis, name: Name, keys: Sequence[str], args: Sequence[Any]) -> Any:  # noqa: ANN401
    script = f"{_source()}\nreturn {name}(KEYS, ARGV)"
    digest = sha1(script.encode(), usedforsecurity=False).hexdigest()
    try:
        return await client.evalsha(digest, len(keys), *keys, *args)
    except NoScriptError:
        return await client.eval(script, len(keys), *keys, *args)


@functools.cache
def _source() -> str:
    return Path(__file__).with_name("library.lua").read_text()


def _library() -> str:
    return f"ginnel_{sha256(_source().encode()).hexdigest()[:12]}"


def _functions() -> str:
    registered = "\n".join(f"redis.register_function('{_library()}_{name}', {name})" for name in get_args(Name))
    return f"#!lua name={_library()}\n{_source()}\n{registered}\n"
