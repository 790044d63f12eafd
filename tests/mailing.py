"""Mail as those get it to whom it is sent: everything due is written and sent, by a way out that keeps it."""

from __future__ import annotations

import re
from email.message import EmailMessage

from webhooks.postman import Postman


class Post:
    """A way out, and all that went it."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    async def send(self, message: EmailMessage) -> None:
        self.sent.append(message)

    async def to(self, address: str) -> list[EmailMessage]:
        """Have what is due sent, and return all that an address got so far, oldest first."""
        await Postman(self, slots=1).run(0)  # one by one, in the order in which they were asked for
        return [it for it in self.sent if it["To"].addresses[0].addr_spec == address]

    async def ticket(self, address: str) -> str:
        """Return the ticket of the newest mail that an address got."""
        return ticket((await self.to(address))[-1])


def text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert isinstance(part, EmailMessage)
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def link(message: EmailMessage) -> str:
    (found,) = re.findall(r"^https?://\S+$", text(message), re.MULTILINE)
    return str(found)


def ticket(message: EmailMessage) -> str:
    return link(message).partition("#ticket=")[2]
