"""Mail, beside webhooks: what is due is written and sent by the same runs of the schedule."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import UTC, datetime
from email.message import EmailMessage

from ginnel import addresses, observe, settings, tickets
from ginnel.errors import Unavailable
from ginnel.mail import delivering, letters, transports, writing
from ginnel.mail.delivering import Due
from ginnel.mail.transports import Transport, Unsent

from .courier import transaction

SLOTS = 8
"""Mails that one worker sends at once."""
_POLL = 0.5
_PAUSE = 2.0
_HOUR = 3600.0
_FAREWELL = 1.0
"""Seconds that attempts may still take when the process ends. What is cut off is sent again."""


class Postman:
    def __init__(self, transport: Transport | None, *, slots: int = SLOTS) -> None:
        """Without a transport mails are held for a day, in case that one is configured, and then given up."""
        self._transport = transport
        self._slots = slots
        self._running: set[asyncio.Task[bool]] = set()
        self._tended = -math.inf
        if transport is None:
            observe.log.warning("mail_goes_nowhere")

    async def run(self, seconds: float) -> int:
        """Send what is due until `seconds` are over, or for 0, until nothing is; return how many mails were sent."""
        end = time.monotonic() + seconds
        sent = 0
        try:
            while True:
                over = time.monotonic() >= end
                more = 0 if over and seconds else await self._round()
                if over and not self._running and not more:
                    return sent
                sent += await self._settle()
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=_FAREWELL)
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            self._running.clear()

    async def _round(self) -> int:
        """See to what time asks for, and begin to send what is due. What goes wrong is tried again, and ends no run."""
        try:
            await self._tend()
            return await self._begin()
        except Exception:  # noqa: BLE001  # whatever it was, what is due is still written down
            observe.log.exception("mailing_failed")
            await asyncio.sleep(_PAUSE)
            return 0

    async def _tend(self) -> None:
        if time.monotonic() - self._tended < _HOUR:
            return
        now = datetime.now(UTC)
        async with transaction() as conn:
            if self._transport is None and (held := await delivering.give_up(conn, error="MAIL_URL is not set")):
                observe.log.warning("mail_given_up", mails=held, because="MAIL_URL is not set")
            await delivering.forget(conn)
            await tickets.forget(conn, now=now)
            await addresses.forget(conn, now=now)
        self._tended = time.monotonic()

    async def _begin(self) -> int:
        """Begin to send what is due, as far as there is room; return how much that is."""
        room = self._slots - len(self._running)
        if not room or self._transport is None:
            return 0
        async with transaction() as conn:
            due = await delivering.take(conn, limit=room)
        self._running |= {asyncio.create_task(_send(one, self._transport)) for one in due}
        return len(due)

    async def _settle(self) -> int:
        """Wait a little, and see which of those that run have come to an end; return how many were sent."""
        if not self._running:
            await asyncio.sleep(_POLL)
            return 0
        done, self._running = await asyncio.wait(self._running, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED)
        return sum(map(_sent, done))


async def _send(mail: Due, transport: Transport) -> bool:
    """Make one attempt and write down what came of it; say whether the mail was sent."""
    try:
        return await _attempt(mail, transport)
    except Unavailable:
        # It is due again when our lease ends, whatever came of it.
        observe.log.warning("mail_unrecorded", mail=mail.id)
        return False


async def _attempt(mail: Due, transport: Transport) -> bool:
    try:
        message = await _written(mail)
        if message is None:
            return False
        await transport.send(message)
    except Unsent as unsent:
        await _postpone(mail, unsent)
        return False
    except Unavailable:
        raise
    except Exception as error:
        # An error of ours, perhaps with this mail alone: it does not come again at once.
        await _postpone(mail, Unsent("an error of ours", type(error).__name__))
        raise
    async with transaction() as conn:
        await delivering.finish(conn, mail)
    waited = round(1000 * (datetime.now(UTC) - mail.created_at).total_seconds())
    observe.log.info("mail_sent", mail=mail.id, template=mail.template, waited_ms=waited)
    return True


async def _written(mail: Due) -> EmailMessage | None:
    """Write a mail, with a ticket that is made now if it carries one; one that has nothing to say is done with."""
    now = datetime.now(UTC)
    async with transaction() as conn:
        letter = await letters.decide(conn, mail, now=now)
        if letter is None:
            await delivering.finish(conn, mail)
            return None
    sender = str(settings.read(transports.Settings).sender)
    return writing.write(letter, sender=sender, number=mail.id, asked_at=mail.created_at, now=now)


async def _postpone(mail: Due, unsent: Unsent) -> None:
    async with transaction() as conn:
        again = await delivering.postpone(conn, mail, unsent.detail, final=unsent.final)
    event = "mail_unsent" if again else "mail_given_up"
    observe.log.warning(event, mail=mail.id, template=mail.template, attempts=mail.attempts + 1, because=unsent.reason)
    if not again:
        observe.count("mail_given_up")


def _sent(task: asyncio.Task[bool]) -> bool:
    try:
        return task.result()
    except Exception:  # noqa: BLE001  # an error of ours keeps no other mail from being sent
        observe.log.exception("mail_failed")
        return False
