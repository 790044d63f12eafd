"""Mail leaves by SMTP, in the clear only where that is asked for, and by SES; what is wrong with MAIL_URL is told at once."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from localstack_client.session import Session
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from moto.sesv2.models import sesv2_backends

from ginnel import settings
from ginnel.mail import mailbox, ses, smtp, transports
from ginnel.mail.transports import Settings, Unsent
from tests.mailing import text

from .smtp import Server, serving


@pytest.fixture
def message() -> EmailMessage:
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"], made["Subject"] = "Ginnel <us@example.com>", "ada@example.com", "Grüße"
    made.set_content("Guten Tag, dear Ada.\n.\nA line with a dot alone ends nothing.\n")
    return made


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Make a server's side of TLS, whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert"))
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate / "cert", certificate / "key")
    return made


def way(url: str) -> smtp.Smtp:
    return smtp.Smtp(smtp.Server.parse(url))


def said(server: Server) -> list[str]:
    return [line.split(" ")[0].upper() for line in server.said]


async def test_a_message_arrives_as_it_was_written(message: EmailMessage) -> None:
    async with serving(Server()) as server:
        await way(f"smtp://localhost:{server.port}").send(message)
    (taken,) = server.taken
    assert (taken["Subject"], text(taken)) == ("Grüße", text(message))
    assert "mail FROM:<us@example.com>" in " ".join(server.said)
    assert said(server)[-1] == "QUIT"


async def test_starttls_comes_before_the_password_and_the_mail(message: EmailMessage, tls: ssl.SSLContext) -> None:
    async with serving(Server(starttls=tls, user=("ada@x", "p:w/d"))) as server:
        await way(f"smtp://ada%40x:p%3Aw%2Fd@localhost:{server.port}").send(message)  # pragma: allowlist secret
    assert said(server) == ["EHLO", "STARTTLS", "--", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]
    assert len(server.taken) == 1


async def test_tls_from_the_first_byte_on(message: EmailMessage, tls: ssl.SSLContext) -> None:
    async with serving(Server(tls=tls, user=("ada", "secret"))) as server:
        await way(f"smtps://ada:secret@localhost:{server.port}").send(message)
    assert len(server.taken) == 1


async def test_a_certificate_that_nobody_has_signed_gets_nothing(
    message: EmailMessage, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with serving(Server(starttls=tls, user=("ada", "secret"))) as server:
        with pytest.raises(Unsent, match="SSLCertVerificationError") as refused:
            await way(f"smtp://ada:secret@localhost:{server.port}").send(message)
    assert not refused.value.final
    assert "AUTH" not in said(server)


async def test_what_is_not_on_this_machine_must_encrypt(message: EmailMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_is_loopback", lambda _: False)
    async with serving(Server()) as server:
        with pytest.raises(Unsent, match="SMTPNotSupportedError"):
            await way(f"smtp://localhost:{server.port}").send(message)
        assert said(server) == ["EHLO"]
        await way(f"smtp://localhost:{server.port}?starttls=no").send(message)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("replies", "reason", "final"),
    [
        ({"rcpt": ["550 no such user"]}, "the recipient was refused (550)", True),
        ({"rcpt": ["450 mailbox busy"]}, "the recipient was refused (450)", False),
        ({"data.": ["554 spam"]}, "SMTPDataError (554)", True),
        ({"data.": ["451 try later"]}, "SMTPDataError (451)", False),
        ({"mail": ["530 log in first"]}, "SMTPSenderRefused (530)", False),
        ({"ehlo": ["421 too busy"], "helo": ["421 too busy"]}, "SMTPHeloError (421)", False),
    ],
)
async def test_what_a_server_refuses_is_told_from_what_it_puts_off(
    message: EmailMessage, replies: dict[str, list[str]], reason: str, *, final: bool
) -> None:
    async with serving(Server(replies=replies)) as server:
        with pytest.raises(Unsent) as unsent:
            await way(f"smtp://localhost:{server.port}").send(message)
        assert (unsent.value.reason, unsent.value.final) == (reason, final)
        assert server.taken == []
        await way(f"smtp://localhost:{server.port}").send(message)
    assert len(server.taken) == 1


async def test_a_wrong_password_is_put_right_by_us_and_not_by_giving_up(
    message: EmailMessage, tls: ssl.SSLContext
) -> None:
    async with serving(Server(starttls=tls, user=("ada", "secret"))) as server:
        with pytest.raises(Unsent, match="SMTPAuthenticationError") as unsent:
            await way(f"smtp://ada:wrong@localhost:{server.port}").send(message)  # pragma: allowlist secret
    assert not unsent.value.final


async def test_a_dead_server_and_one_that_hangs(message: EmailMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_STEP", 0.3)
    async with serving(Server(hang=True)) as server:
        with pytest.raises(Unsent, match="can't be talked to"):
            await way(f"smtp://localhost:{server.port}").send(message)
    with pytest.raises(Unsent, match="ConnectionRefusedError") as unsent:
        await way(f"smtp://localhost:{server.port}").send(message)
    assert not unsent.value.final


async def test_an_address_beyond_ascii_reaches_a_server_that_can(message: EmailMessage) -> None:
    del message["To"]
    message["To"] = "grüße@example.com"
    async with serving(Server()) as server:
        await way(f"smtp://localhost:{server.port}").send(message)
    assert any("smtputf8" in line.lower() for line in server.said)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"mail_url": "http://x", "mail_from": "a@b.example"}, "MAIL_URL must begin with"),
        ({"mail_url": "smtp://host:587"}, "MAIL_FROM is not set"),
        ({"mail_url": "smtp://u:secret@host:port", "mail_from": "a@b.example"}, "must have the form"),
        ({"mail_url": "smtp://u:secret@host/path", "mail_from": "a@b.example"}, "must have the form"),
        ({"mail_url": "smtp://host?starttls=maybe", "mail_from": "a@b.example"}, "starttls=no"),
        ({"mail_url": "ses:", "mail_from": "nobody"}, "MAIL_FROM must be an address"),
        ({"mail_url": "ses:", "mail_from": "a@b.example\r\nBcc: c@d.example"}, "MAIL_FROM must be an address"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_not_quoted(values: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as error:
        Settings(**values)
    assert "secret" not in str(error.value)


def test_a_url_is_read() -> None:
    assert smtp.Server.parse("smtp://a%40b:c%2Fd@mail.example") == smtp.Server(  # pragma: allowlist secret
        "mail.example", 587, "a@b", "c/d", tls=False, open=False
    )
    assert smtp.Server.parse("smtps://mail.example").port == 465
    assert str(Settings("ses:", "Example, Inc. <no-reply@example.com>").sender) == (
        '"Example, Inc." <no-reply@example.com>'
    )


def test_the_way_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kinds: dict[str, Callable[[object], bool]] = {
        "smtp://localhost": lambda it: isinstance(it, smtp.Smtp),
        f"mailbox:{tmp_path}": lambda it: isinstance(it, mailbox.Mailbox),
        "": lambda it: it is None,
    }
    for url, is_it in kinds.items():
        monkeypatch.setattr(settings, "read", lambda _, url=url: Settings(url, "us@example.com"))
        transports.configured.cache_clear()
        assert is_it(transports.configured()), url
    transports.configured.cache_clear()


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run moto's server, and hand out a client for it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    yield Session(region_name="eu-west-1").client("sesv2")
    server.stop()


async def test_ses_gets_the_whole_message(message: EmailMessage, amazon: Any) -> None:
    way = ses.Ses(region="eu-west-1")
    with pytest.raises(Unsent, match="MessageRejected") as unsent:
        await way.send(message)
    assert not unsent.value.final  # nobody has verified the sender yet
    amazon.create_email_identity(EmailIdentity="us@example.com")
    await way.send(message)
    (sent,) = sesv2_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].core_backend.sent_messages
    arrived = message_from_bytes(sent.raw_data.encode(), EmailMessage, policy=policy.default)
    assert (arrived["Subject"], text(arrived)) == ("Grüße", text(message))
    assert (sent.source, set(sent.destinations)) == ("Ginnel <us@example.com>", {"ada@example.com"})


async def test_ses_that_is_away_is_asked_again(message: EmailMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    with pytest.raises(Unsent, match="can't be reached") as unsent:
        await ses.Ses(region="eu-west-1").send(message)
    assert not unsent.value.final
