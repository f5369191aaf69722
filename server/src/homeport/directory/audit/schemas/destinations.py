"""Event destinations as the REST API writes them, in the style of JumpCloud's v2."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from homeport.directory.audit.model import Destination
from homeport.foundation.http.wire import instant


class DestinationPost(BaseModel):
    """A new destination."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["webhook", "syslog"]
    name: str = Field(max_length=200)
    address: str = Field(max_length=2000, description="`https://…` of a webhook, `tls://host:port` of a syslog collector.")
    batched: bool = Field(default=True, description="Of a webhook: many events in one request.")
    fromStart: bool = Field(default=False, description="Whether it also gets what was recorded before.")  # noqa: N815 - the wire's style


class DestinationPut(BaseModel):
    """What to change."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=200)
    address: str | None = Field(default=None, max_length=2000)
    batched: bool | None = None
    enabled: bool | None = Field(default=None, description="false pauses it; it misses nothing.")


class DestinationBody(BaseModel):
    """A destination, how far it came and how it does."""

    id: str
    kind: Literal["webhook", "syslog"]
    name: str
    origin: str = Field(description="Scheme, host and port; the rest of an address may be a secret of the receiver's.")
    batched: bool
    enabled: bool
    status: str
    waiting: int = Field(description="Entries that it has not got yet.")
    sent: int
    attempts: int = Field(description="Failures in a row.")
    lastSuccessAt: str | None  # noqa: N815 - the wire's style
    lastFailureAt: str | None  # noqa: N815 - the wire's style
    lastFailure: str  # noqa: N815 - the wire's style
    version: int

    @classmethod
    def of(cls, one: Destination, waiting: int) -> Self:
        """Translate a destination."""
        return cls(
            id=one.id,
            kind=one.kind.value,
            name=one.name,
            origin=one.origin,
            batched=one.batched,
            enabled=one.enabled,
            status=one.word[0],
            waiting=waiting,
            sent=one.sent,
            attempts=one.attempts,
            lastSuccessAt=instant(one.succeeded_at) if one.succeeded_at else None,
            lastFailureAt=instant(one.failed_at) if one.failed_at else None,
            lastFailure=one.failure,
            version=one.version,
        )


class DestinationMade(DestinationBody):
    """A new destination with its secret, which is answered this once; a syslog collector has none."""

    secret: str


class DestinationList(BaseModel):
    """All destinations, by name."""

    totalCount: int  # noqa: N815 - the wire's style
    destinations: list[DestinationBody]


class TestOutcome(BaseModel):
    """What came of a test event."""

    __test__ = False

    taken: bool
    failure: str
