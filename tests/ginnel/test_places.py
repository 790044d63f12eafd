"""Places: MaxMind's test database against the JSON it was built from, and addresses that are none."""

import gc
import json
import random
import sys
import weakref
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

import geoip2.database
import pytest
from geoip2.errors import AddressNotFoundError
from geoip2.models import City
from hypothesis import given
from hypothesis import strategies as st

from ginnel import places
from ginnel.places import NOWHERE, Place, Places

GEOIP = Path(__file__).parents[2].parent / "shared" / "data" / "geoip"
DATABASE = GEOIP / "GeoIP2-City-Test.mmdb"
TRUTH = GEOIP / "GeoIP2-City-Test.json"
STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "strings" / "blns.json"

needs_database = pytest.mark.skipif(not DATABASE.exists(), reason="MaxMind's test database is not beside this checkout")


@pytest.fixture(scope="module")
def known() -> Places:
    return Places(DATABASE)


@needs_database
def test_every_network_answers_its_country_region_city_and_continent(known: Places) -> None:
    truth = {network: record for entry in json.loads(TRUTH.read_text()) for network, record in entry.items()}
    for network, record in truth.items():
        country = record.get("country", {}).get("iso_code")
        region = next((f"{country}-{part['iso_code']}" for part in record.get("subdivisions", [])), None)
        expected = Place(
            country=country,
            region=region,
            city=record.get("city", {}).get("names", {}).get("en"),
            continent=record.get("continent", {}).get("code"),
        )
        for address in (ip_network(network)[0], ip_network(network)[-1]):
            assert known.find(str(address)) == expected, network
    print(f"{len(truth)} networks")
    assert len(truth) > 200


@needs_database
def test_every_network_is_where_geoip2_says(known: Places) -> None:
    networks = [ip_network(network) for entry in json.loads(TRUTH.read_text()) for network in entry]
    with geoip2.database.Reader(DATABASE) as reader:
        for network in networks:
            city = reader.city(network[0])
            assert known.find(str(network[0])) == _as_place(city), network


def test_random_addresses_are_where_geoip2_says() -> None:
    path = places.default_database()
    if path is None:
        pytest.skip("no database came with the installation")
    chance = random.Random(5)
    drawn = [str(IPv4Address(chance.getrandbits(32))) for _ in range(20_000)]
    drawn += [str(IPv6Address(0x2A << 120 | chance.getrandbits(112))) for _ in range(20_000)]
    ours, somewhere = Places(path), 0
    with geoip2.database.Reader(path) as reader:
        for address in drawn:
            try:
                expected = _as_place(reader.city(address))
            except AddressNotFoundError:
                expected = NOWHERE
            assert ours.find(address) == expected, address
            somewhere += expected != NOWHERE
    print(f"{somewhere} of {len(drawn)} are somewhere")
    assert somewhere > 10_000


def _as_place(city: City) -> Place:
    country, region = city.country.iso_code, city.subdivisions[0].iso_code if city.subdivisions else None
    return Place(
        country=country,
        region=f"{country}-{region}" if country and region else None,
        city=city.city.name,
        continent=city.continent.code,
    )


@needs_database
def test_a_region_is_named_as_in_iso_3166_2(known: Places) -> None:
    assert known.find("2.125.160.216") == Place(country="GB", region="GB-ENG", city="Boxford", continent="EU")


@needs_database
def test_a_v4_address_in_v6_dress_is_the_same_place(known: Places) -> None:
    assert known.find("::ffff:2.125.160.216") == known.find("2.125.160.216") != NOWHERE


@needs_database
@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "169.254.0.1",
            "::1",
            "fe80::1",
            "fe80::1%eth0",
            "fd00::1",
            "0.0.0.0",
        ),
        *("", " ", "localhost", "1.2.3.4:80", "[2001:218::]", "2.125.160.216 ", "02.125.160.216", "2.125.160", "42"),
        *("256.1.1.1", "2.125.160.216/32", "2.125.160.216\x00", "\ud800", "٢.125.160.216", "unknown", "9" * 10_000),
    ],
)
def test_what_is_private_or_unknown_or_no_address_is_nowhere(known: Places, address: str) -> None:
    assert known.find(address) is NOWHERE


@needs_database
@given(st.text() | st.ip_addresses().map(str))
def test_no_address_raises(known: Places, address: str) -> None:
    assert isinstance(known.find(address), Place)


@needs_database
@pytest.mark.skipif(not STRINGS.exists(), reason="the naughty strings are not beside this checkout")
def test_no_naughty_string_is_anywhere(known: Places) -> None:
    # The list has addresses in it too.
    assert all(known.find(naughty) == NOWHERE for naughty in json.loads(STRINGS.read_text()) if "." not in naughty)


@needs_database
def test_the_memo_is_bounded_and_dies_with_its_database() -> None:
    found = Places(DATABASE, memo=8)
    for last in range(100):
        found.find(f"2.125.160.{last}")
    assert found._find.cache_info().currsize == 8
    gone = weakref.ref(found)
    gc.disable()
    try:
        del found
        assert gone() is None  # without the garbage collector: nothing refers back to it
    finally:
        gc.enable()


def test_what_is_no_city_database_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        Places(tmp_path / "absent.mmdb")
    (tmp_path / "junk.mmdb").write_bytes(b"junk")
    with pytest.raises(Exception, match=r"junk\.mmdb"):
        Places(tmp_path / "junk.mmdb")


def test_the_layers_newest_database_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dbip-city-lite-2026-02.mmdb", "dbip-city-lite-2026-10.mmdb", "README"):
        (tmp_path / name).touch()
    monkeypatch.setattr(places, "LAYER", tmp_path)
    assert places.default_database() == tmp_path / "dbip-city-lite-2026-10.mmdb"


def test_the_wheels_database_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LAYER", tmp_path)
    package = tmp_path / "_maxminddb_geolite2"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "_maxminddb_geolite2", raising=False)
    assert places.default_database() is None
    (package / "GeoLite2-City.mmdb").touch()
    assert places.default_database() == package / "GeoLite2-City.mmdb"
    monkeypatch.setattr(places, "find_spec", lambda _name: None)
    assert places.default_database() is None
