"""Server-side requests: a canary on loopback is never reached, and nothing takes longer or more than it may."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from ada_url import URL

from ginnel import outbound
from ginnel.outbound import Address, Caller, Limits, Refused, Unreachable
from tests import peers
from tests.peers import LOOPBACK, NAME, Peer, Request, always, answer, letting, serving

Resolve = Callable[[str], Awaitable[list[str]]]

# Each of them leads to this machine, to its network, to a cloud's metadata, or nowhere, on some system or other.
SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
    "127.0.0.1.", "127.255.255.254", "10.0.0.1",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "127\u30020\u30020\u30021", "172.16.0.1", "192.168.0.1",
    "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.0.8",
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "192.88.99.1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]", "[2002:7f00:1::]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[fc00::1]", "[fd00:ec2::254]",
    "[fd20:ce::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[3fff::1]", "[5f00::1]",
]  # fmt: skip
# As a resolver gives them: no other spellings come from there.
ANSWERS = sorted(
    {str(address) for text in SPELLINGS if (address := outbound._literal(URL(f"http://{text}/").hostname))}
)
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8"]
LIMITS = Limits()


def answering(*addresses: str) -> Resolve:
    async def resolve(_: str) -> list[str]:
        return list(addresses)

    return resolve


@pytest.fixture
async def canary() -> AsyncIterator[Peer]:
    """Listen where every spelling of loopback would lead to, if it led anywhere."""
    async with serving(always(answer(body=b"<title>secret</title>")), also=("127.255.255.254", "::1")) as peer:
        yield peer


def anywhere(resolve: Resolve, port: int) -> Caller:
    """Make a caller with the real rule for addresses, for whom the canary's port is as good as 80."""
    return Caller(permits=lambda address, asked: outbound.is_public(address) and asked == port, resolve=resolve)


def _address(spelling: str) -> Address | None:
    return outbound._literal(URL(f"http://{spelling}/").hostname)


def _is_here(address: Address | None) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    found = mapped or address
    return found is not None and (found.is_loopback or found == IPv4Address(0))


async def test_the_canary_is_hit_by_no_spelling_and_no_way_there(
    canary: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: dict[str, int] = {}

    async def refused(way: str, caller: Caller, url: str) -> None:
        tried[way] = tried.get(way, 0) + 1
        with pytest.raises((Refused, Unreachable)):
            await caller.get(url, LIMITS)

    for spelling in SPELLINGS:
        for host in (f"{spelling}:{canary.port}", spelling):
            await refused("direct", anywhere(answering(LOOPBACK), canary.port), f"http://{host}/")
            await refused("direct, https", anywhere(answering(LOOPBACK), canary.port), f"https://{host}/")
    for address in ANSWERS:
        way = "AAAA" if ":" in address else "A"
        url = f"http://name.example:{canary.port}/"
        await refused(way, anywhere(answering(address), canary.port), url)
        # What a CNAME leads to arrives as an answer; one bad answer among good ones is enough.
        await refused("CNAME, among others", anywhere(answering("8.8.8.8", address), canary.port), url)
        await refused("CNAME, first", anywhere(answering(address, "8.8.8.8"), canary.port), url)
    hits = canary.connections
    # The same without the rule, on this machine alone: what would have been hit.
    careless = Caller(permits=lambda address, _: _is_here(address), resolve=answering(LOOPBACK))
    for spelling in filter(lambda text: _is_here(_address(text)), SPELLINGS):
        assert (await careless.get(f"http://{spelling}:{canary.port}/", LIMITS)).body == b"<title>secret</title>"
    with capsys.disabled():
        print(
            f"\n  canary: {hits} hits over {len(SPELLINGS)} spellings: {tried}; without the rule {canary.connections}"
        )
    assert hits == 0


async def test_no_redirect_leads_to_the_canary(canary: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    leads = [f"http://{spelling}:{canary.port}/" for spelling in SPELLINGS]
    leads += [
        f"//{LOOPBACK}:{canary.port}/",
        f"http://rebound.example:{canary.port}/",
        f"http:\\\\{LOOPBACK}:{canary.port}",
    ]
    leads += ["file:///etc/passwd", "gopher://127.0.0.1/", f"http://a:b@{NAME}/", "http://[", f"http://{NAME}:22/"]
    following = iter(leads)

    async def lead_on(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(302, headers={"location": next(following)}))

    async with serving(lead_on) as peer:

        async def resolve(name: str) -> list[str]:
            return ["127.0.0.2" if name == "rebound.example" else LOOPBACK]

        caller = letting(peer, resolve=resolve)
        for _ in leads:
            with pytest.raises((Refused, Unreachable)):
                await caller.get(peer.url(), LIMITS)
        assert len(peer.requests) == len(leads)
    with capsys.disabled():
        print(f"\n  canary: {canary.connections} hits over {len(leads)} redirects")
    assert canary.connections == 0


async def test_a_name_that_changes_between_check_and_connection_changes_nothing(canary: Peer) -> None:
    """The first answer is public, each further one the canary: nobody asks for a further one."""
    asked: list[str] = []

    async def rebinding(name: str) -> list[str]:
        asked.append(name)
        return ["192.0.2.77" if len(asked) == 1 else LOOPBACK]

    caller = Caller(permits=lambda address, _: str(address) == "192.0.2.77", resolve=rebinding)
    with pytest.raises((Unreachable, TimeoutError)):
        await caller.get(canary.url(host="rebind.example"), Limits(seconds=0.5))
    assert (asked, canary.connections) == (["rebind.example"], 0)
    # A name that leads back here at its second look-up, after a redirect to itself, is judged again.
    async with serving(always(answer(302, headers={"location": "/again"}))) as peer:
        calls = itertools.count()

        async def turning(_: str) -> list[str]:
            return [LOOPBACK if next(calls) == 0 else "10.0.0.1"]

        with pytest.raises(Refused):
            await letting(peer, resolve=turning).get(peer.url(), LIMITS)
        assert len(peer.requests) == 1


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through_on_two_ports(address: str) -> None:
    assert outbound.is_public(ip_address(address))
    assert [port for port in (22, 25, 80, 443, 6379, 8080) if outbound._permits(ip_address(address), port)] == [80, 443]


@pytest.mark.parametrize("address", ANSWERS)
def test_others_are_not(address: str) -> None:
    assert not outbound.is_public(ip_address(address))


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http://u:p@a.example/", "nonsense", "javascript:alert(1)", "http://"]
)
async def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        await Caller(resolve=answering("8.8.8.8")).get(url, LIMITS)


async def test_proxies_from_the_environment_are_not_asked(canary: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{LOOPBACK}:{canary.port}")
    async with serving(always(answer(body=b"direct"))) as peer:
        assert (await letting(peer).get(peer.url(), LIMITS)).body == b"direct"
    assert canary.connections == 0


async def test_the_good_way_says_what_a_browser_would() -> None:
    async with serving(always(answer(body=b"<title>Hello</title>"))) as peer:
        found = await letting(peer).get(peer.url("/a%20b?c=d#e"), LIMITS)
        assert (found.status, found.body) == (200, b"<title>Hello</title>")
        (request,) = peer.requests
    assert request.line == "GET /a%20b?c=d HTTP/1.1"
    assert request.headers["host"] == f"{NAME}:{peer.port}"
    assert "cookie" not in request.headers


async def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    async def count_down(request: Request, writer: asyncio.StreamWriter) -> None:
        left = int(request.line.split()[1].strip("/"))
        writer.write(answer(302, headers={"location": f"/{left - 1}"}) if left else answer(body=b"there"))

    async with serving(count_down) as peer:
        caller = letting(peer)
        assert (await caller.get(peer.url("/3"), LIMITS)).body == b"there"
        with pytest.raises(Unreachable, match="more than 3 times"):
            await caller.get(peer.url("/4"), LIMITS)


@pytest.mark.parametrize("drip", ["head", "body", "silence"])
async def test_a_slow_server_is_left_after_three_seconds(drip: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def slow(__: Request, writer: asyncio.StreamWriter) -> None:
        if drip == "body":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n")
        for _ in range(600):
            if drip != "silence":
                writer.write(b"x-y: z\r\n" if drip == "head" else b"x")
                await writer.drain()
            await asyncio.sleep(0.1)

    async with serving(slow) as peer:
        begun = time.monotonic()
        with pytest.raises((TimeoutError, Unreachable)):
            await letting(peer).get(peer.url(), LIMITS)
        took = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n  slow {drip}: left after {took:.2f} s")
    assert took <= 3.5


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_of_an_endless_answer_half_a_megabyte_is_read(coding: str, capsys: pytest.CaptureFixture[str]) -> None:
    sent = 0
    chunk = gzip.compress(bytes(64 * 1024 * 1024)) if coding else bytes(64 * 1024)

    async def endless(__: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-encoding: {coding}\r\n\r\n".encode())
        for _ in range(10_000):
            writer.write(chunk)
            sent += len(chunk)
            await writer.drain()

    async with serving(endless) as peer:
        found = await letting(peer).get(peer.url(), LIMITS)
    with capsys.disabled():
        print(f"\n  endless {coding or 'plain'}: {len(found.body):,} bytes kept, {sent:,} written by the server")
    assert len(found.body) == 512 * 1024
    assert sent < 16 * 1024 * 1024  # the kernel's buffers


async def test_the_body_of_another_media_type_is_not_read() -> None:
    async with serving(always(answer(body=b"x" * 100, kind="video/mp4"))) as peer:
        found = await letting(peer).get(peer.url(), Limits(kinds=("text/html",)))
    assert (found.wanted, found.body) == (False, b"")


@pytest.mark.parametrize(
    "reply",
    [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000, b"HTTP/1.1 99999 x\r\n\r\n", b"\x00" * 100,
     b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"],
)  # fmt: skip
async def test_what_is_no_http_is_a_clear_error(reply: bytes) -> None:
    async with serving(always(reply)) as peer:
        with pytest.raises(Unreachable):
            await letting(peer).get(peer.url(), LIMITS)


async def test_a_dead_address_is_passed_over_for_a_living_one() -> None:
    async with serving(always(answer(body=b"here"))) as peer:
        caller = Caller(permits=lambda _, __: True, resolve=answering("127.0.0.9", LOOPBACK))
        assert (await caller.get(peer.url(), LIMITS)).body == b"here"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


async def test_a_certificate_is_verified_for_the_name_and_not_for_the_address(certificate: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate / "cert", certificate / "key")
    names: list[str | None] = []
    tls.sni_callback = lambda _, name, __: names.append(name)

    def trust() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(certificate / "cert"))

    async with serving(always(answer(body=b"safe")), tls=tls) as peer:
        url = peer.url(scheme="https")
        assert (await letting(peer, trust=trust).get(url, LIMITS)).body == b"safe"
        assert names == [NAME]
        with pytest.raises(Unreachable, match="certificate"):
            await letting(peer, trust=trust).get(peer.url(scheme="https", host="other.example"), LIMITS)
        with pytest.raises(Unreachable, match="certificate"):
            await letting(peer).get(url, LIMITS)  # nobody has signed it
        assert len(peer.requests) == 1


async def test_what_is_posted_goes_nowhere_else() -> None:
    async with serving(always(answer(307, headers={"location": "/elsewhere"}))) as peer:
        found = await letting(peer).post(peer.url("/hook"), b'{"a":1}', LIMITS, headers={"content-type": "x/y"})
    assert (found.status, len(peer.requests), peer.requests[0].body) == (307, 1, b'{"a":1}')
    assert peers.LOOPBACK not in peer.requests[0].headers["host"]
