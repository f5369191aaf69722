"""The words and shapes in which devices, bindings and keys are shown."""

from datetime import datetime

from homeport.directory.devices.model import After, Desired, Device, DeviceStatus, EnrollmentKey, KeyState, Observed

Word = tuple[str, str]
"""A status word and its kind (ok, info, warn, error, off)."""

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
AFTER_CHOICES = (
    (
        After.KEEP.value,
        "Keep it",
        "It goes on as an ordinary local account with its passcode. Homeport no longer looks after it.",
    ),
    (After.LOCK.value, "Lock it", "Nobody can sign in with it and its processes end. Its files stay."),
    (After.REMOVE.value, "Delete it", "The account and its home folder are deleted. This cannot be undone."),
)


def device_word(device: Device, now: datetime) -> Word:
    """Return how a device is doing."""
    if device.status is DeviceStatus.PENDING:
        return ("Waiting for approval", "warn")
    return ("Active", "ok") if device.in_contact(now) else ("Not in contact", "off")


def key_word(key: EnrollmentKey, now: datetime) -> Word:
    """Return whether an enrolment key still works."""
    return KEY_STATES[key.state(now)]
