"""INSIGHTS > Directory Events: who changed what, and when."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from homeport.directory.audit.actions import Audit
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.ui import listing
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates

FILTERS = (
    listing.Filter("success", "Outcome", (("true", "Done"), ("false", "Refused"))),
    listing.Filter(
        "actor_kind", "By", (("admin", "Administrators"), ("user", "Users"), ("device", "Devices"), ("system", "The system"))
    ),
    listing.Filter("event_type", "Event"),
    listing.Filter("actor_name", "Actor"),
    listing.Filter("resource_type", "Kind"),
    listing.Filter("resource_id", "Id"),
    listing.Filter("address", "Address"),
    listing.Filter("request_id", "Request"),
)
SORTS = ("at", "event_type", "actor_name")


@dataclass(frozen=True, slots=True)
class AuditPages:
    """The page of the audit log."""

    work: Work[Audit]
    templates: Templates

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/admin/events", self.list, methods=["GET"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List events, the newest first."""
        state = ListState.of(request, filters=FILTERS, sorts=SORTS, default_sort="-at")
        asked = Listing(
            text=state.text,
            filters=tuple(Filter(name, "eq", value) for name, value in state.chosen if _possible(name, value)),
            sort=(f"-{state.sort}" if state.descending else state.sort,),
            skip=state.offset,
            limit=state.size,
        )
        with self.work.read() as audit:
            page = audit.search(actor, asked)
        return self.templates.render(
            "audit/list.html",
            request,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            entries=page.items,
        )


def _possible(name: str, value: str) -> bool:
    return name != "success" or value in {"true", "false"}
