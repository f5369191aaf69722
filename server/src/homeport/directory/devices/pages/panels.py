"""Sections that other slices' pages show: provisioning on the provider's page, accounts on a user's page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.actions.provisioning import OS_NAMES
from homeport.directory.devices.model import OSFamily, ProvisioningSetting
from homeport.directory.devices.pages.provisioning import path_of
from homeport.directory.devices.pages.words import DESIRED, OBSERVED, Word
from homeport.directory.people.model import User
from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.templates import Templates

SELF_SERVICE = "Self Service Account Provisioning"
ENROLLMENT = "Automated Device Enrollment"
UNVERIFIED: Word = ("Unverified", "warn")
READER = system("panel")
SHOWN = 20
"""A section has no reader of its own; the page around it required the permission."""


@dataclass(frozen=True, slots=True)
class ProvisioningRow:
    """A kind of operating system, a way to get an account on it, in which words that stands, and where it is set; None where nowhere."""

    os: str
    way: str
    words: Sequence[Word]
    configure: str | None


@dataclass(frozen=True, slots=True)
class DevicePanels:
    """Makes the sections. The page that shows one has checked that its reader may see the subject."""

    work: Work[DeviceActions]
    templates: Templates

    def provisioning(self, _subject: Any, actor: Actor) -> Markup:
        """Return “Device Account Provisioning” for the identity provider's page."""
        with self.work.read() as actions:
            settings = actions.provisioning.list(READER)
        return self.templates.fragment(
            "devices/provisioning_panel.html",
            rows=provisioning_rows(settings),
            may_configure=actor.may(Permission.PROVISIONING_READ) and actor.may(Permission.DEVICES_READ),
            any_enabled=any(setting.takes_effect for setting in settings),
            unverified=not all(setting.verified for setting in settings),
        )

    def user_bindings(self, user: User, actor: Actor) -> Markup:
        """Return “Devices” for a user's page."""
        with self.work.read() as actions:
            bindings = actions.bindings.of_user(READER, user.id)
        return self.templates.fragment(
            "devices/user_panel.html", bindings=bindings, desired=DESIRED, observed=OBSERVED, may=actor.may
        )

    def user_assignments(self, user: User, actor: Actor) -> Markup:
        """Return “Assigned devices” for a user's page: where somebody may sign in although it is limited, and by which ways."""
        with self.work.read() as actions:
            page = actions.access.devices_of_user(READER, user.id, limit=SHOWN)
            ways = [way for found in page.items for way in found]
            names = {one.id: one.name for one in actions.devices.list(READER, _those(way.device_id for way in ways)).items}
            names |= {one.id: one.name for one in actions.groups.list(READER, _those(way.device_group_id for way in ways)).items}
            names |= {
                one.id: one.name
                for one in actions.user_groups.get_all(READER, {way.user_group_id for way in ways if way.user_group_id})
            }
        return self.templates.fragment(
            "devices/user_assignments.html", user=user, devices=page.items, names=names, total=page.total, may=actor.may
        )


def _those(ids: Iterable[str | None]) -> Listing:
    found = sorted({one for one in ids if one})
    return Listing(filters=(Filter("id", "in", ",".join(found)),), limit=len(found))


def provisioning_rows(settings: Sequence[ProvisioningSetting]) -> Sequence[ProvisioningRow]:
    """Return one row for each kind of operating system and way."""
    rows = []
    for setting in settings:
        words: list[Word] = [("Enabled", "ok") if setting.enabled else ("Disabled", "off")]
        if not setting.verified:
            words.append(UNVERIFIED)
        rows.append(ProvisioningRow(OS_NAMES[setting.os_family], SELF_SERVICE, words, path_of(setting.os_family)))
        if setting.os_family is OSFamily.MACOS:
            rows.append(ProvisioningRow(OS_NAMES[OSFamily.MACOS], ENROLLMENT, [("Under MDM (Apple)", "info"), UNVERIFIED], None))
    return rows
