"""Requests as they come and as they should not come: strategies for raw bytes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

METHODS = (
    b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"PURGE", b"get", b"Get", b"GETX", b"",
)  # fmt: skip
VERSIONS = (
    b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b"HTTP/1.1 ", b"HTTP/11", b"HTTP/1", b"", b"ICE/1.0",
)  # fmt: skip
AGENTS = (
    b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", b"curl/8", b"", b"a\tb", b"\xff\xfe\x80",
    b"x" * 600, "Größe".encode(), b"  spaced  ", b"a\x0bb", b"a\x7fb",
)  # fmt: skip
HOSTS = (b"go.test", b"GO.TEST", b"go.test:8000", b"go.test.", b"go.test:", b"elsewhere.test", b"", b"[::1]:1", b"\xff",
         b"go.test:80:90", b"go.test, go.test", b"localhost", b"user@go.test", b"go.test/x",
         b"g\xc3\xb6.test", b"case.test")  # fmt: skip
FIELDS = (
    b"Accept: text/html,*/*;q=0.8", b"Accept: application/json", b"accept: application/problem+json",
    b"Accept-Language: de-AT,de;q=0.8", b"accept-language:", b"ACCEPT-LANGUAGE: en", b"Accept-Language: " + b"x" * 200,
    b"Referer: https://news.test/a?b", b"referer: https://\xe9.test/", b"Referer:", b"Referer: " + b"y" * 1500,
    b"X-Forwarded-For: 198.51.100.7", b"X-Forwarded-For: 8.8.8.8, 198.51.100.7", b"X-Forwarded-For:",
    b"x-forwarded-for: unknown", b"X-Forwarded-For: ,,", b"X-Forwarded-For: 2001:db8::1", b"X-Forwarded-For: \xff",
    b"X-Forwarded-For: 1.1.1.1\tx", b"X-Forwarded-For: " + b"1" * 60, b"Forwarded: for=1.2.3.4", b"X-Real-IP: 1.2.3.4",
    b"DNT: 1", b"DNT: 0", b"dnt:1", b"DNT: 1 ", b"Sec-GPC: 1", b"Sec-GPC: true", b"Sec-GPC:\t1", b"DNT: 1, 1",
    b"Sec-Purpose: prefetch", b"sec-purpose: prefetch;prerender", b"Purpose: preview", b"X-Moz: prefetch", b"X-Purpose: x",
    b"Cookie: a=b", b"Authorization: Bearer x", b"Range: bytes=0-1", b"If-None-Match: *", b"Accept-Encoding: gzip, br",
    b"TE: trailers", b"TE: chunked", b"Trailer: X", b"Via: 1.1 x", b"X-Empty:", b"Date: now", b"Purpose: prefetch",
    b"Connection: keep-alive", b"connection: Keep-Alive, X", b"Connection:", b"Connection: upgrade",
    b"Proxy-Connection: keep-alive", b"Keep-Alive: timeout=5", b"Content-Type: text/plain", b"X-HTTP-Method-Override: PUT",
    b"X-Forwarded-Host: elsewhere.test", b"X-Original-URL: /", b"X-\x80: 1", b"Max-Forwards: 0", b"HTTP2-Settings: AAMAAABk",
)  # fmt: skip
FRAMING = (
    b"Connection: close", b"CONNECTION: Close", b"Connection: keep-alive, close", b"Proxy-Connection: close",
    b"Connection: Upgrade\r\nUpgrade: websocket", b"Connection: Upgrade\r\nUpgrade: h2c", b"Upgrade: h2c", b"upgrade:",
    b"Expect: 100-continue", b"expect: 100-Continue", b"Expect: 200-ok", b"Expect:",
    b"Content-Length: 0", b"Content-Length: 0\r\nContent-Length: 0", b"content-length: +0", b"Content-Length:",
    b"Content-Length: -1", b"Content-Length: 1x", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 0, 0",
    b"Content-Length: 99999999999999999999", b"Content-Length: 0x0", b"Content-Length : 0", b"Content_Length: 5",
    b"Transfer-Encoding: identity", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding : chunked", b"Transfer-Encoding:", b"Transfer-Encoding:\x0bchunked",
    b"X: a\r\n folded", b"User-Agent: a\r\n\tfolded", b"X : spaced", b" X: early", b"NoColon", b": unnamed", b"X: \x00",
    b"X: a\rb", b"X: a\nDNT: 1", b"X\x00Y: 1", b"X: " + b"z" * 9000, b"(): 1", b"X\tY: 1", b"",
)  # fmt: skip
# Each with the body that it promises; sometimes another one follows.
BODIES = (
    (b"Content-Length: 5", b"hello"),
    (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: Chunked", b"5;x=y\r\nhello\r\n0\r\nDNT: 1\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"5\nhello\n0\n\n"),
    (b"Transfer-Encoding: chunked", b"ffffffffffffffffff\r\n"),
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"0\r\n\r\n"),
    (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Expect: 100-continue\r\nContent-Length: 5", b"hello"),
    (b"Connection: close\r\nContent-Length: 5", b"hello"),
)


def spellings(slug: str) -> list[bytes]:
    """List ways to ask for a slug: right ones, odd ones, wrong ones."""
    raw = slug.encode()
    first = b"%%%02X" % raw[0] + raw[1:]
    every = b"".join(b"%%%02x" % byte for byte in raw)
    host = b"http://go.test/"
    return [
        *(b"/" + path for path in (
            raw, raw, slug.upper().encode(), slug.lower().encode(), first, first.lower(), every, raw + b"/", raw + b"///",
            raw + b"?", raw + b"?a=1&a=2", raw + b"?qr=1", raw + b"?x=%zz&\xff", raw + b"#top", raw + b"?a#b", raw + b"/?a",
            b"/" + raw, b"./" + raw, b"x/../" + raw, raw + b"/.", raw + b"/..", raw + b".", b"." + raw, raw + b"%2f",
            raw + b"%2F%2e", raw + b"%", raw + b"%4", raw + b"%00", raw + b"%0d%0aX:1", raw + b"\x00", raw + b"\x80",
            raw + b"\xff", raw + b" ", raw + b"\t", raw + b"\\", raw + b";v=1", raw + b"+", raw + b"%20", raw + b"x" * 64,
            raw + b"/" * 3000, raw + b"%2525", raw + b'"<>', raw + b"|^`{}", raw[:-1], raw + b"/x", b"api/v1/" + raw,
        )),
        raw, b"*", host + raw, host.upper() + raw, b"https://elsewhere.test/" + raw, b"//go.test/" + raw, b"go.test:80",
        b"http:/" + raw, b"http://go.test", b"http://\xff/" + raw, b"?" + raw, b"",
    ]  # fmt: skip


OTHER_PATHS = (
    b"/", b"/no-such-link", b"/no-such-link?x", b"/robots.txt", b"/ROBOTS.TXT", b"/health/", b"/api", b"/api/v1/nothing",
    b"/docs/", b"/DOCS", b"/docs/x", b"/%64ocs", b"/redirect", b"/" + b"x" * 5000, "/größe".encode(), b"/%ff%fe", b"/%c0%af",
    b"/..%2f..%2fetc", b"/assets/../x", b"/.well-known/x",
)  # fmt: skip


def mostly(usual: bytes, *others: bytes, one_in: int = 12) -> st.SearchStrategy[bytes]:
    return st.sampled_from((usual,) * (len(others) * (one_in - 1)) + others)


_host = mostly(b"go.test", *HOSTS, one_in=5).map(b"Host: ".__add__)
_agent = st.sampled_from(AGENTS).map(b"User-Agent: ".__add__)
_field = st.sampled_from(FIELDS)
_hosts = st.tuples(_host) | st.tuples(_host) | st.lists(_host, max_size=3)
_fields = st.tuples(_hosts, st.lists(_agent, max_size=2), st.lists(_field, max_size=4), st.randoms())
_kind = st.sampled_from(["plain"] * 7 + ["framed", "framed", "odd"])
_framing = st.sampled_from(BODIES) | st.sampled_from([(line, b"") for line in FRAMING])
_method = mostly(b"GET", *METHODS, one_in=2)
_version = mostly(b"HTTP/1.1", *VERSIONS, one_in=2)
_end = mostly(b"\r\n", b"\n", b"\r", b"\r\r\n", one_in=8)
_before = mostly(b"", b"\r\n", b"\n", b" ", b"\r\n\r\n\r\n", b"\x00", one_in=6)
_space = mostly(b" ", b"  ", b"\t", b"", one_in=20)
_spoilt = st.sampled_from((None,) * 6 + (b"", b"hello", 1, -1))


@st.composite
def requests(draw: st.DrawFn, paths: st.SearchStrategy[bytes]) -> bytes:
    """One request. Most are plain visits, so that both lanes are much used."""
    path = draw(paths)
    hosts, agents, others, order = draw(_fields)
    lines = [*hosts, *agents, *others]
    order.shuffle(lines)
    method, version, end, before, body, space = b"GET", b"HTTP/1.1", b"\r\n", b"", b"", b" "
    kind = draw(_kind)
    if kind == "framed":
        framing, body = draw(_framing)
        lines.insert(order.randint(0, len(lines)), framing)
        match draw(_spoilt):
            case bytes(other):
                body = other
            case 1:
                body += b"x"
            case -1:
                body = body[:-1]
        method = draw(st.sampled_from((b"GET", b"GET", b"POST", b"HEAD")))
    elif kind == "odd":
        method, version, end, before, space = draw(st.tuples(_method, _version, _end, _before, _space))
    return before + end.join([method + space + path + space + version, *lines, b"", b""]) + body


def cuts(data: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at some places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]
