"""INSIGHTS > Directory Events: who changed what, and when."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Entry, listing_of
from homeport.directory.audit.ports import Prover
from homeport.directory.audit.schemas.events import event, written
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.csv_lines import csv_line
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Listing, Page
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
CHUNK = 500
COLUMNS = (
    "id",
    "at",
    "event_type",
    "actor_kind",
    "actor_id",
    "actor_name",
    "address",
    "user_agent",
    "request_id",
    "resource_type",
    "resource_id",
    "resource_name",
    "success",
    "reason",
    "changes",
    "details",
    "batch",
)


@dataclass(frozen=True, slots=True)
class AuditPages:
    """The page of the audit log."""

    work: Work[Audit]
    prover: Callable[[], Prover]
    templates: Templates

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route("/admin/events/live", self.live, methods=["GET"])
        router.add_api_route("/admin/events/{entry_id}", self.show, methods=["GET"])
        router.add_api_route("/admin/events.csv", self.export_csv, methods=["GET"])
        router.add_api_route("/admin/events.jsonl", self.export_json_lines, methods=["GET"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List events, the newest first; with `live=on` those alone, and again every few seconds."""
        actor.require(Permission.AUDIT_READ)
        live = request.query_params.get("live") == "on"
        state, problem = _state(request, live=live), ""
        page: Page[Entry] = Page()
        try:
            page = self._search(actor, state)
        except Invalid as error:
            problem = error.detail
        here = state.address
        watched = f"{here}{'&' if '?' in here else '?'}live=on"
        return self.templates.render(
            "audit/list.html",
            request,
            status=400 if problem else 200,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            entries=page.items,
            problem=problem,
            live=live and not problem,
            every=EVERY,
            paused=here,
            watched=watched,
            again=watched.replace(PATH, f"{PATH}/live", 1),
            exports=[(word, here.replace(PATH, f"{PATH}.{word}", 1)) for word in ("csv", "jsonl")],
        )

    def live(self, request: Request, actor: PageActor) -> Response:
        """Show the newest events alone, for the page to read again."""
        actor.require(Permission.AUDIT_READ)
        page = self._search(actor, _state(request, live=True))
        return HTMLResponse(self.templates.fragment("audit/rows.html", entries=page.items, list=None))

    def show(self, request: Request, actor: PageActor, entry_id: PathId) -> Response:
        """Show one event whole, where it stands in the chain, and whether that holds."""
        with self.work.read() as audit:
            entry = audit.get(actor, entry_id)
        details = [(name.replace("_", " "), _said(value)) for name, value in entry.detailed().items()]
        proof = self.prover().prove(entry)
        return self.templates.render("audit/entry.html", request, entry=entry, details=details, said=_said, proof=proof)

    def export_csv(self, request: Request, actor: PageActor) -> Response:
        """Send everything that the list's address finds as CSV, a part at a time."""
        return self._export(request, actor, _csv, "csv", "text/csv; charset=utf-8", csv_line(COLUMNS))

    def export_json_lines(self, request: Request, actor: PageActor) -> Response:
        """Send everything that the list's address finds as JSON Lines, an event a line, as the REST API writes it."""
        return self._export(request, actor, _json_line, "jsonl", "application/jsonl; charset=utf-8")

    def _search(self, actor: Actor, state: ListState) -> Page[Entry]:
        with self.work.read() as audit:
            asked = listing_of(state.chosen, state.text, audit.clock.now())
            sort = (f"-{state.sort}" if state.descending else state.sort,)
            return audit.search(actor, replace(asked, sort=sort, skip=state.offset, limit=state.size))

    def _export(  # noqa: PLR0917 - what differs between two formats
        self, request: Request, actor: Actor, write: Callable[[Entry], str], ending: str, media_type: str, head: str = ""
    ) -> Response:
        actor.require(Permission.AUDIT_READ)
        state = _state(request)
        with self.work.read() as audit:
            asked = replace(listing_of(state.chosen, state.text, audit.clock.now()), limit=CHUNK)
        headers = {"content-disposition": f'attachment; filename="events.{ending}"', "cache-control": "no-store"}
        return StreamingResponse(self._lines(actor, asked, write, head), media_type=media_type, headers=headers)

    def _lines(self, actor: Actor, asked: Listing, write: Callable[[Entry], str], head: str) -> Iterator[str]:
        """Write line after line; each part is read in a unit of work of its own, so that none stays open while a slow reader reads."""
        yield head
        cursor = ""
        while True:
            with self.work.read() as audit:
                window = audit.window(actor, asked, cursor)
            yield "".join(map(write, window.items))
            cursor = window.older
            if not cursor:
                return


def _state(request: Request, *, live: bool = False) -> ListState:
    """Return what the page's address asks for; what is watched live is the newest page."""
    state = ListState.parse(PATH, request.query_params, filters=FILTERS, sorts=SORTS, default_sort="-at")
    return replace(state, sort="at", descending=True, page=1) if live else state


def _said(value: JSON) -> str:
    """Return a value in words: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _csv(entry: Entry) -> str:
    values = asdict(entry) | {"at": written(entry.at)}
    return csv_line(["" if values[name] is None else str(values[name]) for name in COLUMNS])


def _json_line(entry: Entry) -> str:
    return json.dumps(event(entry), ensure_ascii=False) + "\n"
