"""The profile that a Mac fetches from Apple at its first boot: built from the settings, compared by its digest, never changed there."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from homeport.channels.apple.settings.model import AppleSettings

ENROLL_PATH = "/apple/enroll"
"""Where Setup Assistant's web view begins (`configuration_web_url`)."""


def document(settings: AppleSettings, public_url: str, organization: str) -> Mapping[str, Any]:
    """Return the profile that Apple is to hand out.

    `await_device_configured` keeps Setup Assistant from going on before the account is configured. `anchor_certs` stays out: it would
    have to cover every host of the provider's sign-in too.
    """
    wanted: dict[str, Any] = {
        "profile_name": f"{organization} Homeport"[:125],
        "url": f"{public_url}{ENROLL_PATH}",
        "configuration_web_url": f"{public_url}{ENROLL_PATH}",
        "org_magic": hashlib.sha256(public_url.encode()).hexdigest()[:32].upper(),
        "is_supervised": True,
        "is_mandatory": True,
        "is_mdm_removable": False,
        "await_device_configured": True,
        "auto_advance_setup": False,
        "skip_setup_items": sorted(settings.skip_panes),
    }
    given = {
        "department": settings.department,
        "support_phone_number": settings.support_phone,
        "support_email_address": settings.support_email,
    }
    return {**wanted, **{name: value for name, value in given.items() if value}}


def digest(profile: Mapping[str, Any]) -> str:
    """Return what tells two profiles apart."""
    return hashlib.sha256(json.dumps(profile, sort_keys=True).encode()).hexdigest()
