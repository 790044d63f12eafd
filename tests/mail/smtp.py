"""An SMTP server on loopback that takes what it is told to take (RFC 5321; STARTTLS, AUTH PLAIN)."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Server:
    starttls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None
    user: tuple[str, str] | None = None
    replies: dict[str, list[str]] = field(default_factory=dict)
    """What it answers to commands by their first words (lower case, "data." for a message's end), before it takes them."""
    hang: bool = False
    port: int = 0
    said: list[str] = field(default_factory=list)
    """The commands that came, as they came, and "-- encrypted --"."""
    taken: list[EmailMessage] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side has had enough, or the test has
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encrypted = self.tls is not None
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            if self.hang:
                await asyncio.sleep(60)
            verb = line.split(" ")[0].lower()
            if refusal := self._refusal(line.lower()):
                writer.write(f"{refusal}\r\n".encode())
            elif verb == "ehlo":
                offers = ["8BITMIME", "SMTPUTF8"]
                offers += ["STARTTLS"] if self.starttls and not encrypted else []
                offers += ["AUTH PLAIN"] if self.user and encrypted else []
                writer.write("".join(f"250-{offer}\r\n" for offer in offers).encode() + b"250 OK\r\n")
            elif verb == "starttls" and self.starttls:
                writer.write(b"220 go on\r\n")
                await writer.start_tls(self.starttls)
                encrypted = True
                self.said.append("-- encrypted --")
            elif verb == "auth" and self.user:
                given = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                writer.write(b"235 welcome\r\n" if given[1:] == list(self.user) else b"535 who?\r\n")
            elif verb == "data":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                if refusal := self._refusal("data."):
                    writer.write(f"{refusal}\r\n".encode())
                else:
                    self.taken.append(
                        message_from_bytes(body[:-3].replace(b"\r\n..", b"\r\n."), EmailMessage, policy=policy.default)
                    )
                    writer.write(b"250 taken\r\n")
            elif verb == "quit":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 OK\r\n")

    def _refusal(self, line: str) -> str | None:
        for words, replies in self.replies.items():
            if line.startswith(words) and replies:
                return replies.pop(0)
        return None


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await server.talk(reader, writer)

    listening = await asyncio.start_server(connected, "localhost", server.port, ssl=server.tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
