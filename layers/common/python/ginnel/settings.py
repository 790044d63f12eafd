"""What the environment says.

Each concern declares a frozen dataclass beside the code that uses it; a field's name in capitals is the variable's name.
`read` fills it once and reports every fault together, so that a wrong deployment fails at start-up and says why.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from typing import Any, TypeVar, get_type_hints
from urllib.parse import urlsplit

Settings = TypeVar("Settings")

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names of the machine itself."""

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


class BadSettings(RuntimeError):
    """The environment lacks a variable or holds one that can't be read; the message names each."""


@functools.cache
def read(kind: type[Settings]) -> Settings:
    """Fill a settings dataclass from the environment. Fields may be str, int, float, bool, or one of these or None."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # a TypeVar can't be bound to "any dataclass"
        name = field.name.upper()
        text = os.environ.get(name, "").strip()
        if text:
            try:
                values[field.name] = _convert(text, hints[field.name])
            except ValueError as error:
                faults.append(f"{name} {error}")
        elif field.default is dataclasses.MISSING:
            faults.append(f"{name} is not set")
    if not faults:
        try:
            return kind(**values)
        except ValueError as error:
            faults.append(str(error))
    raise BadSettings("; ".join(faults) + ". See .env.example for what each variable means.")


def _convert(text: str, hint: Any) -> Any:  # noqa: ANN401  # it returns whatever the field's type is
    if hint in (str, str | None):
        return text
    if hint is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError("must be true or false")
        return text.lower() in _TRUE
    number = float if hint in (float, float | None) else int
    try:
        return number(text)
    except ValueError:
        raise ValueError("must be a number") from None


@dataclasses.dataclass(frozen=True)
class Site:
    """Where this installation is found by people. Every link that Ginnel prints or mails is built from it, never from Host."""

    base_url: str

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")) or "/" in self.base_url.rstrip("/").split("://")[1]:
            raise ValueError("BASE_URL must be an http(s) address without a path, such as https://go.example.com")

    @functools.cached_property
    def origin(self) -> str:
        return self.base_url.rstrip("/").lower()

    @functools.cached_property
    def host(self) -> str:
        """The default domain: BASE_URL's host name, without the port."""
        return urlsplit(self.origin).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.origin).port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https://")


def site() -> Site:
    found: Site = read(Site)
    return found
