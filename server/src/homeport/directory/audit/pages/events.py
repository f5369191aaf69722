"""INSIGHTS > Directory Events: who changed what, and when."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from fastapi import Request
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, Response

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Entry, listing_of
from homeport.directory.audit.ports import Prover
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.listing import Page
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.spans import SPANS
from homeport.foundation.ui import listing
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates

PATH = "/admin/events"
EVERY = 3
"""Seconds after which a list that is watched live is read again."""
FILTERS = (
    listing.Filter("success", "Outcome", (("true", "Done"), ("false", "Refused"))),
    listing.Filter(
        "actor_kind",
        "By",
        (
            ("admin", "Administrators"),
            ("user", "Users"),
            ("device", "Devices"),
            ("service_account", "Service accounts"),
            ("system", "The system"),
        ),
    ),
    listing.Filter("since", "Time", tuple((word, said) for word, (said, _) in SPANS.items())),
    listing.Filter("until", "Until"),
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
    prover: Callable[[], Prover]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route("/admin/events/live", self.live, methods=["GET"])
        router.add_api_route("/admin/events/{entry_id}", self.show, methods=["GET"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List events, the newest first; with `live=on` those alone, and again every few seconds."""
        actor.require(Permission.AUDIT_READ)
        live = request.query_params.get("live") == "on"
        state = state_of(request.query_params, live=live)
        state, page = state.searched(lambda: self._search(actor, state))
        here = state.address
        watched = f"{here}{'&' if '?' in here else '?'}live=on"
        return self.templates.render(
            "audit/list.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            entries=page.items,
            live=live and not state.problem,
            every=EVERY,
            paused=here,
            watched=watched,
            again=watched.replace(PATH, f"{PATH}/live", 1),
            query=here.partition("?")[2],
        )

    def live(self, request: Request, actor: PageActor) -> Response:
        """Show the newest events alone, for the page to read again."""
        actor.require(Permission.AUDIT_READ)
        page = self._search(actor, state_of(request.query_params, live=True))
        return HTMLResponse(self.templates.fragment("audit/rows.html", entries=page.items, list=None))

    def show(self, request: Request, actor: PageActor, entry_id: PathId) -> Response:
        """Show one event whole, where it stands in the chain, and whether that holds."""
        with self.work.read() as audit:
            entry = audit.get(actor, entry_id)
        details = [(name.replace("_", " "), _said(value)) for name, value in entry.detailed().items()]
        proof = self.prover().prove(entry)
        return self.templates.render("audit/entry.html", request, entry=entry, details=details, said=_said, proof=proof)

    def _search(self, actor: Actor, state: ListState) -> Page[Entry]:
        with self.work.read() as audit:
            asked = listing_of(state.chosen, state.text, audit.clock.now())
            sort = (f"-{state.sort}" if state.descending else state.sort,)
            return audit.search(actor, replace(asked, sort=sort, skip=state.offset, limit=state.size))


def state_of(query: QueryParams, *, live: bool = False) -> ListState:
    """Return what the page's address asks for; what is watched live is the newest page."""
    state = ListState.parse(PATH, query, filters=FILTERS, sorts=SORTS, default_sort="-at")
    return replace(state, sort="at", descending=True, page=1) if live else state


def _said(value: JSON) -> str:
    """Return a value in words: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
