"""What agents send, as `docs/protocols/device.md` describes it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from homeport.directory.devices.model import AccountState, OrderOutcome


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


class ReceiptBody(BaseModel):
    """One receipt of section 5."""

    model_config = ConfigDict(extra="ignore")

    order_id: str = Field(max_length=36)
    outcome: OrderOutcome
    reason: str | None = Field(None, max_length=64, pattern=r"^[a-z_]*$")
    steps: list[dict[str, Any]] = Field(default_factory=list, max_length=100)


class AccountBody(BaseModel):
    """One account of section 5."""

    model_config = ConfigDict(extra="ignore")

    user_id: str = Field(max_length=36)
    state: AccountState
    passcode_set: bool = False


class ReportBody(BaseModel):
    """Section 5: reports."""

    model_config = ConfigDict(extra="ignore")

    receipts: list[ReceiptBody] = Field(default_factory=list, max_length=200)
    accounts: list[AccountBody] = Field(default_factory=list, max_length=500)
    device: Facts | None = None
