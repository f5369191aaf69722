"""What MDM needs of the database and of the sign-in that enrolled a Mac."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from homeport.channels.apple.authority.model import DeviceIdentity
from homeport.channels.apple.mdm.model import Command, Mac
from homeport.channels.apple.mdm.release import DEADLINE


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is kept of how a Mac enrolled: whether Apple names its serial number as ours, who signed what, who signed in.

    `attested` says that the Mac's hardware vouched for the key of its certificate, and named serial number and UDID.
    """

    in_inventory: bool = False
    machine_info_signed: bool = False
    product: str = ""
    issuer: str = ""
    subject: str = ""
    attested: bool = False


class Sessions(Protocol):
    """The sign-ins in the web view."""

    def evidence(self, session_id: str, serial: str) -> Evidence | None:
        """Return what is kept of a session and a serial number; None when there is no such session any more."""
        ...

    def wanted(self, session_id: str) -> Wanted | None:
        """Return what a completed sign-in earned; None when there was none, or its person may have no account any more."""
        ...


class Certificates(Protocol):
    """The certificates of Macs."""

    def bind(self, identity: DeviceIdentity, udid: str) -> object:
        """Hold a certificate to a UDID; raise UnknownDevice when it has another."""
        ...

    def renewal(self, mac: Mac) -> bytes:
        """Return a profile that earns the Mac its next certificate, within 15 minutes."""
        ...

    def retire(self, session_id: str, because: str) -> None:
        """Revoke every certificate of a sign-in, so that nothing it earned is worth anything; `because` is a short code."""
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

    def late(self, now: datetime, limit: int) -> Sequence[str]:
        """Return devices that wait in Setup Assistant past their deadline."""
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

    def newest(self, device_id: str, request_types: Sequence[str]) -> Command | None:
        """Return the newest command of one of these kinds."""
        ...

    def drop_open(self, device_id: str) -> int:
        """Forget the unanswered commands of a device; return how many."""
        ...

    def remove_before(self, moment: datetime, but: Sequence[str] = ()) -> int:
        """Forget commands that were answered before the moment, but those of some kinds; return how many."""
        ...
