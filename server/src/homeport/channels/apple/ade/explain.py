"""What will happen if this Mac boots now, line by line, with the reason of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from homeport.channels.apple.ade.model import AdeDevice, AdeServer
from homeport.channels.apple.enrollment.model import account_name
from homeport.channels.apple.settings.model import AppleSettings


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that will happen: a word and its kind for the page, what happens, and why."""

    title: str
    word: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who might sign in: the directory's user name, whether they may, and their groups."""

    username: str
    active: bool
    let_in: bool
    """Access does not stand against them: that of the Mac, or of the device group which it joins."""
    groups: frozenset[str] = frozenset()


def explain(
    device: AdeDevice,
    server: AdeServer,
    settings: AppleSettings,
    *,
    topic: str,
    provider: str,
    person: Person | None,
    now: datetime,
) -> Sequence[Line]:
    """Return what the Mac gets at Apple, where its person signs in, and which account is made."""
    lines = [_inventory(device), _profile(device, server, topic, now)]
    lines.append(
        Line("Sign-in", provider, "ok", "The person signs in with this identity provider in Setup Assistant.")
        if provider
        else Line("Sign-in", "Not possible", "error", "No identity provider is connected, so nobody can sign in.")
    )
    if person is not None:
        lines.append(_access(person))
    lines.extend((_account(settings, person), _permission(settings, person)))
    return lines


def _inventory(device: AdeDevice) -> Line:
    if not device.ours:
        return Line("At Apple", "Not ours", "error", "Apple Business Manager no longer assigns it to this server.")
    if not device.is_mac:
        return Line("At Apple", device.device_family, "off", "Homeport enrols Macs only; this device gets no profile.")
    if device.blocked:
        return Line("At Apple", "Blocked here", "error", "An administrator blocked it, so nobody may enrol it.")
    return Line("At Apple", "Assigned to us", "ok", "It was in the inventory when Apple was last asked.")


def _profile(device: AdeDevice, server: AdeServer, topic: str, now: datetime) -> Line:
    title = "Profile it fetches"
    if not device.profile_uuid:
        why = "Apple has none for it yet, so the Mac sets itself up as a private one. The next synchronization assigns it."
        if not topic:
            why = "There is no push certificate, so none is assigned, and the Mac sets itself up as a private one."
        if device.failure:
            why = f"Apple answered the last assignment with {device.failure}. It is repeated by itself."
        return Line(title, "None", "error", why)
    since = device.profile_assigned_at
    days = (now - since).days if since else 0
    age = f" It was assigned {_ago(days)}." if since else ""
    if device.profile_uuid != server.profile_uuid:
        why = f"Apple has a profile of earlier settings, or of another server.{age} The next synchronization assigns the present one."
        return Line(title, "An earlier one", "warn", why)
    if device.profile_status == "pushed":
        why = f"The Mac has fetched it already and keeps it until it is erased.{age}"
        return Line(title, "The present one, fetched", "ok", why)
    return Line(title, "The present one", "ok", f"It leads Setup Assistant to Homeport.{age}")


def _ago(days: int) -> str:
    return f"{days} days ago" if days > 1 else "yesterday" if days else "today"


def _access(person: Person) -> Line:
    if person.let_in:
        return Line(
            "Access", "Let in", "ok", f"Neither the Mac nor its device group is limited to others than {person.username}."
        )
    why = f"{person.username} is not assigned to the Mac or its device group, which is limited; the sign-in is refused."
    return Line("Access", "Not let in", "error", why)


def _account(settings: AppleSettings, person: Person | None) -> Line:
    title = "Account"
    if person is None:
        return Line(title, "Depends on who signs in", "info", "Enter a user name to see whose account it would be.")
    if not person.let_in:
        return Line(title, "None", "error", f"{person.username} is not let in, so no account is made.")
    if not person.active:
        return Line(title, "None", "error", f"{person.username} is not activated, so the sign-in is refused.")
    name = account_name(person.username, settings.managed_admin_name)
    lock = (
        "The person cannot change it."
        if settings.lock_account
        else "The person can change it, because the account is not locked."
    )
    return Line(title, name, "ok", f"From the user name {person.username}, in letters that macOS takes. {lock}")


def _permission(settings: AppleSettings, person: Person | None) -> Line:
    title = "Permission"
    beside = " A hidden managed administrator is made beside it." if settings.managed_admin else ""
    if settings.makes_admin(frozenset()):
        return Line(title, "Administrator", "info", f"The settings make every account an administrator.{beside}")
    if person is not None and settings.makes_admin(person.groups):
        return Line(title, "Administrator", "info", f"{person.username} is in the user group of administrators.{beside}")
    return Line(title, "Standard", "info", f"The settings make accounts standard.{beside}")
