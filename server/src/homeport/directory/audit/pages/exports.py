"""INSIGHTS > Directory Events > Export: written by a job with a bar, then downloaded."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from homeport.directory.audit.actions import Exports
from homeport.directory.audit.model import ExportFormat, listing_of
from homeport.directory.audit.pages.events import state_of
from homeport.directory.audit.schemas.exports import MEDIA_TYPES
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.templates import Templates

PATH = "/admin/events/exports"
WORDS = {ExportFormat.CSV: "CSV", ExportFormat.JSON_LINES: "JSON Lines"}


@dataclass(frozen=True, slots=True)
class ExportPages:
    """The pages of an export. They must come before those of one event, whose path would take theirs."""

    work: Work[Exports]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False, prefix=PATH)
        router.add_api_route("", self.begin, methods=["POST"])
        router.add_api_route("/{export_id}", self.show, methods=["GET"])
        router.add_api_route("/{export_id}/progress", self.progress, methods=["GET"])
        router.add_api_route("/{export_id}/download", self.download, methods=["GET"])
        return router

    def begin(
        self,
        actor: PageActor,
        query: Annotated[str, Form(max_length=8000)] = "",
        form: Annotated[ExportFormat, Form(alias="format")] = ExportFormat.CSV,
    ) -> Response:
        """Begin to export what the list's address finds."""
        actor.require(Permission.AUDIT_READ)
        state = state_of(QueryParams(query))
        with self.work.write() as exports:
            listing = listing_of(state.chosen, state.text, exports.audit.clock.now())
            export_id = exports.begin(actor, form, listing, state.address.partition("?")[2])
        return RedirectResponse(f"{PATH}/{export_id}", 303)

    def show(self, request: Request, actor: PageActor, export_id: PathId) -> Response:
        """Show a bar, then what can be downloaded."""
        with self.work.read() as exports:
            one = exports.get(actor, export_id)
        return self.templates.render("audit/export.html", request, one=one, word=WORDS[one.format])

    def progress(self, actor: PageActor, export_id: PathId) -> Response:
        """Return the bar alone, for the page that is open."""
        with self.work.read() as exports:
            one = exports.get(actor, export_id)
        return HTMLResponse(self.templates.fragment("audit/export_progress.html", one=one))

    def download(self, actor: PageActor, export_id: PathId) -> Response:
        """Send what was written, part by part."""
        with self.work.read() as exports:
            one = exports.get(actor, export_id)
        if not one.over or one.failure:
            raise Conflict("This export is not ready yet. Wait until its page offers the download.", reason="not_ready")
        headers = {"content-disposition": f'attachment; filename="events.{one.format.value}"', "cache-control": "no-store"}
        return StreamingResponse(self._parts(actor, export_id), media_type=MEDIA_TYPES[one.format], headers=headers)

    def _parts(self, actor: Actor, export_id: str) -> Iterator[bytes]:
        """Read each part in a unit of work of its own, so that none stays open while a slow reader reads."""
        number = 0
        while True:
            with self.work.read() as exports:
                part = exports.part(actor, export_id, number)
            if part is None:
                return
            yield zlib.decompress(part)
            number += 1
