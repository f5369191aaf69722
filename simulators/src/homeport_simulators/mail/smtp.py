"""The receiving side of SMTP, as much of RFC 5321 as a sender needs; no TLS and no names, so for this machine only."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

LARGEST = 1_000_000
MOST = 200


@dataclass
class Mailbox:
    """What arrived, the newest first."""

    messages: list[EmailMessage] = field(default_factory=list)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one sender until it leaves."""

        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            await self._serve(reader, say)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, say: Callable[[str], Awaitable[None]]) -> None:
        await say("220 mailbox.localhost takes everything and delivers nothing")
        while line := await reader.readline():
            word = line.decode("utf-8", "replace").split(" ")[0].strip().upper()
            match word:
                case "EHLO" | "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP":
                    await say("250 OK")
                case "DATA":
                    await say("354 End it with a dot")
                    self._keep(await _body(reader))
                    await say("250 Taken")
                case "QUIT":
                    await say("221 Bye")
                    return
                case _:
                    await say("502 Not here")

    def _keep(self, content: bytes) -> None:
        self.messages.insert(0, message_from_bytes(content, policy=policy.default))
        del self.messages[MOST:]


async def _body(reader: asyncio.StreamReader) -> bytes:
    lines: list[bytes] = []
    size = 0
    while (line := await reader.readline()) not in {b".\r\n", b""}:
        size += len(line)
        if size > LARGEST:
            raise ValueError("the message is too large")
        lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)  # section 4.5.2
    return b"".join(lines)
