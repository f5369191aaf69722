"""The words and shapes in which devices, bindings and keys are shown."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Form, Query

from homeport.directory.devices.model import (
    IN_CONTACT,
    After,
    Desired,
    Device,
    DeviceStatus,
    EnrollmentKey,
    KeyState,
    Observed,
    SshPolicy,
    SudoPolicy,
)
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.ui import listing
from homeport.foundation.ui.listing import ListState

Word = tuple[str, str]
"""A status word and its kind (ok, info, warn, error, off)."""

MOST_SELECTED = 500
"""How many things one act on several may name, and how many a choice offers."""
Asked = Annotated[list[str] | None, Query(alias="device")]
Chosen = Annotated[list[str] | None, Form(alias="device")]
"""The devices that were ticked: in the address of a confirmation, and in its form."""
FILTERS = (
    listing.Filter("status", "Status", (("active", "Approved"), ("pending", "Waiting for approval"))),
    listing.Filter("os", "OS", (("linux", "Linux"), ("macos", "macOS"), ("windows", "Windows"))),
    listing.Filter("contact", "Last contact", (("now", "In contact"), ("day", "Not for a day"), ("week", "Not for a week"))),
    listing.Filter("hostname", "Host name"),
    listing.Filter("serial_number", "Serial number"),
    listing.Filter("enrolled_with", "Enrolment key"),
)
SORTS = ("name", "os_name", "last_contact_at", "enrolled_at")
SILENT = {"day": timedelta(days=1), "week": timedelta(days=7)}

DESIRED: dict[Desired, Word] = {
    Desired.PRESENT: ("Present", "ok"),
    Desired.SUSPENDED: ("Suspended", "warn"),
    Desired.REMOVED: ("Removed", "off"),
}
OBSERVED: dict[Observed, Word] = {
    Observed.UNKNOWN: ("Not reported yet", "info"),
    Observed.PRESENT: ("Present", "ok"),
    Observed.SUSPENDED: ("Suspended", "warn"),
    Observed.REMOVED: ("Not there", "off"),
    Observed.REFUSED: ("Refused", "error"),
}
KEY_STATES: dict[KeyState, Word] = {
    KeyState.USABLE: ("Usable", "ok"),
    KeyState.EXPIRED: ("Expired", "off"),
    KeyState.USED_UP: ("Used up", "off"),
    KeyState.REVOKED: ("Revoked", "off"),
}
SSH = (
    ("key", "A key", "Their own ssh key, as long as their lease lasts. The first sign-in over ssh is by browser."),
    ("browser", "The browser, each time", "Keys and passcodes open nothing; every session is approved in the browser."),
    ("passcode", "Whatever the machine allows", "Also the local passcode, which can then be guessed from the network."),
)
SUDO = (
    ("passcode", "The local passcode", "Works offline, like on any machine."),
    ("browser", "An approval in the browser", "With a reason, which the sign-in keeps. Needs the network."),
    ("never", "Closed", "Nobody with a Homeport account can use sudo, administrators neither."),
)
SSH_WORDS = {SshPolicy(value): label for value, label, _ in SSH}
SUDO_WORDS = {SudoPolicy(value): label for value, label, _ in SUDO}
"""What is chosen for ssh and for sudo: value, words, what it means; and the words alone."""
AFTER_CHOICES = (
    (
        After.KEEP.value,
        "Keep",
        "An ordinary local account remains and Homeport no longer looks after it. That of a suspended user is locked all the same.",
    ),
    (After.LOCK.value, "Lock", "Nobody can sign in with it, and its processes end. Its files stay."),
    (
        After.REMOVE.value,
        "Delete",
        "The account and its home folder are deleted. This cannot be undone. An account that the machine had before is only locked.",
    ),
)
DEVICE_REASONS = {
    "account_name_taken": "The device has another account of this name. Rename or remove that account, then the person signs in again.",
    "account_name_not_allowed": "The device does not allow this name. Remove the binding, change the user name, then the person signs in again.",
    "account_missing": "Somebody removed the account on the device itself. Remove the binding, or let the person sign in again.",
    "account_passcode_wanted": "The device has an account of this name. The person signs in there again, at the console with their e-mail address, and gives that account's passcode.",
    "account_passcode_wrong": "The device has an account of this name, and its passcode was not given. Is it this person's? They sign in again; root can set a new passcode.",
    "account_not_adoptable": "The device has an account of this name that nobody may take over: a system account, one that is locked or expired, or with an odd home. Rename it, or mend it.",
    "too_many_tries": "The passcode of the device's account was tried too often. The person signs in again in an hour.",
    "uid_taken": "The device has another account with this uid. Give that account another uid, then the person signs in again.",
    "gid_taken": "The device has another group with this gid. Give that group another gid, then the person signs in again.",
    "uid_out_of_range": "The uid is outside of what the device allows. Check the agent's configuration.",
    "order_expired": "The order came too late, or the device's clock is wrong. Check the clock; the person signs in again.",
    "order_superseded": "A newer order came first. Nothing is to do if the state is as wanted.",
    "order_key_invalid": "The device does not trust the server's order key. Was the server put back from a backup of another one?",
    "order_signature_invalid": "The order was altered on its way, or comes from another server. Look for a proxy between them.",
    "order_wrong_device": "The order was for another device. Look for copied agent state, as after copying a disk.",
    "order_malformed": "The agent does not understand the order. Update the agent.",
    "root_incomplete": "Files such as passwd or shadow are missing on the device.",
    "disk_full": "The device's disk is full. Make room; the agent tries again.",
    "read_only": "The device's file system is mounted read-only, as after an error of its disk. Look at it; the agent tries again.",
    "tool_failed": "A program such as useradd failed on the device. The agent's journal says why.",
    "passcode_refused": "The device refused the passcode that the person chose. The person signs in again.",
}
"""What an administrator can do about a device's reason; the codes of `docs/protocols/device.md`, section 5."""


def device_word(device: Device, now: datetime) -> Word:
    """Return how a device is doing."""
    if device.status is DeviceStatus.PENDING:
        return ("Waiting for approval", "warn")
    return ("Active", "ok") if device.in_contact(now) else ("Not in contact", "off")


def key_word(key: EnrollmentKey, now: datetime) -> Word:
    """Return whether an enrolment key still works."""
    return KEY_STATES[key.state(now)]


def asked_of(state: ListState, now: datetime | None = None, *, skip: int | None = None, limit: int | None = None) -> Listing:
    """Turn what a list's reader asked for into a listing; a filter by group is not in it, since it is no field."""
    filters = []
    for name, value in state.chosen:
        if name == "contact" and now is not None:
            since = now - (IN_CONTACT if value == "now" else SILENT.get(value, timedelta(0)))
            filters.append(Filter("last_contact_at", "gt" if value == "now" else "lt", since.isoformat()))
        elif name not in {"contact", "group"}:
            filters.append(Filter(name, "eq", value))
    found = Listing(
        text=state.text,
        filters=tuple(filters),
        sort=(f"-{state.sort}" if state.descending else state.sort,),
        skip=state.offset,
        limit=state.size,
    )
    return found if skip is None or limit is None else replace(found, skip=skip, limit=limit)


def counted(number: int, one: str) -> str:
    """Return a number with the word for what it counts."""
    return f"{number:,} {one if number == 1 else one + 's'}"
