"""QR codes, read back by a scanner's own library; SVG is drawn by a renderer of its own before."""

from __future__ import annotations

import contextlib
import io
import random
from typing import Any

import pytest
import resvg_py
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ginnel import qr
from ginnel.errors import Invalid
from tests.conftest import Account

URL = "https://go.test/spring-sale?qr=1"
DARK = ["#000", "#1b2a49", "#0a5c36", "#7a1020"]
LIGHT = ["#fff", "#ffe9b0", "#e8f6ff", "transparent"]


def picture(drawn: bytes, look: qr.Look) -> Image.Image:
    """Turn a drawn code into pixels, on white where it is transparent."""
    if look.format == "svg":
        drawn = bytes(resvg_py.svg_to_bytes(svg_string=drawn.decode(), background="#ffffff"))
    with Image.open(io.BytesIO(drawn)) as opened:
        coloured = opened.convert("RGBA")
    white = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
    white.alpha_composite(coloured)
    assert white.size == (look.size, look.size)
    return white.convert("L")


def read(drawn: bytes, look: qr.Look) -> zxingcpp.Barcode:
    # What stands around a code on a page: without it a margin of 0 would be none of the reader's business.
    shown = picture(drawn, look)
    page = Image.new("L", (look.size + 200, look.size + 200), 255)
    page.paste(shown, (100, 100))
    (found,) = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return found


def logo(kind: str = "PNG", size: tuple[int, int] = (300, 200), *, seed: int = 1, mode: str = "RGB") -> bytes:
    """Draw something loud: noise, in which a reader finds dark and light at random."""
    drawn = random.Random(seed)
    image = Image.frombytes(mode, size, drawn.randbytes(size[0] * size[1] * len(mode)))
    ImageDraw.Draw(image).ellipse((0, 0, size[0] // 2, size[1] // 2), fill=(200, 30, 60, 128)[: len(mode)])
    packed = io.BytesIO()
    image.save(packed, kind)
    return packed.getvalue()


LOGO = logo(size=(120, 90))
LOOKS = st.builds(
    lambda fmt, size, margin, ecc, fg, bg: qr.Look(
        fmt, size, margin, ecc, qr.Colour.parse(fg), None if bg == "transparent" else qr.Colour.parse(bg)
    ),
    st.sampled_from(["svg", "png"]),
    st.integers(150, 900),
    st.integers(0, 16),
    st.sampled_from(["L", "M", "Q", "H"]),
    st.sampled_from(DARK),
    st.sampled_from(LIGHT),
)
SLUGS = st.text(st.sampled_from("abcxyzABC0123456789-_/."), min_size=1, max_size=64)


@settings(deadline=None, max_examples=120)
@given(look=LOOKS, slug=SLUGS, with_logo=st.booleans())
def test_whatever_it_looks_like_it_can_be_read(look: qr.Look, slug: str, *, with_logo: bool) -> None:
    said = qr.content(f"https://go.test/{slug}")
    width = _modules(said, look, with_logo=with_logo) + 2 * look.margin
    if look.size < width:
        with pytest.raises(Invalid, match="not valid") as refused:
            qr.draw(said, look, LOGO if with_logo else b"")
        assert refused.value.errors[0].code == "size_too_small"
        return
    drawn = qr.draw(said, look, LOGO if with_logo else b"")
    assert drawn == qr.draw(said, look, LOGO if with_logo else b"")
    if look.format == "svg" and look.size < 3 * width:
        return  # a screen would need more pixels than these for it: an SVG has as many as it is given
    found = read(drawn, look)
    assert (found.text, found.ec_level) == (said, "H" if with_logo else look.correction)


def _modules(said: str, look: qr.Look, *, with_logo: bool) -> int:
    import segno  # noqa: PLC0415  # one use

    return len(segno.make_qr(said, error="H" if with_logo else look.correction, boost_error=False).matrix)


@pytest.mark.parametrize("kind", ["svg", "png"])
@pytest.mark.parametrize("slug", ["a", "spring-sale", "x" * 64])
@pytest.mark.parametrize("seed", range(4))
def test_any_logo_leaves_it_readable(kind: Any, slug: str, seed: int) -> None:
    said = qr.content(f"https://go.test/{slug}")
    look = qr.Look(kind, 600)
    image = logo("PNG" if seed % 2 else "JPEG", ((400, 400), (40, 400), (400, 40), (1, 1))[seed], seed=seed)
    assert read(qr.draw(said, look, image), look).text == said


def test_a_unicode_slug_is_said_in_ascii() -> None:
    said = qr.content("https://go.test/grüße/🎈")
    assert said == "https://go.test/gr%C3%BC%C3%9Fe/%F0%9F%8E%88?qr=1"
    assert read(qr.draw(said, qr.Look()), qr.Look()).text == said


def test_an_svg_says_nothing_but_its_pattern_and_the_logos_pixels() -> None:
    packed = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(packed, "JPEG", comment=b"<script>alert(1)</script>", quality=90)
    drawn = qr.draw(URL, qr.Look(), packed.getvalue()).decode()
    assert "script" not in drawn
    assert drawn.count("<image ") == 1
    assert 'href="data:image/png;base64,' in drawn


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({"fg": "#999", "bg": "#fff"}, "query:fg", "contrast_too_low"),
        ({"fg": "#fff", "bg": "#000"}, "query:fg", "contrast_too_low"),
        ({"fg": "#eee", "bg": "transparent"}, "query:fg", "contrast_too_low"),
        ({"fg": "red"}, "query:fg", "colour_invalid"),
        ({"bg": "#12"}, "query:bg", "colour_invalid"),
        ({"bg": "#fff;x"}, "query:bg", "colour_invalid"),
        ({"size": 64, "margin": 16, "ecc": "H"}, "query:size", "size_too_small"),
        ({"size": 63}, "query:size", "greater_than_equal"),
        ({"size": 4097}, "query:size", "less_than_equal"),
        ({"margin": 17}, "query:margin", "less_than_equal"),
        ({"ecc": "X"}, "query:ecc", "literal_error"),
        ({"format": "gif"}, "query:format", "literal_error"),
        ({"logo": "https://example.com/a.png"}, "query:logo", "logo_by_post"),
    ],
)
async def test_what_no_scanner_could_read_is_refused(
    account: Account, params: dict[str, Any], pointer: str, code: str
) -> None:
    link = await account.link(slug=None)
    answer = await account.http.get(f"/api/v1/links/{link['id']}/qr", params=params)
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


async def test_a_code_leads_where_the_link_does_and_its_mark_is_not_passed_on(account: Account) -> None:
    link = await account.link("https://example.com/a?b=1")
    answer = await account.http.get(f"/api/v1/links/{link['id']}/qr", params={"format": "png", "fg": "1b2a49"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    said = read(answer.content, qr.Look("png")).text
    assert said == f"{link['short_url']}?qr=1"
    followed = await account.http.get(said)
    assert (followed.status_code, followed.headers["location"]) == (302, "https://example.com/a?b=1")


async def test_a_picture_that_is_known_is_not_sent_again(account: Account) -> None:
    link = await account.link()
    address = f"/api/v1/links/{link['id']}/qr"
    first = await account.http.get(address)
    assert first.headers["cache-control"] == "private, max-age=3600"
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = await account.http.get(address, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = await account.http.get(address, params={"size": 500}, headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    await account.http.patch(f"/api/v1/links/{link['id']}", json={"slug": f"{link['slug']}-new"})
    moved = await account.http.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (moved.status_code, moved.headers["etag"] != first.headers["etag"]) == (200, True)


async def test_a_logo_is_posted_and_must_be_a_small_picture(account: Account) -> None:
    link = await account.link()
    address = f"/api/v1/links/{link['id']}/qr"
    answer = await account.http.post(address, params={"format": "png"}, content=LOGO)
    assert (answer.status_code, read(answer.content, qr.Look("png")).ec_level) == (200, "H")
    vector = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    huge = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(huge, "PNG")
    refused = {
        vector: (415, "logo_unreadable"),
        b"": (415, "logo_unreadable"),
        LOGO[:400]: (415, "logo_unreadable"),
        bytes(qr.MAX_LOGO + 1): (413, "logo_too_large"),
        huge.getvalue(): (413, "logo_too_large"),
    }
    for content, (status, code) in refused.items():
        answer = await account.http.post(address, content=content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


@settings(deadline=None, max_examples=200)
@given(noise=st.binary(max_size=40), at=st.integers(0, len(LOGO) - 1))
def test_a_broken_picture_is_a_problem_and_no_accident(noise: bytes, at: int) -> None:
    with contextlib.suppress(qr.LogoUnreadable, qr.LogoTooLarge):
        qr.draw(URL, qr.Look(size=100), LOGO[:at] + noise + LOGO[at + len(noise) :])


async def test_an_svg_that_is_opened_by_itself_can_do_nothing(account: Account) -> None:
    link = await account.link()
    answer = await account.http.get(f"/api/v1/links/{link['id']}/qr")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("slug", "named"),
    [
        ("sale", "attachment; filename=\"sale.svg\"; filename*=UTF-8''sale.svg"),
        ("a/b.c", "attachment; filename=\"a-b.c.svg\"; filename*=UTF-8''a-b.c.svg"),
        ("grüße", "attachment; filename=\"gr-e.svg\"; filename*=UTF-8''gr%C3%BC%C3%9Fe.svg"),
        ("🎈🎈", "attachment; filename=\"qr.svg\"; filename*=UTF-8''%F0%9F%8E%88%F0%9F%8E%88.svg"),
    ],
)
async def test_a_download_is_named_after_the_slug(account: Account, slug: str, named: str) -> None:
    link = await account.link(slug=slug)
    answer = await account.http.get(f"/api/v1/links/{link['id']}/qr?download=1")
    assert answer.headers["content-disposition"] == named


async def test_a_strangers_link_has_no_code(account: Account, register: Any) -> None:
    link = await account.link()
    stranger = await register()
    assert (await stranger.http.get(f"/api/v1/links/{link['id']}/qr")).status_code == 404
    assert (await stranger.http.post(f"/api/v1/links/{link['id']}/qr", content=LOGO)).status_code == 404
