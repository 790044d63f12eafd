"""Who is a bot, by the list that crawler-user-agents maintains.

Ingestion flags them by it, and a link's budget is not spent on them: both ask here, so that both agree. Importing it reads
and compiles the list, which takes longer than a redirect may: import it where it is needed.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser_rs import UserAgentExtractor

MAX_NAME: Final = 64
# Longer ones are made up. The engine is linear in it.
_MAX_USER_AGENT: Final = 1024


def claim(user_agent: str) -> str:
    """Reduce a User-Agent to what may stand in one: RFC 9110 leaves nothing but printable ASCII, at a bounded length."""
    return re.sub(r"[^ -~]+", " ", user_agent[:_MAX_USER_AGENT])


def find(user_agent: str) -> str | None:
    """Name the bot that says this of itself; None for a person, and for whoever says nothing."""
    crawler = _crawlers.extract(claim(user_agent))
    return _name(int(crawler.family)) if crawler else None


# ua-parser's engine runs the crawler list as well: one pass over all patterns, a hundred times as fast as
# is_crawler(), and it tells which one matched. The list's index takes the place of a family.
_crawlers: Final = UserAgentExtractor(
    (crawler["pattern"], str(index), None, None, None, None) for index, crawler in enumerate(CRAWLER_USER_AGENTS_DATA)
)


@cache
def _name(index: int) -> str:
    """Name the crawler as its own example does; the list has patterns but no names."""
    crawler = CRAWLER_USER_AGENTS_DATA[index]
    pattern: str = crawler["pattern"]
    matches = (re.search(pattern, example) for example in crawler["instances"])
    name = next((match[0] for match in matches if match), re.sub(r"\\(.)", r"\1", pattern))
    # Some patterns reach from the name to the address behind it: "Spider; +https://…".
    return re.split(r"[;(]", name.strip(" ;("))[0].strip(" /)-.!^$")[:MAX_NAME]
