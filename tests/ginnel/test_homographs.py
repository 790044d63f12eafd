"""Hosts that look like others, in the very letters that they use."""

from __future__ import annotations

import pytest

from ginnel import homographs, targets
from tests.conftest import Account


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("example.com", []),
        ("bücher.example", []),
        ("пример.com", []),
        ("παράδειγμα.com", []),
        ("例え.jp", []),
        ("한국어漢字.kr", []),
        ("россия.рф", []),
        ("сосо.рф", []),  # noqa: RUF001  # a word of its own script's
        ("аррӏе.com", ["target_lookalike"]),  # noqa: RUF001
        ("www.сосо.com", ["target_lookalike"]),  # noqa: RUF001
        ("сосо-24.com", ["target_lookalike"]),  # noqa: RUF001
        ("οχο.com", ["target_lookalike"]),
        ("pаypal.com", ["target_mixed_script"]),  # noqa: RUF001
        ("gοοgle.com", ["target_mixed_script"]),  # noqa: RUF001
        ("xn--a.com", []),
    ],
)
def test_a_host_that_looks_like_another_is_told(host: str, said: list[str]) -> None:
    try:
        url = targets.normalise(f"https://{host}/", own_hosts=())
    except targets.BadTarget:
        url = f"https://{host}/"
    assert homographs.found([url, None]) == said


async def test_a_link_warns_of_all_that_it_may_lead_to(account: Account) -> None:
    variants = [{"target": "https://аррӏе.com/", "weight": 50}, {"target": "https://example.com/", "weight": 50}]  # noqa: RUF001
    link = await account.link("https://pаypal.com/", variants=variants)  # noqa: RUF001
    assert link["warnings"] == ["target_lookalike", "target_mixed_script"]
    assert (await account.link())["warnings"] == []
