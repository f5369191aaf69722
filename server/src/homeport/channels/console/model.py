"""What the home page says: what needs attention, and sign-ins over time as bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from homeport.directory.audit.model import Destination
from homeport.directory.devices.model import UidUse
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.mail.model import Message
from homeport.trust.signin.model import DayOfSignIns, Refusals

SILENT = timedelta(days=7)
"""A device without contact for so long is worth a look: half of the default lease, after which its people cannot come in."""
DAYS = 14
"""How many days the chart shows."""
HEIGHT = 100
"""The chart's height in its own units; the page stretches it."""
FAILING = 3
"""Failures in a row after which an event destination is worth a look: about 40 seconds, so more than a restart of the receiver."""
MOST_REASONS = 3
MOST_SYSTEMS = 8


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that somebody should look at, and where: a link for those who hold the permission that its page needs."""

    kind: str
    title: str
    sentence: str
    path: str
    label: str
    needs: Permission


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart: how high each part of its bar is, from the bottom up."""

    day: date
    counts: DayOfSignIns
    completed: int
    refused: int
    expired: int

    @property
    def top(self) -> int:
        """Return where the bar begins, from the top of the chart."""
        return HEIGHT - self.completed - self.refused - self.expired


def bars(days: Sequence[DayOfSignIns]) -> tuple[Sequence[Bar], int]:
    """Return the bars and the largest number of sign-ins on one day, which reaches the top; something is never drawn as nothing."""
    most = max((day.completed + day.refused + day.expired for day in days), default=0)

    def height(count: int) -> int:
        return ceil(count * (HEIGHT - 3) / most) if count else 0  # three parts may each be rounded up by one

    return [Bar(day.day, day, height(day.completed), height(day.refused), height(day.expired)) for day in days], most


def share(systems: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Return the most frequent operating systems and, if there are more, all others as one."""
    names = list(systems.items())
    shown = names if len(names) <= MOST_SYSTEMS else names[: MOST_SYSTEMS - 1]
    rest = sum(systems.values()) - sum(count for _, count in shown)
    return [*shown, ("Others", rest)] if rest else shown


def refused_lately(refusals: Sequence[Refusals]) -> Sequence[Attention]:
    """Say which reasons refused sign-ins within a day, the most frequent first, each with its list."""
    found = sorted((one for one in refusals if one.day), key=lambda one: -one.day)[:MOST_REASONS]
    return [
        Attention(
            "warn",
            f"{one.day} {'sign-in' if one.day == 1 else 'sign-ins'} refused in the last 24 hours: {one.reason}",
            f"{one.week} in the last 7 days. Each attempt says what failed and how to mend it.",
            f"/admin/sign-ins?reason={one.reason}&since=24h",
            "See the attempts",
            Permission.SIGNINS_READ,
        )
        for one in found
    ]


def undelivered(failed: Message | None, now: datetime) -> Sequence[Attention]:
    """Say that mail was rejected or given up within a day."""
    if failed is None or failed.ended_at is None or failed.ended_at < now - timedelta(days=1):
        return []
    title = f"Mail to {failed.recipient} was not delivered"
    said = f"The mail server said: {failed.answer}"
    return [Attention("warn", title, said, "/admin/mail", "See what was sent", Permission.MAIL_READ)]


def not_sent(destinations: Sequence[Destination]) -> Sequence[Attention]:
    """Say which event destinations do not take what they are sent, after how many attempts."""
    return [
        Attention(
            "warn",
            f"Events do not reach {one.name}",
            f"{one.failure} Failed {one.attempts} times in a row; the events wait, and retention waits with them.",
            f"/admin/event-destinations/{one.id}",
            "See the destination",
            Permission.AUDIT_READ,
        )
        for one in destinations
        if one.enabled and one.attempts >= FAILING
    ]


def without_a_way() -> Attention:
    """Say that federation takes no effect yet."""
    return Attention(
        "warn",
        "People cannot sign in on devices yet",
        "An identity provider is connected, but no way to provision devices is enabled, so federation takes no effect.",
        "/admin/provisioning/linux",
        "Enable Self Service Account Provisioning",
        Permission.PROVISIONING_READ,
    )


def silent(count: int) -> Attention:
    """Say that devices were not heard of."""
    return Attention(
        "warn",
        f"{count} {'device has' if count == 1 else 'devices have'} not been in contact for {SILENT.days} days",
        "Accounts there go on until their lease ends; suspending somebody does not reach the device before it is in contact again.",
        "/admin/devices?sort=last_contact_at",
        "See the devices",
        Permission.DEVICES_READ,
    )


def scarce(use: UidUse) -> Attention:
    """Say that uids run out."""
    return Attention(
        "warn",
        f"{use.used:,} of {use.total:,} uids are given out",
        "When none is left, nobody new gets an account on a Linux device.",
        "/admin/provisioning/linux",
        "See the provisioning setting",
        Permission.PROVISIONING_READ,
    )
