"""Bots: one list, read alike by ingestion, which flags them, and by the redirect, which lets them spend nothing."""

from __future__ import annotations

from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler
from hypothesis import given
from hypothesis import strategies as st

from ginnel import agents, bots, budgets, clicks
from ginnel.clicks import Click


def test_the_fast_list_of_bots_says_what_the_slow_one_says() -> None:
    examples = [example for crawler in CRAWLER_USER_AGENTS_DATA for example in crawler["instances"]]
    assert all(bots.find(example) for example in examples)
    people = [example.replace("bot", "b0t").replace("Bot", "B0t").replace("/", "-") for example in examples]
    disagreed = [person for person in people if bool(bots.find(person)) != is_crawler(person)]
    print(f"{len(examples)} bots, {sum(not is_crawler(person) for person in people)} near-bots: {disagreed}")
    assert not disagreed


KNOWN = (
    "GPTBot/1.2", "ChatGPT-User/1.0", "OAI-SearchBot/1.0", "ClaudeBot/1.0", "Claude-User/1.0", "PerplexityBot/1.0",
    "Perplexity-User/1.0", "CCBot/2.0", "Bytespider", "Amazonbot/0.1", "Applebot/0.1", "meta-externalagent/1.1",
    "Googlebot/2.1", "AdsBot-Google", "bingbot/2.0", "DuckDuckBot/1.1", "Baiduspider/2.0", "PetalBot",
    "SeznamBot/4.0", "archive.org_bot", "facebookexternalhit/1.1", "Twitterbot/1.0", "LinkedInBot/1.0",
    "Discordbot/2.0", "redditbot/1.0", "Slackbot-LinkExpanding", "TelegramBot", "WhatsApp/2.23", "SkypeUriPreview",
    "Mastodon/4.2.8", "MicrosoftPreview/2.0", "Iframely/1.3.1", "UptimeRobot/2.0", "Pingdom.com_bot", "AhrefsBot/7.0",
    "SemrushBot/7~bl", "MJ12bot/v1.4.8", "curl/8.5.0", "Wget/1.21.4", "python-requests/2.32.3", "python-httpx/0.27",
    "aiohttp/3.9", "axios/1.7.2", "node-fetch/1.0", "okhttp/4.12.0", "Go-http-client/2.0", "Scrapy/2.11",
    "HeadlessChrome/126.0",
)  # fmt: skip


def test_a_new_list_knows_those_that_come_every_day() -> None:
    assert [said for said in KNOWN if bots.find(said) is None] == []


def test_every_bot_of_the_list_has_a_short_name() -> None:
    names = [bots._name(index) for index in range(len(CRAWLER_USER_AGENTS_DATA))]
    assert all(1 < len(name) <= 64 and name == name.strip() and "\\" not in name for name in names)


_SAMPLES = [example for crawler in CRAWLER_USER_AGENTS_DATA for example in crawler["instances"]]


@given(
    user_agent=st.binary(max_size=600)
    | st.builds(
        lambda example, cut, junk: example.encode()[:cut] + junk,
        st.sampled_from(_SAMPLES),
        st.integers(0, 600),
        st.binary(max_size=8),
    )
    | st.builds(lambda pad, example: b"x" * pad + example.encode(), st.integers(480, 520), st.sampled_from(_SAMPLES))
)
def test_the_redirect_and_ingestion_agree_on_who_is_a_bot(user_agent: bytes) -> None:
    line = clicks.pack(
        id=clicks.new_id(), at=0, link=1, workspace=1, domain=1, address=b"", user_agent=user_agent, referrer=b"",
        language=b"", query=b"", private=False,
    )  # fmt: skip
    flagged = agents.parse(Click.unpack(line).user_agent).bot
    assert budgets.spends(line) == (flagged is None)
