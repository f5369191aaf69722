"""Connects to the address that was checked: the names are resolved here, once per connection, and nowhere else."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import httpcore2

from homeport.foundation.outbound.addresses import why_blocked
from homeport.foundation.outbound.model import FailureKind

MAX_ADDRESSES = 4
"""How many addresses of one name are tried."""

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a host name into IP addresses; raises OSError when there are none."""


class Blocked(Exception):  # noqa: N818 - carried through httpcore2, never shown
    """A connection that was not made."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the operating system for the host's addresses."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(slots=True)
class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections for one fetch. TLS and the Host header keep the name; only the socket gets the checked address."""

    resolver: Resolver
    any_address: bool
    """The origin is on the allow list, so private addresses are fine."""
    connect_timeout: float
    sockets: httpcore2.AsyncNetworkBackend
    address: str = ""
    """Where the last connection went."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check every address, connect to the first that answers."""
        addresses = await checked_addresses(self.resolver, host, port, any_address=self.any_address)
        failure: Exception | None = None
        limit = self.connect_timeout if timeout is None else min(timeout, self.connect_timeout)
        for address in addresses[:MAX_ADDRESSES]:
            try:
                stream = await self.sockets.connect_tcp(
                    address, port, timeout=limit, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            self.address = address
            return stream
        raise failure or httpcore2.ConnectError("no address")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def checked_addresses(resolver: Resolver, host: str, port: int, *, any_address: bool) -> Sequence[str]:
    """Return the host's addresses; raise Blocked when there is none, or when one of them must not be reached."""
    try:
        addresses = await resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise Blocked(
            FailureKind.DNS, f"The name {host} does not resolve. Check its spelling and this server's name resolution."
        ) from error
    if not addresses:
        raise Blocked(FailureKind.DNS, f"The name {host} has no address. Check its spelling.")
    for address in addresses if not any_address else ():
        why = why_blocked(address)
        if why:
            raise Blocked(
                FailureKind.ADDRESS_BLOCKED,
                f"{_names(host, address)} is not a public address ({why}), so Homeport does not connect to it. "
                "If it really is inside your network, add its origin to HOMEPORT_OUTBOUND_ALLOW.",
            )
    return addresses


def _names(host: str, address: str) -> str:
    return address if host == address else f"{host} leads to {address}, which"
