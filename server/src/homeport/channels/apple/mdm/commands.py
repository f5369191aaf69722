"""Commands of MDM as typed builders; each gives the `Command` dictionary of Apple's schema (device-management, macOS 26.0).

Values are put into dictionaries that plistlib writes, so no text of a person is ever part of an XML template. The keys are compared
with Apple's own schema by `tests/channels/apple/test_commands.py`.
"""

import hashlib
import plistlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from homeport.foundation.kernel.errors import Invalid

ITERATIONS = 40_000
"""PBKDF2 rounds of a managed administrator's password; Apple suggests 20,000 to 40,000."""
_HASH_BYTES, _SALT_BYTES = 128, 32
_PIN = re.compile(r"[0-9]{6}")
DEVICE_QUERIES = (
    "UDID", "SerialNumber", "DeviceName", "OSVersion", "BuildVersion", "ModelName", "Model", "ProductName", "IsSupervised",
    "IsAppleSilicon", "AwaitingConfiguration", "AutoSetupAdminAccounts", "PINRequiredForEraseDevice", "PINRequiredForDeviceLock",
)  # fmt: skip
"""What Homeport asks of a Mac; each is in Apple's schema for the device channel of macOS."""

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ManagedAdmin:
    """The administrator whom Setup Assistant makes beside the person; `password_hash` is made by `hash_password`."""

    short_name: str
    full_name: str
    password_hash: bytes
    hidden: bool = True


def account_configuration(
    full_name: str, short_name: str, *, lock: bool = True, standard: bool = False, admin: ManagedAdmin | None = None
) -> Body:
    """Pre-fill the primary account, locked as a rule; `standard` makes it no administrator and needs a managed one.

    `DontAutoPopulatePrimaryAccountInfo` is left out: true would undo both the pre-fill and the lock.
    """
    if not full_name or not short_name:
        raise Invalid("An account has a name and a full name; neither can be empty.")
    if standard and admin is None:
        raise Invalid("A standard account needs a managed administrator beside it, or nobody could administer the Mac.")
    body: Body = {
        "RequestType": "AccountConfiguration",
        "PrimaryAccountFullName": full_name,
        "PrimaryAccountUserName": short_name,
        "LockPrimaryAccountInfo": lock,
        "SetPrimarySetupAccountAsRegularUser": standard,
        "ManagedLocalUserShortName": short_name,
    }
    if admin is not None:  # macOS uses the first element only, so there is never a second
        account = {
            "shortName": admin.short_name,
            "fullName": admin.full_name,
            "passwordHash": admin.password_hash,
            "hidden": admin.hidden,
        }
        body["AutoSetupAdminAccounts"] = [account]
    return body


def device_configured() -> Body:
    """Let Setup Assistant go on."""
    return {"RequestType": "DeviceConfigured"}


def device_information(queries: Sequence[str] = DEVICE_QUERIES) -> Body:
    """Ask what the Mac is."""
    return {"RequestType": "DeviceInformation", "Queries": list(queries)}


def security_info() -> Body:
    """Ask how the Mac protects itself: FileVault, bootstrap token, firewall."""
    return {"RequestType": "SecurityInfo"}


def user_list() -> Body:
    """Ask which local accounts there are."""
    return {"RequestType": "UserList"}


def profile_list() -> Body:
    """Ask which profiles are installed."""
    return {"RequestType": "ProfileList"}


def install_profile(profile: bytes) -> Body:
    """Install a configuration profile, signed or not; the same PayloadIdentifier replaces."""
    return {"RequestType": "InstallProfile", "Payload": profile}


def remove_profile(identifier: str) -> Body:
    """Remove a profile by its PayloadIdentifier."""
    return {"RequestType": "RemoveProfile", "Identifier": identifier}


def device_lock(pin: str, message: str = "", phone: str = "") -> Body:
    """Lock the Mac at once; only the PIN opens it, so the caller has stored it before."""
    body: Body = {"RequestType": "DeviceLock", "PIN": _six_digits(pin)}
    if message:
        body["Message"] = message
    if phone:
        body["PhoneNumber"] = phone
    return body


def erase_device(pin: str) -> Body:
    """Erase the Mac. `DoNotObliterate` keeps a Mac that cannot erase its content from being made useless; Intel asks for the PIN."""
    return {"RequestType": "EraseDevice", "PIN": _six_digits(pin), "ObliterationBehavior": "DoNotObliterate"}


def set_auto_admin_password(guid: str, password_hash: bytes) -> Body:
    """Change the managed administrator's password; `guid` comes from DeviceInformation's AutoSetupAdminAccounts."""
    return {"RequestType": "SetAutoAdminPassword", "GUID": guid, "passwordHash": password_hash}


def hash_password(password: str, salt: bytes | None = None) -> bytes:
    """Return a password as macOS keeps it: a plist of SALTED-SHA512-PBKDF2 with a 32-byte salt and 128 bytes of entropy."""
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    entropy = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, _HASH_BYTES)
    return plistlib.dumps({"SALTED-SHA512-PBKDF2": {"entropy": entropy, "salt": salt, "iterations": ITERATIONS}})


def message(command_id: str, body: Body) -> bytes:
    """Return the plist that answers a Mac's request for work."""
    return plistlib.dumps({"CommandUUID": command_id, "Command": body})


def _six_digits(pin: str) -> str:
    if not _PIN.fullmatch(pin):
        raise Invalid("The PIN has six digits.", {"pin": "Enter six digits."})
    return pin
