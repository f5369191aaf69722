"""Sign-ins in the REST API, in the style of JumpCloud's, which publishes none."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import BaseModel

from homeport.foundation.http.wire import instant
from homeport.trust.signin.model import RecordedStep, Refusals, SignIn

FIELD_NAMES = {
    "id": "id",
    "purpose": "purpose",
    "state": "state",
    "reason": "reason",
    "userId": "user_id",
    "systemId": "device_id",
    "identityProviderId": "provider_id",
    "email": "email",
    "address": "address",
    "started": "started_at",
}
"""The wire's names of the fields by which a list can be filtered and sorted."""


class StepAnswer(BaseModel):
    """One step of a sign-in; secrets in the details are masked."""

    number: int
    name: str
    outcome: str
    at: str
    details: dict[str, str]


class SignInAnswer(BaseModel):
    """A sign-in in an answer."""

    id: str
    purpose: str
    state: str
    reason: str
    userId: str | None  # noqa: N815 - the wire's name
    systemId: str | None  # noqa: N815 - the wire's name
    identityProviderId: str  # noqa: N815 - the wire's name
    email: str
    issuer: str
    subject: str
    address: str
    userAgent: str  # noqa: N815 - the wire's name
    started: str
    ended: str | None

    @classmethod
    def of(cls, one: SignIn) -> Self:
        """Translate a sign-in."""
        return cls(**_values(one))


class SignInWithSteps(SignInAnswer):
    """A sign-in with everything that happened in it."""

    steps: list[StepAnswer]

    @classmethod
    def of_steps(cls, one: SignIn, steps: Sequence[RecordedStep]) -> Self:
        """Translate a sign-in and its steps."""
        rows = [
            StepAnswer(number=step.number, name=step.name, outcome=step.outcome, at=instant(step.at), details=step.details)
            for step in steps
        ]
        return cls(**_values(one), steps=rows)


class SignInList(BaseModel):
    """A window of the sign-ins, newest first."""

    totalCount: int  # noqa: N815 - the wire's name
    signIns: list[SignInAnswer]  # noqa: N815 - the wire's name


class RefusalAnswer(BaseModel):
    """How often a reason refused; connection tests do not count."""

    reason: str
    last24Hours: int  # noqa: N815 - the wire's name
    last7Days: int  # noqa: N815 - the wire's name


class RefusalList(BaseModel):
    """Refusals by reason, the most frequent first."""

    totalCount: int  # noqa: N815 - the wire's name
    refusals: list[RefusalAnswer]

    @classmethod
    def of(cls, found: Sequence[Refusals]) -> Self:
        """Translate the counts."""
        rows = [RefusalAnswer(reason=one.reason, last24Hours=one.day, last7Days=one.week) for one in found]
        return cls(totalCount=len(rows), refusals=rows)


def _values(one: SignIn) -> dict[str, Any]:
    return {
        "id": one.id,
        "purpose": one.purpose.value,
        "state": one.state.value,
        "reason": one.reason,
        "userId": one.user_id,
        "systemId": one.device_id,
        "identityProviderId": one.provider_id,
        "email": one.email,
        "issuer": one.issuer,
        "subject": one.subject,
        "address": one.address,
        "userAgent": one.user_agent,
        "started": instant(one.started_at),
        "ended": instant(one.ended_at) if one.ended_at else None,
    }
