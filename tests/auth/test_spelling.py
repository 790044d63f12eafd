"""One address has one key, by which it is compared and counted, and the database agrees."""

from __future__ import annotations

import random
import secrets
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator

import asyncpg
import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from ginnel import users
from tests.conftest import Account

from .conftest import Told, problem
from .test_access import Browser

ADDRESS: TypeAdapter[str] = TypeAdapter(users.Email)
TURNS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.lower,
    str.casefold,
    str.swapcase,
    str.title,
    *(lambda text, form=form: unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")),
)
# Each has a case, a form or a sign beside it that is the same to somebody. The Kelvin and the long s are ASCII's in disguise.
LETTERS = (
    *("i", "I", "\u0130", "\u0131", "i\u0307", "k", "\u212a", "s", "\u017f", "ss", "ß", "\u1e9e", "é", "e\u0301"),
    *("\u03c3", "\u03c2", "\u03a3", "\uff41", "\u13a0", "\u01c6"),
)


def spellings(count: int) -> Iterator[str]:
    """Make addresses that are tricky to tell apart, until there are so many that an account may have."""
    chance = random.Random(7)  # the same ones each time
    while count:
        local, host = ("".join(chance.choices(LETTERS[:2] + LETTERS[5:6] + LETTERS, k=2)) for _ in range(2))
        address = f"{local if chance.random() < 0.3 else chance.choice('iIkKsS')}@{host}.example"
        try:
            yield ADDRESS.validate_python(chance.choice(TURNS)(address) if chance.random() < 0.8 else address)
        except ValidationError:
            continue
        count -= 1


async def test_addresses_are_the_same_here_if_they_are_in_the_database(sql: asyncpg.Connection) -> None:
    given = list(spellings(3000))
    kept = sorted(set(given))
    rows = await sql.fetch(
        """
        select a.email as one, b.email as other from unnest($1::text[]) a (email)
        join unnest($1::text[]) b (email) on a.email::citext = b.email::citext
        """,
        kept,
    )
    by_key: dict[str, list[str]] = defaultdict(list)
    for address in kept:
        by_key[users.key(address)].append(address)
    ours = {(one, other) for same in by_key.values() for one in same for other in same}
    assert {(row["one"], row["other"]) for row in rows} == ours
    print(
        f"{len(kept)} addresses of {len(given)} tries, {len(by_key)} keys: PostgreSQL has the same pairs, {len(ours)}"
    )
    assert len(ours) > len(kept) > len(by_key)
    assert all(users.key(users.key(address)) == users.key(address) for address in kept)


@pytest.mark.parametrize("local", ["straße", "İvi", "jörg", "\u212aate", "\uff4aane", "a\u0307"])
async def test_an_account_has_an_address_that_mail_gets_to(client: httpx.AsyncClient, local: str) -> None:
    body = {"email": f"{local}@example.com", "password": secrets.token_urlsafe(12)}
    for path in ("register", "forgot"):
        refused = problem(await client.post(f"/api/v1/auth/{path}", json=body), 422, "invalid")
        assert "/email" in [error["pointer"] for error in refused["errors"]]


async def test_no_spelling_of_an_account_has_tries_of_its_own(
    client: httpx.AsyncClient, browser: Browser, told: Told
) -> None:
    told(login_tries=3, login_tries_address=1000)
    name, password = f"ivi{secrets.token_hex(6)}", secrets.token_urlsafe(12)
    email = f"{name}@bücher.example"
    answer = await client.post("/api/v1/auth/register", json={"email": email, "password": password})
    assert answer.status_code == 201
    dotted = f"İ{email[1:]}"

    async def enter(spelt: str, given: str) -> httpx.Response:
        return await browser().post("/api/v1/auth/login", json={"email": spelt, "password": given})

    # What the database may take for the same address leads nowhere, with the right password, too.
    problem(await enter(dotted, password), 401, "credentials_invalid")
    for spelt in (email.upper(), f"{name}@xn--bcher-kva.example", email.title()):
        problem(await enter(spelt, "a guess"), 401, "credentials_invalid")
    problem(await enter(email, password), 429, "too_many_requests")


async def test_an_account_of_before_with_other_letters_can_still_be_entered(
    account: Account, client: httpx.AsyncClient, sql: asyncpg.Connection
) -> None:
    email = f"Jörg{secrets.token_hex(6)}@example.com"
    await sql.execute("update users set email = $2 where email = $1", account.email, email)
    for spelt in (email, email.upper(), unicodedata.normalize("NFD", email)):
        answer = await client.post("/api/v1/auth/login", json={"email": spelt, "password": account.password})
        assert answer.status_code == 200, answer.text
