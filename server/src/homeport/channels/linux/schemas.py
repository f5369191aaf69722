"""What agents send, as `docs/protocols/device.md` describes it."""

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from homeport.channels.linux.model import Notice, NoticeKind, UnlockCode
from homeport.directory.devices.model import AccountReport, AccountState, OrderOutcome

PathId = Annotated[str, Path(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$")]
"""An id in a path; what cannot be one is refused before the database sees it."""


class Facts(BaseModel):
    """What a device says of itself."""

    model_config = ConfigDict(extra="ignore")

    hostname: str = Field("", max_length=253)
    serial_number: str = Field("", max_length=128)
    machine_id: str = Field("", max_length=64, pattern=r"^([0-9a-f]{64})?$")
    os: Literal["linux"] = "linux"
    os_name: str = Field("", max_length=128)
    os_version: str = Field("", max_length=64)
    arch: str = Field("", max_length=32)
    agent_version: str = Field("", max_length=32)


class EnrollRequest(BaseModel):
    """Section 1: enrolment."""

    model_config = ConfigDict(extra="ignore")

    enrollment_key: str = Field(max_length=200)
    device_key: dict[str, str]
    proof: str = Field(max_length=4096)
    device: Facts


def _storable(value: object) -> object:
    """Cut a text to what is kept, and replace what no database takes, such as a NUL in a tool's output."""
    return (
        "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value[:1000])
        if isinstance(value, str)
        else value
    )


Text = Annotated[str, BeforeValidator(_storable)]


class StepBody(BaseModel):
    """One step of a receipt; what a device says in it is kept as it is said."""

    model_config = ConfigDict(extra="ignore")

    step: Text = ""
    outcome: Text = ""
    at: Text = ""
    detail: Text = ""


class ReceiptBody(BaseModel):
    """One receipt of section 5."""

    model_config = ConfigDict(extra="ignore")

    order_id: Text
    outcome: OrderOutcome
    reason: str | None = Field(None, max_length=64, pattern=r"^[a-z_]*$")
    steps: list[StepBody] = Field(default_factory=list, max_length=100)


class AccountBody(BaseModel):
    """One account of section 5."""

    model_config = ConfigDict(extra="ignore")

    user_id: str = Field(max_length=36)
    state: AccountState
    passcode_set: bool = False
    adopted: bool = False
    uid: int | None = Field(None, ge=0, lt=2**32)
    gid: int | None = Field(None, ge=0, lt=2**32)

    @property
    def report(self) -> AccountReport:
        """Translate it; the numbers count only of an account that was taken over."""
        known = self.adopted and self.uid is not None and self.gid is not None
        return AccountReport(self.user_id, self.state, self.passcode_set, (self.uid or 0, self.gid or 0) if known else None)


class NoticeBody(BaseModel):
    """One notice of section 9; of what the device says besides, only what is named here is kept."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    kind: Text
    user_id: str = Field(max_length=36)
    at: Text = ""
    challenge: Text = ""
    until: Text = ""
    after: Text = ""
    bound_again: bool = False
    steps: list[StepBody] = Field(default_factory=list, max_length=100)

    def notice(self, device_id: str, now: datetime) -> Notice | None:
        """Return the notice as it is kept; None for a kind that this server does not know."""
        if self.kind not in {NoticeKind.UNLOCKED, NoticeKind.UNBOUND} or self.id.startswith("issued-"):
            return None
        said = self.model_dump(mode="json", exclude={"id", "kind", "user_id"}, exclude_defaults=True)
        return Notice(device_id, self.id, NoticeKind(self.kind), self.user_id, "", now, said)


class HelpDeskKeyBody(BaseModel):
    """Section 9: the public key of a device's privileged half, and the place of the key of ours that it knows."""

    model_config = ConfigDict(extra="ignore")

    public: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$")
    place: tuple[int, int] = (0, 0)


class ReportBody(BaseModel):
    """Section 5: reports."""

    model_config = ConfigDict(extra="ignore")

    receipts: list[ReceiptBody] = Field(default_factory=list, max_length=200)
    accounts: list[AccountBody] = Field(default_factory=list, max_length=500)
    notices: list[NoticeBody] = Field(default_factory=list, max_length=200)
    device: Facts | None = None


class ChallengeBody(BaseModel):
    """The digits that a device shows, with or without spaces."""

    challenge: str = Field(max_length=100)


class UnlockCodeBody(BaseModel):
    """The code to read out; `newPasscode` tells whether the person may choose a new passcode with it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    code: str
    username: str
    system_name: str
    new_passcode: bool
    until: str

    @classmethod
    def of(cls, code: UnlockCode) -> Self:
        """Translate a code."""
        return cls(
            code=code.code,
            username=code.username,
            system_name=code.device_name,
            new_passcode=code.new_passcode,
            until=code.until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
