"""The enrolment profile (.mobileconfig): where the Mac gets its certificate, and where it is managed.

Every value goes through plistlib; nothing is put into XML by hand. ServerURL names nobody: on a renewal the Mac refuses a profile whose
ServerURL, CheckInURL, Topic or access rights changed, so a person is told apart by the certificate alone.
"""

import plistlib
import uuid
from dataclasses import dataclass
from typing import Any

from homeport.channels.apple.authority.model import Way

CONTENT_TYPE = "application/x-apple-aspen-config"
ACCESS_RIGHTS = 8191
"""All of them; a right that is added later would be refused at a renewal."""
KEY_SIZE, CURVE_SIZE = 2048, 384
CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2"
_DIGITAL_SIGNATURE = 1
_DIGITAL_SIGNATURE_AND_KEY_ENCIPHERMENT = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a profile is made of. `authority` is the device authority's certificate in DER, `challenge` the one-use secret.

    It is good in one `way`. With `attest` the Mac's hardware is asked to vouch for the key; a root has to be pinned for it.
    """

    public_url: str
    organization: str
    topic: str
    session_id: str
    serial: str
    challenge: str
    authority: bytes
    scep_path: str
    acme_path: str
    checkin_path: str
    connect_path: str
    way: Way = Way.SCEP
    attest: bool = False


def build(wanted: Wanted) -> bytes:
    """Return the property list, not yet signed. The same installation always gives the same identifiers."""
    host = uuid.uuid5(uuid.NAMESPACE_URL, wanted.public_url)
    identifier = f"homeport.{host}"
    authority = _payload("com.apple.security.root", identifier, "authority", host, "Device authority")
    authority["PayloadContent"] = wanted.authority
    word = "scep" if wanted.way is Way.SCEP else "acme"
    identity = _payload(f"com.apple.security.{word}", identifier, word, host, "Device certificate")
    identity |= {"PayloadContent": _scep(wanted)} if wanted.way is Way.SCEP else _acme(wanted)
    mdm = _payload("com.apple.mdm", identifier, "mdm", host, "Management")
    mdm |= {
        "IdentityCertificateUUID": identity["PayloadUUID"],
        "Topic": wanted.topic,
        "ServerURL": f"{wanted.public_url}{wanted.connect_path}",
        "CheckInURL": f"{wanted.public_url}{wanted.checkin_path}",
        "SignMessage": True,
        "AccessRights": ACCESS_RIGHTS,
        "CheckOutWhenRemoved": True,
        "ServerCapabilities": ["com.apple.mdm.per-user-connections", "com.apple.mdm.bootstraptoken"],
    }
    top: dict[str, Any] = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(uuid.uuid5(host, "profile")).upper(),
        "PayloadDisplayName": f"{wanted.organization} management",
        "PayloadOrganization": wanted.organization,
        "PayloadContent": [authority, identity, mdm],
    }
    return plistlib.dumps(top)


def _scep(wanted: Wanted) -> dict[str, Any]:
    return {
        "URL": f"{wanted.public_url}{wanted.scep_path}",
        "Name": "homeport",
        "Subject": [[["CN", wanted.serial]]],
        "Challenge": wanted.challenge,
        "Keysize": KEY_SIZE,
        "Key Type": "RSA",
        "Key Usage": _DIGITAL_SIGNATURE_AND_KEY_ENCIPHERMENT,
        "KeyIsExtractable": False,
        "AllowAllAppsAccess": False,
        "Retries": 3,
        "RetryDelay": 10,
    }


def _acme(wanted: Wanted) -> dict[str, Any]:
    """Return the keys of `com.apple.security.acme`, which stand beside the payload's own and in no PayloadContent."""
    return {
        "DirectoryURL": f"{wanted.public_url}{wanted.acme_path}/directory",
        "ClientIdentifier": wanted.challenge,
        "KeyType": "ECSECPrimeRandom",
        "KeySize": CURVE_SIZE,
        "HardwareBound": True,
        "Attest": wanted.attest,
        "Subject": [[["CN", wanted.serial]]],
        "UsageFlags": _DIGITAL_SIGNATURE,
        "ExtendedKeyUsage": [CLIENT_AUTHENTICATION],
        "KeyIsExtractable": False,
        "AllowAllAppsAccess": False,
    }


def _payload(kind: str, identifier: str, name: str, host: uuid.UUID, title: str) -> dict[str, Any]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.{name}",
        "PayloadUUID": str(uuid.uuid5(host, name)).upper(),
        "PayloadDisplayName": title,
    }
