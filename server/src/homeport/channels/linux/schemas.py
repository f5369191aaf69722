"""What agents send, as `docs/protocols/device.md` describes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from homeport.directory.devices.model import AccountReport, AccountState, OrderOutcome


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


class ReportBody(BaseModel):
    """Section 5: reports."""

    model_config = ConfigDict(extra="ignore")

    receipts: list[ReceiptBody] = Field(default_factory=list, max_length=200)
    accounts: list[AccountBody] = Field(default_factory=list, max_length=500)
    device: Facts | None = None
