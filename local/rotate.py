"""`make rotate-keys`: have access tokens signed by a new key. Nothing is restarted, and nobody is signed out.

The set of keys is changed once, and says itself what follows: the new key verifies at once, signs when every process must have
read it, and then the former ones verify for as long as there are tokens of theirs. What is over is left out the next time.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ginnel import jwks
from local import credentials


class CannotRotate(RuntimeError):  # reads as what it says
    """Why the keys are as they were, in words for the person at the terminal."""


@dataclass(frozen=True)
class Place:
    """Where a set of keys is kept."""

    name: str
    read: Callable[[], str]
    write: Callable[[str], None]
    after: timedelta
    """By when every process must have read it: a file is looked at each second, a secret all five minutes."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="rotate-keys")
    parser.add_argument("--data", type=Path, default=Path(".data"), help="the folder of a `make up`")
    parser.add_argument("--file", type=Path, help="the file that JWT_KEYS_FILE names")
    parser.add_argument("--secret", help="the name or ARN of the secret that JWT_KEYS_SECRET names")
    parser.add_argument("--env-file", type=Path, help="settings for what is not in the environment")
    parser.add_argument(
        "--after", type=float, metavar="SECONDS", help="when the new key signs (else 60, a secret's 900)"
    )
    parser.add_argument("--at-once", action="store_true", help="trust no former key: they were stolen")
    wanted = parser.parse_args()
    if wanted.env_file:
        from dotenv import load_dotenv  # noqa: PLC0415  # containers have none, nor such a file

        load_dotenv(wanted.env_file)
    try:
        place = _place(wanted)
        after = place.after if wanted.after is None else timedelta(seconds=wanted.after)
        print(rotate(place, now=datetime.now(UTC), after=None if wanted.at_once else after))
    except (CannotRotate, jwks.BadKeys, OSError) as error:
        raise SystemExit(f"\n  Can't rotate: {error}\n") from None


def rotate(place: Place, *, now: datetime, after: timedelta | None) -> str:
    """Change the keys, and say what follows; without `after` the former ones are dropped at once."""
    try:
        text = (
            json.dumps({"keys": [jwks.drawn()]}) if after is None else jwks.rotated(place.read(), now=now, after=after)
        )
    except jwks.BadKeys as error:
        raise jwks.BadKeys(f"what {place.name} holds {error}") from None
    place.write(text)
    *former, new = jwks.parse(text).keys
    lines = [f"  {place.name}:", f"    {new.kid} signs {_moment(new.nbf, now)}"]
    lines += [f"    {key.kid} verifies until {_time(key.exp)}" for key in former if key.exp]
    return "\n".join(lines)


def _moment(nbf: int, now: datetime) -> str:
    return f"from {_time(nbf)}" if nbf > now.timestamp() else "as soon as it is read"


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _place(wanted: argparse.Namespace) -> Place:
    secret: str | None = wanted.secret or (None if wanted.file else os.environ.get("JWT_KEYS_SECRET"))
    if secret:
        return _in_secrets_manager(secret)
    path: Path | None = wanted.file
    if path is None and os.environ.get("JWT_KEYS"):
        raise CannotRotate("JWT_KEYS is set, which lasts as long as a process. Put it into a file: JWT_KEYS_FILE=…")
    path = path or Path(os.environ.get("JWT_KEYS_FILE") or wanted.data / "jwt-keys.json")
    if not path.exists():
        raise CannotRotate(f"there is no {path}")
    return in_file(path)


def in_file(path: Path) -> Place:
    mode = path.stat().st_mode & 0o777
    return Place(
        str(path), path.read_text, lambda text: credentials.write(path, text, mode=mode), timedelta(seconds=60)
    )


def _in_secrets_manager(name: str) -> Place:
    import boto3  # noqa: PLC0415  # containers have none
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as above

    client: Any = boto3.client("secretsmanager")

    def asked(call: Callable[[], Any]) -> Any:  # noqa: ANN401  # whatever Amazon answers
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            raise CannotRotate(str(error)) from error

    def read() -> str:
        text: str = asked(lambda: client.get_secret_value(SecretId=name))["SecretString"]
        return text

    def write(text: str) -> None:
        asked(lambda: client.put_secret_value(SecretId=name, SecretString=text))

    return Place(name, read, write, timedelta(minutes=15))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
