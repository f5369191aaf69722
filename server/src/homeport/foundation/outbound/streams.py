"""Sends bytes over TCP or TLS to a receiver that never answers, such as a syslog collector.

The only sign that such a receiver read everything is that it closes the connection after we have ended ours; without it, the bytes may
lie in a buffer that is about to be lost. So whoever does not close in time did not take them.
"""

import asyncio
import ssl
from typing import Protocol

from homeport.foundation.outbound.model import FailureKind, FetchFailed
from homeport.foundation.outbound.network import Blocked, Resolver, checked_addresses
from homeport.foundation.outbound.urls import Origin

ENOUGH = 65_536


class Rules(Protocol):
    """What a stream needs of the client that opens it."""

    @property
    def allow(self) -> frozenset[Origin]:
        """Exact origins that may be unencrypted and at any address."""
        ...

    @property
    def resolver(self) -> Resolver:
        """What finds addresses."""
        ...

    @property
    def tls(self) -> ssl.SSLContext:
        """What certificates are judged by."""
        ...


async def deliver(rules: Rules, origin: Origin, content: bytes, limit: float) -> FetchFailed | None:
    """Send everything within `limit` seconds; None says that the other side took it and closed."""
    allowed = origin in rules.allow
    if origin.scheme != "tls" and not allowed:
        return _failed(
            origin,
            FailureKind.NOT_HTTPS,
            f"{origin} is not encrypted. Use its tls:// address, or add it to HOMEPORT_OUTBOUND_ALLOW.",
        )
    try:
        async with asyncio.timeout(limit):
            addresses = await checked_addresses(rules.resolver, origin.host, origin.port, any_address=allowed)
            reader, writer = await _open(rules, origin, addresses[0])
            try:
                await _send(reader, writer, content)
            finally:
                writer.transport.abort()
    except Blocked as blocked:
        return _failed(origin, blocked.kind, blocked.detail)
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message.rstrip(".")
        return _failed(
            origin,
            FailureKind.TLS,
            f"The certificate of {origin.host} is not accepted: {why}. "
            "If your own authority issued it, name its file in `outbound.ca_file`.",
        )
    except ssl.SSLError:
        return _failed(origin, FailureKind.TLS, f"{origin.host} does not speak TLS as expected. Check the port.")
    except TimeoutError:
        return _failed(
            origin,
            FailureKind.TIMEOUT,
            f"{origin} did not take everything and close within {limit:g} s, so nobody knows whether it read it. "
            "Check the address, and that the receiver closes when the sender ends.",
        )
    except OSError:
        return _failed(origin, FailureKind.REFUSED, f"{origin} does not take connections, or broke off. Check host and port.")
    return None


async def _open(rules: Rules, origin: Origin, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if origin.scheme == "tls":
        return await asyncio.open_connection(address, origin.port, ssl=rules.tls, server_hostname=origin.host)
    return await asyncio.open_connection(address, origin.port)


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(content)
    await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
        while await reader.read(ENOUGH):
            pass  # whatever it says is no answer; its end is
    else:
        writer.close()  # sends TLS's close_notify and waits for the other side's (RFC 8446, section 6.1)
    writer.close()
    await writer.wait_closed()


def _failed(origin: Origin, kind: FailureKind, detail: str) -> FetchFailed:
    return FetchFailed(kind, str(origin), detail)
