"""Macs under management as JumpCloud's API writes them (`AppleMDM`, `apple-mdm-device`)."""

from typing import Self

from pydantic import BaseModel

from homeport.channels.apple.ade.model import TokenState
from homeport.channels.apple.applemdms.actions import ID, Configuration, ManagedMac
from homeport.channels.apple.mdm.model import MacState

DEVICE_FIELDS = {"id": "id", "serialNumber": "serial", "udid": "udid", "createdAt": "enrolled_at"}
"""The wire's names of the fields by which Macs can be filtered and sorted."""
_STATES = {TokenState.EXPIRING: "valid"}
_OPTIONS = {"TOS": "tos", "iCloudDiagnostics": "icloudDiagnostics", "iCloudStorage": "icloudStorage"}


class WelcomeScreen(BaseModel):
    """The text of the enrolment's first page."""

    paragraph: str | None


class Ade(BaseModel):
    """Automated Device Enrollment of Macs."""

    welcomeScreen: WelcomeScreen  # noqa: N815 - the published name
    setupOptions: list[str]  # noqa: N815 - the published name
    enableZeroTouchEnrollment: bool  # noqa: N815 - the published name
    defaultDeviceGroupObjectIds: list[str]  # noqa: N815 - the published name


class Ades(BaseModel):
    """Automated Device Enrollment by platform."""

    macos: Ade


class AppleMdmBody(BaseModel):
    """The configuration in an answer."""

    id: str
    name: str
    organization: str
    apnsPushTopic: str  # noqa: N815 - the published name
    apnsCertExpiry: str | None  # noqa: N815 - the published name
    depServerTokenState: str  # noqa: N815 - the published name
    depAccessTokenExpiry: str | None  # noqa: N815 - the published name
    defaultSystemGroupID: str | None  # noqa: N815 - the published name
    ades: Ades

    @classmethod
    def of(cls, found: Configuration) -> Self:
        """Translate the configuration."""
        server, settings = found.server, found.settings
        group = settings.device_group_id
        macos = Ade(
            welcomeScreen=WelcomeScreen(paragraph=settings.welcome_text or None),
            setupOptions=[option(pane) for pane in settings.skip_panes],
            enableZeroTouchEnrollment=True,
            defaultDeviceGroupObjectIds=[group] if group else [],
        )
        token_until = server.token_expires_at if server else None
        return cls(
            id=ID,
            name=(server.server_name if server else "") or "Apple Business Manager",
            organization=(server.org_name if server else "") or found.organization,
            apnsPushTopic=found.push_topic,
            apnsCertExpiry=found.push_expires_at.isoformat() if found.push_expires_at else None,
            depServerTokenState=_STATES.get(found.token, found.token.value),
            depAccessTokenExpiry=token_until.isoformat() if token_until else None,
            defaultSystemGroupID=group,
            ades=Ades(macos=macos),
        )


class SecurityInfoBody(BaseModel):
    """What a Mac said of how it protects itself; null until it did."""

    enrolledViaDep: bool  # noqa: N815 - the published name
    isUserEnrollment: bool  # noqa: N815 - the published name
    filevaultEnabled: bool | None  # noqa: N815 - the published name
    recoveryLockEnabled: bool | None  # noqa: N815 - the published name


class DeviceInformationBody(BaseModel):
    """What a Mac said of itself; null until it did."""

    isSupervised: bool | None  # noqa: N815 - the published name
    isAppleSilicon: bool | None  # noqa: N815 - the published name
    modelName: str | None  # noqa: N815 - the published name
    osBuildVersion: str | None  # noqa: N815 - the published name


class AppleMdmDeviceBody(BaseModel):
    """A Mac in an answer; its id is the device's. `attested` and `binding` are Homeport's."""

    id: str
    serialNumber: str  # noqa: N815 - the published name
    udid: str
    depRegistered: bool  # noqa: N815 - the published name
    enrolled: bool
    createdAt: str  # noqa: N815 - the published name
    mdmOsFamily: str  # noqa: N815 - the published name
    securityInfo: SecurityInfoBody  # noqa: N815 - the published name
    deviceInformation: DeviceInformationBody  # noqa: N815 - the published name
    attested: bool
    binding: str

    @classmethod
    def of(cls, found: ManagedMac) -> Self:
        """Translate a Mac."""
        mac, facts = found.mac, found.mac.facts
        return cls(
            id=mac.device_id,
            serialNumber=mac.serial,
            udid=mac.udid,
            depRegistered=found.registered,
            enrolled=mac.state is MacState.ENROLLED,
            createdAt=mac.enrolled_at.isoformat(),
            mdmOsFamily="MACOS",
            securityInfo=SecurityInfoBody(
                enrolledViaDep=found.registered,
                isUserEnrollment=False,
                filevaultEnabled=_switch(facts.get("FDE_Enabled")),
                recoveryLockEnabled=_switch(facts.get("IsRecoveryLockEnabled")),
            ),
            deviceInformation=DeviceInformationBody(
                isSupervised=_switch(facts.get("IsSupervised")),
                isAppleSilicon=_switch(facts.get("IsAppleSilicon")),
                modelName=_text(facts.get("ModelName") or facts.get("model")),
                osBuildVersion=_text(facts.get("build")),
            ),
            attested=found.attested,
            binding=mac.binding.value,
        )


class Order(BaseModel):
    """Why a Mac is locked or erased. Without `pin` Homeport chooses one; the device's page shows it."""

    reason: str = ""
    pin: str | None = None


class LockOrder(Order):
    """`message` is shown on the locked Mac."""

    message: str = ""


class EraseOrder(Order):
    """`serialNumber` has to be the Mac's own, so that a wrong id erases nothing."""

    serialNumber: str = ""  # noqa: N815 - the published name


def option(pane: str) -> str:
    """Return JumpCloud's word for a pane that Apple's key names."""
    return _OPTIONS.get(pane, pane[:1].lower() + pane[1:])


def _switch(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
