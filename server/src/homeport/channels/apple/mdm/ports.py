"""What MDM needs of the database, of the sign-in that enrolled a Mac, and of its certificate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from homeport.channels.apple.mdm.model import Command, Mac
from homeport.channels.apple.mdm.release import DEADLINE


class Identity(Protocol):
    """Whose certificate signed a message; what `authority` found out. Nothing in it comes from the message."""

    @property
    def certificate_sha256(self) -> str:
        """Return the certificate's SHA-256 in hex."""
        ...

    @property
    def session_id(self) -> str:
        """Return the sign-in for which the certificate was issued."""
        ...

    @property
    def serial(self) -> str:
        """Return the serial number for which it was issued."""
        ...

    @property
    def udid(self) -> str | None:
        """Return the UDID for which it was issued, when the Mac had said it."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sign-in in the web view earned: whose Mac it is and which account is wanted on it.

    `managed_admin` is the short name of the administrator to make beside it; empty for none. `account_wanted` false lets the person
    choose an account themselves. `began_at` orders the sign-ins of one Mac.
    """

    session_id: str
    user_id: str
    username: str
    full_name: str
    began_at: datetime
    admin: bool = False
    lock: bool = True
    managed_admin: str = ""
    account_wanted: bool = True
    group_id: str | None = None
    patience: timedelta = DEADLINE


class Sessions(Protocol):
    """The sign-ins in the web view."""

    def wanted(self, session_id: str) -> Wanted | None:
        """Return what a completed sign-in earned; None when there was none, or its person may have no account any more."""
        ...


class MacStore(Protocol):
    """Macs under management."""

    def add(self, mac: Mac) -> None:
        """Add a Mac in the place of an earlier one with the same serial number or UDID."""
        ...

    def get(self, device_id: str) -> Mac | None:
        """Return the Mac of a device."""
        ...

    def lock(self, device_id: str) -> Mac | None:
        """Return the Mac of a device, and hold its row until the unit of work ends."""
        ...

    def by_certificate(self, certificate_sha256: str) -> str | None:
        """Return the device whose messages are bound to a certificate."""
        ...

    def by_serial(self, serial: str) -> str | None:
        """Return the device with a serial number."""
        ...

    def by_udid(self, udid: str) -> str | None:
        """Return the device with a UDID."""
        ...

    def save(self, mac: Mac) -> None:
        """Store every field of a Mac that was read with `lock`."""
        ...

    def seen(self, device_id: str, at: datetime) -> None:
        """Note that the Mac was heard."""
        ...

    def late(self, now: datetime, limit: int) -> Sequence[str]:
        """Return devices that wait in Setup Assistant past their deadline."""
        ...

    def to_push(self, now: datetime, limit: int) -> Sequence[str]:
        """Return devices that are to be woken now."""
        ...

    def remove(self, device_id: str) -> None:
        """Forget a Mac and its commands."""
        ...


class CommandStore(Protocol):
    """Commands, each in the queue of a device's channel."""

    def add(self, command: Command) -> None:
        """Add a command at the end of its queue."""
        ...

    def get(self, command_id: str) -> Command | None:
        """Return a command."""
        ...

    def save(self, command: Command) -> None:
        """Store a command's state."""
        ...

    def open(self, device_id: str, channel: str) -> Sequence[Command]:
        """Return the unanswered commands of a channel, the oldest first."""
        ...

    def recent(self, device_id: str, limit: int) -> Sequence[Command]:
        """Return the newest commands of a device, the newest first."""
        ...

    def drop_open(self, device_id: str) -> int:
        """Forget the unanswered commands of a device; return how many."""
        ...

    def remove_before(self, moment: datetime) -> int:
        """Forget commands that were answered before the moment; return how many."""
        ...
