"""REST routes for the audit log: JumpCloud's Directory Insights, under /insights/directory/v1."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import event_field
from homeport.directory.audit.schemas.events import (
    Bucket,
    Buckets,
    EventCount,
    EventDistinctQuery,
    EventIntervalQuery,
    EventQuery,
    Interval,
    Intervals,
    event,
    written,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.routes import Router

MOST_VALUES = 1000


@dataclass(frozen=True, slots=True)
class EventsApi:
    """The REST edge of the audit log, which can only be read. Queries are sent by POST, as JumpCloud's are."""

    work: Work[Audit]

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/insights/directory/v1/events", tags=["Directory events"])
        router.post("", summary="Query events")(self.events)
        router.post("/count", summary="Count events")(self.count)
        router.post("/distinct", summary="List the values of a field")(self.distinct)
        router.post("/interval", summary="Count events by time")(self.interval)
        return router

    def events(self, actor: ApiActor, query: EventQuery, response: Response) -> list[dict[str, Any]]:
        """Return events, the newest first unless `sort` says ASC. X-Search_after is what asks for the next ones."""
        search, ascending = query.search(), query.sort.upper() == "ASC"
        with self.work.read() as audit:
            found = audit.events(actor, search, skip=query.skip, limit=query.limit, ascending=ascending, after=query.after)
        last = [written(found[-1].at), found[-1].id] if found else []
        response.headers.update({
            "X-Result-Count": str(len(found)),
            "X-Limit": str(query.limit),
            "X-Search_after": json.dumps(last),
        })  # fmt: skip
        wanted = frozenset(query.fields)
        return [{name: value for name, value in event(one).items() if not wanted or name in wanted} for one in found]

    def count(self, actor: ApiActor, query: EventQuery) -> EventCount:
        """Return how many events match."""
        with self.work.read() as audit:
            return EventCount(count=audit.count(actor, query.search()))

    def distinct(self, actor: ApiActor, query: EventDistinctQuery) -> Buckets:
        """Return the values of a field and how often each occurs, at most 1,000 of them."""
        search, field = query.search(), event_field(query.field)
        with self.work.read() as audit:
            found = audit.distinct(actor, search, field, MOST_VALUES)
            others = audit.count(actor, search) - sum(number for _, number in found)
        return Buckets(buckets=[Bucket(key=value, doc_count=number) for value, number in found], sum_other_doc_count=others)

    def interval(self, actor: ApiActor, query: EventIntervalQuery) -> Intervals:
        """Return how many events happened in each interval; those without any are left out."""
        with self.work.read() as audit:
            found = audit.per_interval(actor, query.search(), query.seconds, query.offset)
        return Intervals(
            buckets=[
                Interval(key=int(start.timestamp()) * 1000, key_as_string=written(start), doc_count=number)
                for start, number in found
            ]
        )
