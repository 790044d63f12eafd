"""What pages say of themselves is read right, and no page does harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel import pages
from ginnel.pages import Preview

URL = "https://shop.example/a/page?x=1"


def read(body: bytes | str, content_type: str = "text/html") -> Preview:
    return pages.read(body.encode() if isinstance(body, str) else body, url=URL, content_type=content_type)


def test_a_card_goes_before_the_title_and_the_first_of_several_counts() -> None:
    found = read(
        """<!doctype html><html><head><title>Plain</title>
        <meta property="og:title" content="  Spring &amp;\n sale ">
        <META NAME="og:title" CONTENT="second">
        <meta name=twitter:title content=Twitter>
        <meta name="description" content="All that grows.">
        <meta property="og:image" content="/pictures/1.png?a=b">
        <meta property="og:site_name" content="Shop">
        </head><body><meta property="og:title" content="body"></body>"""
    )
    assert found == Preview(
        url=URL,
        title="Spring & sale",
        description="All that grows.",
        image="https://shop.example/pictures/1.png?a=b",
        site_name="Shop",
    )


def test_a_page_with_a_title_alone_has_that() -> None:
    found = read(
        "<html><head><script>'<title>no</title>'</script><title>\n A &lt;x&gt; \t page\n</title><title>2</title>"
    )
    assert (found.title, found.description, found.image, found.site_name) == ("A <x> page", None, None, None)


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        ("<title>Café</title>".encode("latin-1"), "text/html; charset=ISO-8859-1", "Café"),
        ("<meta charset=windows-1251><title>Привет</title>".encode("cp1251"), "text/html", "Привет"),
        ('<meta http-equiv="content-type" content="text/html; charset=shift_jis"><title>日本</title>'.encode("shift_jis"),
         "text/html", "日本"),
        ("<title>日本</title>".encode(), "text/html", "日本"),
        ("<title>Café</title>".encode("cp1252"), "text/html", "Café"),
        ("\ufeff<title>ü</title>".encode("utf-16-le"), "text/html; charset=utf-8", "ü"),
        ("<meta charset=utf-8><title>ü</title>".encode(), "text/html; charset=nonsense", "ü"),
        ("<meta charset=base64><title>ü</title>".encode(), "text/html; charset=idna", "ü"),
        ("<title>€</title>".encode("cp1252"), "text/html; charset=us-ascii", "€"),
    ],
)  # fmt: skip
def test_characters_are_what_they_were_meant_to_be(body: bytes, content_type: str, title: str) -> None:
    assert read(body, content_type).title == title


def test_text_is_one_short_line_that_controls_nothing() -> None:
    found = read(
        "<title>a\u202eb\x00c\u200bd\x1b[31m\u2028e \U000e0041f</title><meta name=description content='" + "x " * 9999
    )
    assert found.title == "abcd[31m e f"
    assert read(f"<title>{'long ' * 9999}</title>").title == ("long " * 52)[:256].strip()
    joined = "\U0001f469\u200d\U0001f52c \u0646\u0627\u0645\u0647\u200c\u0647\u0627"
    assert read(f"<title>{joined}</title>").title == joined


@pytest.mark.parametrize(
    "image",
    [
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "ftp://a.example/x",
        "http://u:p@a.example/",
        "//[",
        "",
        "x" * 9000,
    ],
)
def test_an_image_that_is_no_web_address_is_none(image: str) -> None:
    assert read(f'<meta property="og:image" content="{image}">').image is None


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<!--", "<title>", "<![", "<?", "&", "&#", "<script>", "<meta a='", "</", '<a b="', "]]>"]
)
def test_no_page_takes_long(piece: str, capsys: pytest.CaptureFixture[str]) -> None:
    body = (piece * (512 * 1024 // len(piece))).encode()
    begun = time.monotonic()
    read(body)
    took = time.monotonic() - begun
    with capsys.disabled():
        print(f"  {piece!r} {took * 1000:.0f} ms", end="")
    assert took < 1


@given(st.binary(max_size=400), st.text(max_size=40))
def test_nothing_is_raised_whatever_a_page_holds(body: bytes, content_type: str) -> None:
    pages.read(b"<title>" + body + b"<meta property=og:image content=" + body, url=URL, content_type=content_type)


@given(st.text(alphabet="<>!/?[]-&#;='\" \ntitlemeacdx1%", max_size=200))
def test_nothing_is_raised_by_what_is_nearly_html(body: str) -> None:
    pages.read(body.encode(), url=URL, content_type="text/html")


@given(st.text(max_size=80))
def test_what_is_read_can_be_stored(text: str) -> None:
    title = read(f"<title>{text}</title>").title or ""
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in title)
    assert len(title) <= 256
