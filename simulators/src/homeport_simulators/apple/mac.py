"""A Mac as Setup Assistant and mdmclient behave towards a server, as far as Apple's documents and captured messages say it.

What it cannot show is what only a real Mac shows; `docs/explanation/apple.md` of Homeport lists it.
"""

import base64
import plistlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeport_simulators.apple.acme import Acme
from homeport_simulators.apple.attestation import AttestationAuthority
from homeport_simulators.apple.openssl import OpenSsl, OpenSslError
from homeport_simulators.apple.scep import Scep
from homeport_simulators.apple.wire import Wire

CHECKIN, OTHER = "application/x-apple-aspen-mdm-checkin", "application/x-www-form-urlencoded"
_ENROLLMENT_ERROR = "MDMDeviceEnrollment"
_NOT_AWAITING = 101
_OK = 200
_LONGEST_TALK = 50
_FIRST_UID = 501


class Refused(Exception):  # noqa: N818 - what the server said
    """The server refused a message."""


@dataclass(slots=True)
class DeviceAuthority:
    """A stand-in for Apple's device CA: it signs what a Mac says of itself. Its certificate is what the server has to pin."""

    tool: OpenSsl

    @classmethod
    def make(cls, folder: Path, bits: int = 2048) -> "DeviceAuthority":
        """Make the authority in a folder, or open the one that is there."""
        folder.mkdir(parents=True, exist_ok=True)
        tool = OpenSsl(folder)
        if not tool.path("device-ca.pem").exists():
            tool.make_key("device-ca", bits)
            tool.self_sign("device-ca", "Simulated iPhone Device CA", extensions=("basicConstraints=critical,CA:TRUE",))
        return cls(tool)

    @property
    def certificate(self) -> Path:
        """Return where the authority's certificate is, in PEM."""
        return self.tool.path("device-ca.pem")

    def issue(self, mac: OpenSsl, common_name: str, bits: int = 1024) -> None:
        """Put the key and the certificate that a Mac leaves the factory with into its folder, as small and old as Apple's are."""
        mac.make_key("factory", bits)
        request = mac.run("req", "-new", "-key", "factory.key", "-subj", f"/CN={common_name}")
        words = ("-CA", "device-ca.pem", "-CAkey", "device-ca.key", "-CAcreateserial", "-days", "30", "-sha1")
        mac.path("factory.pem").write_bytes(self.tool.run("x509", "-req", *words, data=request))
        mac.path("device-ca.pem").write_bytes(self.certificate.read_bytes())


@dataclass(slots=True)
class LocalAccount:
    """An account of the Mac."""

    name: str
    full_name: str
    guid: str
    uid: int
    admin: bool
    hidden: bool = False
    secure_token: bool = False


@dataclass(slots=True)
class Mac:
    """One Mac. `folder` holds its keys; whatever `erase` leaves is what a real erasure leaves."""

    serial: str
    udid: str
    folder: Path
    wire: Wire = field(default_factory=Wire)
    name: str = "MacBook Air"
    os_version: str = "15.1"
    build: str = "24B83"
    product: str = "Mac14,2"
    busy: set[str] = field(default_factory=set)
    """RequestTypes that it answers NotNow once."""
    awaiting: bool = False
    enrolled: bool = False
    prefill: dict[str, Any] = field(default_factory=dict)
    configured: bool = False
    accounts: list[LocalAccount] = field(default_factory=list)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    locked_with: str = ""
    erased_with: str = ""
    push_magic: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    bootstrap_token: bytes = field(default_factory=lambda: secrets.token_urlsafe(24).encode(), repr=False)
    enclave: AttestationAuthority | None = None
    """What vouches for its keys; None for a Mac without a Secure Enclave."""
    tool: OpenSsl = field(init=False)
    identity: str = "device"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tool = OpenSsl(self.folder)

    # Setup Assistant's web view

    def machine_info(self, digest: str = "sha1", *, attributes: bool = False) -> bytes:
        """Return what the Mac says of itself, signed by its factory certificate."""
        said = {
            "UDID": self.udid,
            "SERIAL": self.serial,
            "PRODUCT": self.product,
            "VERSION": self.build,
            "OS_VERSION": self.os_version,
            "LANGUAGE": "en_US",
            "MDM_CAN_REQUEST_SOFTWARE_UPDATE": True,
        }
        return self.tool.sign_attached(
            "factory", plistlib.dumps(said), digest=digest, attributes=attributes, chain="device-ca.pem"
        )

    def aspen_header(self) -> dict[str, str]:
        """Return the header of the web view's first request; no other request has it."""
        return {"x-apple-aspen-deviceinfo": base64.b64encode(self.machine_info()).decode()}

    # Enrolment

    def install_enrollment(self, mobileconfig: bytes, *, awaiting: bool = True) -> None:
        """Install the enrolment profile: get the certificate, Authenticate, TokenUpdate. `awaiting` as the ADE profile says."""
        profile = self._profile(mobileconfig)
        payloads = {one["PayloadType"]: one for one in profile["PayloadContent"]}
        mdm = payloads["com.apple.mdm"]
        self._get_certificate(payloads, "device")
        self.identity = "device"
        self.profiles = {profile["PayloadIdentifier"]: {**mdm, "Payload": mobileconfig}}
        self.awaiting, self.configured, self.prefill = awaiting, False, {}
        self.authenticate()
        self.token_update()
        self.enrolled = True

    def renew(self, mobileconfig: bytes) -> None:
        """Install a profile again whose SCEP payload gives a new certificate; a changed ServerURL is refused, as macOS does."""
        profile = self._profile(mobileconfig)
        payloads = {one["PayloadType"]: one for one in profile["PayloadContent"]}
        mdm = payloads["com.apple.mdm"]
        for key in ("ServerURL", "CheckInURL", "Topic"):
            if mdm[key] != self.mdm[key]:
                raise Refused(f"{key} changed; macOS does not take such an update.")
        self._get_certificate(payloads, "renewed")
        self.identity = "renewed"
        self.profiles[profile["PayloadIdentifier"]] = {**mdm, "Payload": mobileconfig}

    def _get_certificate(self, payloads: Mapping[str, Mapping[str, Any]], name: str) -> None:
        """Get the certificate in the way that the profile says."""
        if acme := payloads.get("com.apple.security.acme"):
            Acme(self.tool, self.wire, self.serial, self.udid, self.enclave).enroll(acme, name)
        else:
            Scep(self.tool, self.wire).enroll(payloads["com.apple.security.scep"]["PayloadContent"], name)

    @property
    def mdm(self) -> dict[str, Any]:
        """Return the MDM payload of the installed enrolment profile."""
        return next(iter(self.profiles.values()))

    def authenticate(self) -> None:
        """Say that it begins to enrol."""
        said = {"DeviceName": self.name, "ModelName": self.name, "Model": self.product, "OSVersion": self.os_version}
        self._check_in("Authenticate", SerialNumber=self.serial, BuildVersion=self.build, ProductName=self.product, **said)

    def token_update(self, *, with_awaiting: bool = True) -> None:
        """Say how to wake it, and whether Setup Assistant waits."""
        keys: dict[str, Any] = {"AwaitingConfiguration": self.awaiting} if with_awaiting else {}
        self._check_in("TokenUpdate", Token=self.push_token, PushMagic=self.push_magic, NotOnConsole=False, **keys)

    @property
    def push_token(self) -> bytes:
        """Return the token by which APNs knows it."""
        return self.serial.encode().ljust(32, b"\0")

    def check_out(self) -> None:
        """Say that it leaves management."""
        self._check_in("CheckOut")
        self.enrolled = False

    # The conversation

    def poll(self, *, user: LocalAccount | None = None) -> list[str]:
        """Ask for work until there is none; return what it was told, in order."""
        told: list[str] = []
        message: dict[str, Any] = {"Status": "Idle"}
        for _ in range(_LONGEST_TALK):
            body = self._connect(message, user)
            if not body:
                return told
            command = plistlib.loads(body)
            kind = command["Command"]["RequestType"]
            told.append(kind)
            self.log.append(kind)
            message = {**self._carry_out(command["Command"]), "CommandUUID": command["CommandUUID"]}
        raise Refused("The server never runs out of commands.")

    def _carry_out(self, command: Mapping[str, Any]) -> dict[str, Any]:
        kind = command["RequestType"]
        if kind in self.busy:
            self.busy.discard(kind)
            return {"Status": "NotNow"}
        if kind == "AccountConfiguration":
            return self._account_configuration(command)
        if kind == "DeviceConfigured" and not self.awaiting:
            return _error(_NOT_AWAITING, _ENROLLMENT_ERROR)
        said = self._said(command)
        if said is not None:
            return {"Status": "Acknowledged", **said}
        match kind:
            case "DeviceConfigured":
                self.awaiting = False
            case "InstallProfile":
                self.renew(command["Payload"])
            case "DeviceLock":
                self.locked_with = command["PIN"]
            case "EraseDevice":
                self.erased_with = command["PIN"]
            case _:
                return _error(12021, "MCMDMErrorDomain")
        return {"Status": "Acknowledged"}

    def _said(self, command: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a question; None for what is none."""
        match command["RequestType"]:
            case "UserList":
                return {"Users": [self._listed(one) for one in self.accounts]}
            case "DeviceInformation":
                known = self._facts()
                return {"QueryResponses": {key: known[key] for key in command["Queries"] if key in known}}
            case "SecurityInfo":
                return {"SecurityInfo": {"FDE_Enabled": False, "SystemIntegrityProtectionEnabled": True}}
        return None

    def _account_configuration(self, command: Mapping[str, Any]) -> dict[str, Any]:
        if not self.awaiting or self.configured:
            return _error(_NOT_AWAITING, _ENROLLMENT_ERROR)
        admins = command.get("AutoSetupAdminAccounts", [])
        standard = command.get("SetPrimarySetupAccountAsRegularUser", False)
        if standard and not admins:
            return {"Status": "CommandFormatError"}
        self.configured = True
        hidden = command.get("DontAutoPopulatePrimaryAccountInfo", False)
        name = "" if hidden else command.get("PrimaryAccountUserName", "")
        self.prefill = {
            "name": name,
            "full_name": "" if hidden else command.get("PrimaryAccountFullName", ""),
            "locked": bool(command.get("LockPrimaryAccountInfo")) and bool(name),
            "standard": standard,
        }
        for admin in admins[:1]:  # macOS takes the first and ignores the others
            plistlib.loads(admin["passwordHash"])["SALTED-SHA512-PBKDF2"]["entropy"]
            self._add(
                admin["shortName"], admin.get("fullName", admin["shortName"]), admin=True, hidden=admin.get("hidden", False)
            )
        return {"Status": "Acknowledged"}

    # The person

    def create_account(self, name: str = "", full_name: str = "") -> LocalAccount:
        """Let the person type a password in the account pane; a locked pane takes no other name."""
        if self.awaiting:
            raise Refused("Setup Assistant still waits for management.")
        if self.prefill.get("locked"):
            name, full_name = self.prefill["name"], self.prefill["full_name"]
        name = name or self.prefill.get("name", "")
        account = self._add(
            name, full_name or self.prefill.get("full_name", "") or name, admin=not self.prefill.get("standard", False)
        )
        account.secure_token = True
        self._check_in("SetBootstrapToken", BootstrapToken=self.bootstrap_token)
        return account

    def log_in(self, account: LocalAccount) -> None:
        """Open the account's channel, as its first login does."""
        who = {"UserID": account.guid, "UserShortName": account.name, "UserLongName": account.full_name}
        self._check_in(
            "TokenUpdate", Token=self.push_token, PushMagic=f"{self.push_magic}-{account.name}", NotOnConsole=False, **who
        )

    def restart(self) -> None:
        """Restart: in Setup Assistant the pre-fill is lost, and macOS takes no second AccountConfiguration."""
        if self.awaiting:
            self.prefill = {}

    def erase(self) -> None:
        """Erase everything but what the factory put in."""
        for name in ("device", "renewed"):
            for end in ("key", "pem", "csr"):
                self.tool.path(f"{name}.{end}").unlink(missing_ok=True)
        self.enrolled = self.awaiting = self.configured = False
        self.prefill, self.accounts, self.profiles = {}, [], {}

    # The wire

    def _check_in(self, kind: str, **keys: Any) -> bytes:
        return self._put(self.mdm["CheckInURL"], CHECKIN, {"MessageType": kind, "Topic": self.mdm["Topic"], **keys})

    def _connect(self, message: Mapping[str, Any], user: LocalAccount | None) -> bytes:
        who = {"UserID": user.guid, "UserShortName": user.name} if user else {}
        return self._put(self.mdm["ServerURL"], OTHER, {**message, **who})

    def _put(self, url: str, kind: str, message: Mapping[str, Any]) -> bytes:
        body = plistlib.dumps({"UDID": self.udid, **message})
        signature = base64.b64encode(self.tool.sign_detached(self.identity, body)).decode()
        status, _, answer = self.wire.send("PUT", url, {"Content-Type": kind, "Mdm-Signature": signature}, body)
        if status != _OK:
            raise Refused(f"{message.get('MessageType') or message.get('Status')}: the server answered {status}.")
        return answer

    def _profile(self, mobileconfig: bytes) -> dict[str, Any]:
        try:
            plain = self.tool.opened(mobileconfig)
        except OpenSslError:
            plain = mobileconfig  # an unsigned profile is taken, too
        profile: dict[str, Any] = plistlib.loads(plain)
        return profile

    def _add(self, name: str, full_name: str, *, admin: bool, hidden: bool = False) -> LocalAccount:
        number = len(self.accounts)
        guid = f"{self.udid[:24]}{_FIRST_UID + number:012d}".upper()
        account = LocalAccount(name, full_name, guid, _FIRST_UID + number, admin, hidden)
        self.accounts.append(account)
        return account

    def _listed(self, account: LocalAccount) -> dict[str, Any]:
        return {
            "UserName": account.name,
            "FullName": account.full_name,
            "UID": account.uid,
            "UserGUID": account.guid,
            "IsLoggedIn": False,
            "HasSecureToken": account.secure_token,
        }

    def _facts(self) -> dict[str, Any]:
        return {
            "UDID": self.udid,
            "SerialNumber": self.serial,
            "DeviceName": self.name,
            "OSVersion": self.os_version,
            "BuildVersion": self.build,
            "ModelName": self.name,
            "Model": self.product,
            "ProductName": self.product,
            "IsSupervised": True,
            "IsAppleSilicon": True,
            "AwaitingConfiguration": self.awaiting,
            "PINRequiredForEraseDevice": False,
            "PINRequiredForDeviceLock": True,
            "AutoSetupAdminAccounts": [{"GUID": one.guid, "shortName": one.name} for one in self.accounts if one.hidden],
        }


def _error(code: int, domain: str) -> dict[str, Any]:
    return {
        "Status": "Error",
        "ErrorChain": [{"ErrorCode": code, "ErrorDomain": domain, "LocalizedDescription": "Not possible."}],
    }
