"""Bots: the list, and the names on it."""

from __future__ import annotations

from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler

from ginnel import bots


def test_the_fast_list_of_bots_says_what_the_slow_one_says() -> None:
    examples = [example for crawler in CRAWLER_USER_AGENTS_DATA for example in crawler["instances"]]
    assert all(bots.find(example) for example in examples)
    people = [example.replace("bot", "b0t").replace("Bot", "B0t").replace("/", "-") for example in examples]
    disagreed = [person for person in people if bool(bots.find(person)) != is_crawler(person)]
    print(f"{len(examples)} bots, {sum(not is_crawler(person) for person in people)} near-bots: {disagreed}")
    assert not disagreed


def test_every_bot_of_the_list_has_a_short_name() -> None:
    names = [bots._name(index) for index in range(len(CRAWLER_USER_AGENTS_DATA))]
    assert all(1 < len(name) <= 64 and name == name.strip() and "\\" not in name for name in names)
