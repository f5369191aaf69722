"""Events and the queries for them as JumpCloud's Directory Insights writes them."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from homeport.directory.audit.model import Entry, EventSearch, conditions
from homeport.foundation.http.wire import Moment
from homeport.foundation.kernel.listing import Filter

SERVICES = (
    "access_management", "ai_admin", "aigw", "alerts", "all", "asset_management", "directory", "genai", "generic_di", "ldap", "mdm",
    "notifications", "object_storage", "password_manager", "password_vault", "radius", "reports", "saas_app_management",
    "software", "sso", "systems", "workflows",
)  # fmt: skip
SYSTEMS = ("order_done", "order_failed", "order_refused", "sudo_approve")
"""What devices did; every other event is of the service `directory`. The other services have none here."""
_UNKNOWN = "no_event_of_this_service"
Service = Literal[
    "access_management", "ai_admin", "aigw", "alerts", "all", "asset_management", "directory", "genai", "generic_di", "ldap", "mdm",
    "notifications", "object_storage", "password_manager", "password_vault", "radius", "reports", "saas_app_management",
    "software", "sso", "systems", "workflows",
]  # fmt: skip


class _Query(BaseModel):
    """What each query has: the services, the time, and what the events must have. What JumpCloud has besides is taken and means nothing."""

    service: list[Service] = Field(min_length=1, max_length=len(SERVICES))
    start_time: Moment
    end_time: Moment | None = None
    search_term: dict[str, Any] = Field(default_factory=dict, description="`and`, `or`, `not`, each with fields and values.")
    q: str = Field(default="", max_length=1000, description="Words that must all occur.")

    def search(self) -> EventSearch:
        """Return what is asked for; raises Invalid for a search term that cannot be."""
        parts: dict[str, tuple[Filter, ...]] = dict(conditions(self.search_term))
        every = parts.get("and", ()) + _of_services(self.service)
        none, some = parts.get("not", ()), parts.get("or", ())
        return EventSearch(self.start_time, self.end_time, every, some, none, self.q)


class EventQuery(_Query):
    """A query for events."""

    limit: int = Field(default=1000, ge=1, le=10_000)
    skip: int = Field(default=0, ge=0, le=2**31 - 1)
    sort: Literal["ASC", "DESC", "asc", "desc"] = "DESC"
    fields: list[str] = Field(default_factory=list, max_length=100, description="The fields wanted; empty means all.")
    search_after: list[Any] = Field(
        default_factory=list, max_length=2, description="What X-Search_after said, as it stood there."
    )

    @property
    def after(self) -> str:
        """The id after which the events shall come."""
        return str(self.search_after[-1])[:64] if self.search_after else ""


class EventDistinctQuery(_Query):
    """A query for the values of a field."""

    field: str = Field(max_length=60)


class EventIntervalQuery(_Query):
    """A query for how many events happened when."""

    interval_unit: Literal["s", "m", "h", "d", "w"]
    interval_value: str = Field(default="1", pattern="^[1-9][0-9]{0,4}$")
    timezone: str = Field(default="+0000", pattern="^[+-][01][0-9]:?[0-5][0-9]$", description="An offset, such as +0200.")

    @property
    def seconds(self) -> int:
        """How long an interval is."""
        return {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[self.interval_unit] * int(self.interval_value)

    @property
    def offset(self) -> int:
        """By how many seconds the time zone is ahead of UTC."""
        hours, minutes = int(self.timezone[1:3]), int(self.timezone[-2:])
        return (hours * 3600 + minutes * 60) * (-1 if self.timezone[0] == "-" else 1)


class EventCount(BaseModel):
    """How many events match."""

    count: int


class Bucket(BaseModel):
    """A value and how many events have it."""

    key: str
    doc_count: int


class Buckets(BaseModel):
    """The values of a field, the most frequent first."""

    buckets: list[Bucket]
    doc_count_error_upper_bound: Literal[0] = 0
    sum_other_doc_count: int


class Interval(BaseModel):
    """When an interval begins, in milliseconds since 1970, and how many events it has."""

    key: int
    key_as_string: str
    doc_count: int


class Intervals(BaseModel):
    """The intervals that have events, the oldest first."""

    buckets: list[Interval]


def event(entry: Entry) -> dict[str, Any]:
    """Translate an entry."""
    return {
        "id": entry.id,
        "service": "systems" if entry.event_type in SYSTEMS else "directory",
        "event_type": entry.event_type,
        "timestamp": written(entry.at),
        "success": entry.success,
        "error_message": entry.reason,
        "client_ip": entry.address,
        "useragent": {"name": entry.user_agent},
        "request_id": entry.request_id,
        "initiated_by": {"id": entry.actor_id, "type": entry.actor_kind, _name_of(entry): entry.actor_name},
        "resource": {"id": entry.resource_id, "type": entry.resource_type, "name": entry.resource_name},
        "changes": [{"field": one.field, "from": one.before, "to": one.after} for one in entry.changed()],
        "details": entry.detailed(),
        "sealed_in_batch": entry.batch,
    }


def written(moment: datetime) -> str:
    """Write a moment as RFC 3339 has it, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _name_of(entry: Entry) -> str:
    return "email" if "@" in entry.actor_name else "username"


def _of_services(services: list[Service]) -> tuple[Filter, ...]:
    wanted = frozenset(services)
    if "all" in wanted or {"directory", "systems"} <= wanted:
        return ()
    if "systems" in wanted:
        return (Filter("event_type", "in", ",".join(SYSTEMS)),)
    if "directory" in wanted:
        return tuple(Filter("event_type", "ne", one) for one in SYSTEMS)
    return (Filter("event_type", "eq", _UNKNOWN),)
