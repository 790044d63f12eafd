"""Where an address is, as far as a GeoIP database knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from types import MappingProxyType
from typing import Any, NamedTuple

from maxminddb import InvalidDatabaseError, Reader, open_database

from ginnel import settings

LAYER = Path("/opt/geoip")


@dataclass(frozen=True)
class Settings:
    geoip_db: str | None = None
    """A City database in MaxMind's format; left out, the layer's or the one that came with the installation."""


class Place(NamedTuple):
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    region: str | None = None
    """ISO 3166-2, the largest subdivision: GB-ENG."""
    city: str | None = None
    """In English."""
    continent: str | None = None
    """AF, AN, AS, EU, NA, OC or SA."""


NOWHERE = Place()
_NONE: Mapping[str, Any] = MappingProxyType({})


class Places:
    """A City database (GeoLite2, GeoIP2 or another in MaxMind's format), memory-mapped.

    Raises OSError, InvalidDatabaseError or ValueError when `path` is no such thing.
    """

    def __init__(self, path: Path, *, memo: int = 16_384) -> None:
        self._reader = open_database(path)
        kind = self._reader.metadata().database_type
        if "City" not in kind:
            self._reader.close()
            raise ValueError(f"{path} holds {kind}, not cities.")
        # A memo of this object's own: on the method, it would keep every instance alive.
        self._find = lru_cache(memo)(partial(_find, self._reader))

    def find(self, address: str) -> Place:
        """Return what is known about an IPv4 or IPv6 address: nothing, if it is private, unknown or no address."""
        return self._find(address)

    def close(self) -> None:
        self._find.cache_clear()
        self._reader.close()


def _find(reader: Reader, address: str) -> Place:
    try:
        # The reader takes whatever inet_aton does: "1" would be 0.0.0.1.
        inet_pton(AF_INET6 if ":" in address else AF_INET, address)
        found: Any = reader.get(address)
    except (InvalidDatabaseError, OSError, ValueError):
        return NOWHERE
    if found is None:
        return NOWHERE
    country = found.get("country", _NONE).get("iso_code")
    region = found["subdivisions"][0].get("iso_code") if found.get("subdivisions") else None
    return Place(
        country=country,
        region=f"{country}-{region}" if country and region else None,
        city=found.get("city", _NONE).get("names", _NONE).get("en"),
        continent=found.get("continent", _NONE).get("code"),
    )


@cache
def known() -> Places | None:
    """Return the database that GEOIP_DB names, or the one that lies ready; None if there is none. Raises BadSettings."""
    named = settings.read(Settings).geoip_db
    path = Path(named) if named else default_database()
    try:
        return Places(path) if path else None
    except (OSError, InvalidDatabaseError, ValueError) as error:
        raise settings.BadSettings(f"GEOIP_DB names no City database that can be read: {error}") from error


def default_database() -> Path | None:
    """Return the Lambda layer's database (last by name, so the newest of dated ones), else the wheel's, else None."""
    if layered := sorted(LAYER.glob("*.mmdb")):
        return layered[-1]
    # Looked for, not imported: the wheel is for one machine, and absent elsewhere.
    wheel = find_spec("_maxminddb_geolite2")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        path = Path(folder) / "GeoLite2-City.mmdb"
        if path.is_file():
            return path
    return None
