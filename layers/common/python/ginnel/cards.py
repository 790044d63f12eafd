"""Social cards: what a chat or a network shows of a link that somebody posts, when the link has a text or a picture of its own.

A card is kept as JSON: [title, description, image], each a text or null.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple


class Card(NamedTuple):
    title: str | None
    description: str | None
    image: str | None


def make(title: str | None, description: str | None, image: str | None) -> str | None:
    """Make a link's card; None if it has neither description nor image. A title alone is but its name."""
    return json.dumps([title, description, image]) if description or image else None


def read(card: str) -> Card:
    return Card(*json.loads(card))


def wanted(user_agent: str) -> bool:
    """Say whether a visitor is a crawler that fetches what to show of a link, by its own name."""
    return _CRAWLERS.search(user_agent) is not None


# By their operators' documentation. Search engines are not among them: these follow redirects.
_CRAWLERS = re.compile(
    r"facebookexternalhit|Facebot|facebookcatalog|Twitterbot|LinkedInBot|Slackbot|Slack-ImgProxy"
    r"|Discordbot|TelegramBot|WhatsApp/|SkypeUriPreview|Mastodon/|Pleroma|Misskey/|Bluesky Cardyb|redditbot|vkShare"
    r"|Pinterest(?:bot)?/|Iframely|Embedly|Viber/|kakaotalk-scrap|Synapse \(bot"
)
