"""Targets: the WHATWG corpus, our stricter refusals, and properties of whatever is accepted."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ginnel.targets import MAX_LENGTH, BadTarget, normalise

CORPUS = Path(__file__).parents[2].parent / "shared" / "data" / "urls" / "urltestdata.json"
NAUGHTY = Path(__file__).parents[2].parent / "shared" / "data" / "strings" / "blns.json"
OWN = {"gnl.example", "Bücher.example", "localhost:8000", "plain.example:80", "[::1]:8000"}

# Written out here rather than imported, so that the test and the module can disagree.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0001\U000e0020-\U000e007f]"
)
ABSOLUTE = re.compile(r"[\x00-\x20]*https?:[/\\]{2}", re.IGNORECASE)


def code_of(text: str, own_hosts: set[str] = OWN) -> str:
    with pytest.raises(BadTarget) as refused:
        normalise(text, own_hosts=own_hosts)
    assert refused.value.detail == str(refused.value)
    return refused.value.code


def expected(case: dict[str, Any]) -> str:
    """Name what should become of a corpus case, by the corpus's own fields."""
    if UNSEEN.search(case["input"].strip(" ")):
        return "target_characters"
    if "href" not in case:
        return "target_invalid"
    if case["protocol"] not in {"http:", "https:"}:
        return "target_scheme"
    if case["username"] or case["password"]:
        return "target_userinfo"
    return "accepted"


@pytest.mark.skipif(not CORPUS.exists(), reason="the WHATWG corpus is not beside this checkout")
def test_the_whatwg_corpus_is_accepted_exactly_or_refused_for_a_stated_reason() -> None:
    cases = [case for case in json.loads(CORPUS.read_text()) if isinstance(case, dict)]
    absolute = [case for case in cases if case["base"] is None or ABSOLUTE.match(case["input"])]
    counts: Counter[str] = Counter()
    for case in absolute:
        try:
            href = normalise(case["input"], own_hosts=())
        except BadTarget as refused:
            outcome = refused.code
        else:
            outcome = "accepted"
            assert href == case["href"]
        assert outcome == expected(case), case
        counts[outcome] += 1
    print(f"{len(absolute)} of {len(cases)} cases stand alone: {dict(counts.most_common())}")
    assert counts["accepted"] > 100


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the naughty strings are not beside this checkout")
def test_no_naughty_string_does_worse_than_a_refusal() -> None:
    for naughty in json.loads(NAUGHTY.read_text()):
        for text in (naughty, f"https://example.com/{naughty}", f"https://{naughty}/"):
            try:
                assert normalise(text, own_hosts=OWN).isascii()
            except BadTarget:
                continue


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("https://example.com", "https://example.com/"),
        ("  https://example.com/x  ", "https://example.com/x"),
        ("HTTPS://EXAMPLE.com:443/%7Efoo/../bar", "https://example.com/bar"),
        ("https://bücher.example/straße?q=ü#ö", "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%BC#%C3%B6"),
        ("https://example.com/%0d%0aSet-Cookie:x", "https://example.com/%0d%0aSet-Cookie:x"),
        ("https://example.com/%E2%80%AE", "https://example.com/%E2%80%AE"),
        ("https://example.com/❤️", "https://example.com/%E2%9D%A4%EF%B8%8F"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
    ],
)
def test_a_target_is_stored_as_its_normalised_href(text: str, href: str) -> None:
    assert normalise(text, own_hosts=()) == href


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "target_invalid"),
        ("example.com/page", "target_invalid"),
        ("//example.com/", "target_invalid"),
        ("https://", "target_invalid"),
        ("https://a%00b/", "target_invalid"),
        ("https://[::1", "target_invalid"),
        ("\u00a0https://example.com/", "target_invalid"),
        ("javascript:alert(1)", "target_scheme"),
        ("data:text/html,x", "target_scheme"),
        ("ftp://example.com/", "target_scheme"),
        ("file:///etc/passwd", "target_scheme"),
        ("blob:https://example.com/x", "target_scheme"),
        ("https://user@example.com/", "target_userinfo"),
        ("https://gnl.example:pw@evil.example/", "target_userinfo"),
        ("https://:pw@example.com/", "target_userinfo"),
        ("https://example.com/\r\nSet-Cookie: a=b", "target_characters"),
        ("https://example.com/\n", "target_characters"),
        ("java\tscript:alert(1)", "target_characters"),
        ("https://example.com/\x00", "target_characters"),
        ("https://example.com/\x7f", "target_characters"),
        ("https://example.com/\u202egpj.exe", "target_characters"),
        ("https://exam\u200bple.com/", "target_characters"),
        ("https://exam\u00adple.com/", "target_characters"),
        ("https://example.com/\u3164", "target_characters"),
        ("https://example.com/\ud800", "target_characters"),
        (f"https://example.com/{'a' * MAX_LENGTH}", "target_too_long"),
        (f"https://example.com/{'é' * (MAX_LENGTH // 2)}", "target_too_long"),
    ],
)
def test_what_is_no_target_is_refused_with_its_reason(text: str, code: str) -> None:
    assert code_of(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "https://gnl.example/abc",
        "http://GNL.example",
        "https://gnl.example./abc",
        "https://gnl.example:8443/",
        "https:\\\\gnl.example\\abc",
        "https:gnl.example",
        "https://gnl%2Eexample/",
        "https://ｇｎｌ。example/",  # noqa: RUF001  # IDNA maps full-width letters and the ideographic stop
        "https://bücher.example/",
        "https://BÜCHER.example./",
        "https://xn--bcher-kva.example/",
        "http://localhost:8000/x",
        "http://plain.example/",
        "http://[0:0::1]:8000/",
    ],
)
def test_an_own_domain_is_refused_however_it_is_spelt(text: str) -> None:
    assert code_of(text) == "target_own_domain"


@pytest.mark.parametrize(
    "text",
    [
        "https://www.gnl.example/",
        "https://gnl.example.evil.example/",
        "https://evil.example/?next=https://gnl.example/",
        "http://localhost:9000/",
        "https://plain.example/",
    ],
)
def test_a_host_that_only_resembles_an_own_domain_is_accepted(text: str) -> None:
    assert normalise(text, own_hosts=OWN) == text


def test_the_longest_target_is_accepted() -> None:
    longest = "https://example.com/".ljust(MAX_LENGTH, "a")
    assert normalise(longest, own_hosts=()) == longest


@given(st.text() | st.text().map("https://example.com/{}".format) | st.text().map("http://{}/".format))
@example("https://@example.com/")
@example("https://example.com/ x")
def test_whatever_is_accepted_is_safe_in_a_header_and_stable(text: str) -> None:
    try:
        href = normalise(text, own_hosts=OWN)
    except BadTarget:
        return
    assert re.fullmatch(r"https?://[!-~]+", href)
    assert len(href) <= MAX_LENGTH
    assert normalise(href, own_hosts=OWN) == href


@given(st.text(min_size=1), st.sampled_from(["\r", "\n", "\t", "\x00", "\u202e", "\u200b", "\u2066", "\ufeff"]))
def test_an_unseen_character_anywhere_refuses_the_target(text: str, unseen: str) -> None:
    for place in range(0, len(text) + 1, 1 + len(text) // 4):
        mixed = text[:place] + unseen + text[place:]
        assert code_of(f"https://example.com/{mixed}") == "target_characters"


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST.", "foo.localhost", "127.0.0.1", "127.0.0.2", "127.1", "0x7f000001", "0.0.0.0", "0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:0.0.0.0]", "[0:0:0:0:0:ffff:7f00:2]",
    ],
)  # fmt: skip
def test_every_name_of_the_machine_is_ours_on_our_port_alone(host: str) -> None:
    own = {"localhost:8000"}
    assert code_of(f"http://{host}:8000/a", own) == "target_own_domain"
    normalise(f"http://{host}:8001/a", own_hosts=own)
    normalise(f"http://{host}:8000/a", own_hosts={"gnl.example"})


def test_what_only_looks_like_the_machine_is_anothers() -> None:
    for host in ("notlocalhost", "localhost.example", "128.0.0.1", "[::2]", "[::ffff:192.0.2.1]", "127.0.0.1.example"):
        normalise(f"http://{host}:8000/a", own_hosts={"localhost:8000"})
