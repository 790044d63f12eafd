"""What stands in a mail: one text made into two, with nothing in it that its fields could have smuggled in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from ginnel.mail import letters, writing
from ginnel.mail.writing import Letter
from tests.mailing import link, text

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
TEXTS = sorted(path.stem for path in (Path(writing.__file__).parent / "templates").glob("*.txt"))
FIELDS = {
    "link": "http://go.test/app/reset#ticket=abc", "email": "ada@example.com", "what": "A passkey was added.",
    "workspace": "Newsroom", "inviter": "Eve", "role": "member",
}  # fmt: skip


def written(letter: Letter, *, number: int = 1) -> EmailMessage:
    """Write a mail, and read what would be sent."""
    made = writing.write(letter, sender="Ginnel <us@example.com>", number=number, asked_at=NOW, now=NOW)
    return message_from_bytes(made.as_bytes(), EmailMessage, policy=policy.default)


def marked(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert isinstance(part, EmailMessage)
    content: str = part.get_content()
    return content


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_says_the_same_as_html_and_leaves_no_place_unfilled(name: str) -> None:
    message = written(Letter("ada@example.com", name, FIELDS))
    said, page = text(message), marked(message)
    assert not re.search(r"[{}]", said + str(message["Subject"]))
    assert "http://go.test" in said
    words = re.sub(r"<[^>]+>", " ", page.partition("<body")[2].partition(">")[2])
    assert words.replace("&quot;", '"').replace("&amp;", "&").split() == said.split()
    if FIELDS["link"] in said:
        assert f'<a href="{FIELDS["link"]}">' in page
        assert link(message) == FIELDS["link"]
    assert max(map(len, message.as_string().splitlines())) < 998


def test_a_mail_says_who_what_when_and_that_a_machine_wrote_it() -> None:
    message = written(Letter("ada@example.com", "reset", FIELDS))
    assert (message["From"], message["To"]) == ("Ginnel <us@example.com>", "ada@example.com")
    assert message["Subject"] == "Choose a new password"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_same_row_is_the_same_message_and_another_is_another() -> None:
    letter = Letter("ada@example.com", "reset", FIELDS)
    first, again, other = (written(letter, number=number)["Message-ID"] for number in (1, 1, 2))
    assert first == again != other
    assert first.endswith("@go.test>")


@pytest.mark.parametrize(
    "value",
    [
        "a@b.example\r\nBcc: everybody@example.com",
        "a\n\nhttp://evil.example/\n\nb",
        "<img src=x onerror=alert(1)>",
        '"><script>1</script>',
        "{link}{site}{0}",
        "\u202eevil\u2028next\x00",
        "a&b" * 1000,
    ],
)
def test_a_value_is_text_of_one_line(value: str) -> None:
    message = written(Letter("ada@example.com", "change_email_old", {**FIELDS, "email": value}))
    clean = written(Letter("ada@example.com", "change_email_old", FIELDS))
    assert message.keys() == clean.keys()
    assert len(text(message).split("\n\n")) == len(text(clean).split("\n\n"))
    tags = [re.findall(r"<[^>]*>", marked(it)) for it in (message, clean)]
    assert tags[0] == tags[1]
    assert link(message) == FIELDS["link"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Newsroom", "“Newsroom”"),
        ("Dr. Ada, v1.2", "“Dr. Ada, v1. 2”"),
        ("http://evil.example/a", "“http:// evil. example/ a”"),
        (
            "\uff57\uff57\uff57\uff0eevil\uff0eexample or evil\u3002example",
            "“www. evil. example or evil\u3002 example”",
        ),
        ("us@evil.example mailto:us", "“us@ evil. example mailto: us”"),
        ("ev\u200bil.\u200bexample\nhello", "“ev il. example hello”"),
        ('a\u201d at “b\u201d "c"', "“a' at 'b' 'c'”"),
        ("x" * 60, f"“{'x' * 60}”"),
        ("x" * 61, f"“{'x' * 59}…”"),
        ("", ""),
    ],
)
def test_a_name_is_shown_to_strangers_in_quotes_and_as_no_link(name: str, shown: str) -> None:
    assert writing.quoted(name) == shown


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: c@d.example", "a@b.example\nSubject: x"])
def test_an_address_begins_no_header(address: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        written(Letter(address, "reset", FIELDS))


def test_a_domain_beyond_ascii_is_spelt_for_every_server() -> None:
    assert writing.deliverable("ada@bücher.example") == "ada@xn--bcher-kva.example"
    assert writing.deliverable("grüße@example.com") == "grüße@example.com"
    assert written(Letter("ada@bücher.example", "reset", FIELDS))["To"] == "ada@xn--bcher-kva.example"


def test_a_link_is_built_from_the_base_url_and_keeps_its_ticket_from_servers() -> None:
    assert writing.link("reset", "abc") == "http://go.test/app/reset#ticket=abc"


def test_every_kind_of_mail_has_its_texts_and_every_text_its_kind() -> None:
    source = Path(letters.__file__).read_text()
    sides = {"change_email_new", "change_email_old"}
    assert set(TEXTS) - sides == {name for name in TEXTS if f'"{name}"' in source}
