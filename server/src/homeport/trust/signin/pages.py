"""INSIGHTS > Sign-ins: the list, and one sign-in's timeline with the failed check and its remedy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from fastapi import Request
from markupsafe import Markup
from starlette.responses import Response, StreamingResponse

from homeport.directory.devices.model import Device, OSFamily
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.csv_lines import csv_line
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Filter, Listing, Window
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import BY_CODE
from homeport.foundation.kernel.spans import SPANS
from homeport.foundation.ui import listing
from homeport.foundation.ui.listing import ListState
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.model import IdentityProvider
from homeport.trust.signin.actions import SignIns
from homeport.trust.signin.asked import listing_of
from homeport.trust.signin.model import Listed, Purpose, RecordedStep, SignIn, status_word

READER = system("panel")
"""A section has no reader of its own; the page around it required the permission."""
SHOWN = 10
KINDS = {"ok": "ok", "failed": "error", "note": "info"}
PURPOSES = {
    Purpose.DEVICE_LOGIN.value: "Device login",
    Purpose.PASSCODE_RESET.value: "Passcode reset",
    Purpose.SUDO.value: "sudo",
    Purpose.MAC_ENROLLMENT.value: "Enrolment of a Mac",
    Purpose.USER_PORTAL.value: "User portal",
    Purpose.CONNECTION_TEST.value: "Connection test",
    Purpose.UNKNOWN.value: "Unknown",
}
FILTERS = (
    listing.Filter("state", "Outcome", (("completed", "Completed"), ("refused", "Refused"), ("expired", "Expired"))),
    listing.Filter("purpose", "Purpose", tuple(PURPOSES.items())),
    listing.Filter("since", "Since", tuple((value, words) for value, (words, _) in SPANS.items())),
    listing.Filter("reason", "Reason"),
    listing.Filter("user", "User"),
    listing.Filter("device", "Device"),
    listing.Filter("provider", "Provider"),
    listing.Filter("until", "Until"),
)
EXPORT_CHUNK = 1000
COLUMNS = (
    *("id", "started", "ended", "purpose", "outcome", "reason", "email", "username", "device", "issuer", "subject"),
    *("address", "browser"),
)


@dataclass(frozen=True, slots=True)
class SignInPages:
    """The pages of the sign-ins."""

    work: Work[SignIns]
    templates: Templates

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/admin/sign-ins", self.list, methods=["GET"])
        router.add_api_route("/admin/sign-ins.csv", self.export, methods=["GET"])
        router.add_api_route("/admin/sign-ins/{sign_in_id}", self.show, methods=["GET"])
        return router

    def list(self, request: Request, actor: PageActor, older: str = "", newer: str = "") -> Response:
        """List sign-ins, newest first, from the newest or from a neighbour on."""
        state = ListState.of(request, filters=FILTERS)
        window: Window[Listed] = Window()
        with self.work.read() as sign_ins:
            actor.require(Permission.SIGNINS_READ)
            try:
                asked = listing_of(state.chosen, state.text, sign_ins.store, sign_ins.clock.now(), state.size)
                window = sign_ins.window(actor, asked, older or newer, newer=bool(newer))
            except Invalid as error:
                state = replace(state, problem=error.detail)
        here = state.address
        return self.templates.render(
            "signins/list.html",
            request,
            status=state.status,
            list=state,
            window=window,
            joined=f"{here}{'&' if '?' in here else '?'}",
            export=here.replace("/admin/sign-ins", "/admin/sign-ins.csv", 1),
            purposes=PURPOSES,
            reasons=BY_CODE,
            word=status_word,
        )

    def export(self, request: Request, actor: PageActor) -> Response:
        """Send everything that the list's address finds as CSV, a part at a time."""
        actor.require(Permission.SIGNINS_READ)
        state = ListState.of(request, filters=FILTERS)
        with self.work.read() as sign_ins:
            asked = listing_of(state.chosen, state.text, sign_ins.store, sign_ins.clock.now(), EXPORT_CHUNK)
        name = 'attachment; filename="sign-ins.csv"'
        headers = {"content-disposition": name, "cache-control": "no-store"}
        lines = self._lines(actor, asked)
        first = next(lines)  # what cannot be looked for is said before anything is sent
        return StreamingResponse(chain([first], lines), media_type="text/csv; charset=utf-8", headers=headers)

    def _lines(self, actor: Actor, asked: Listing) -> Iterator[str]:
        """Write line after line; each part is read in a unit of work of its own, so that none stays open while a slow reader reads."""
        heading, cursor = csv_line(COLUMNS), ""
        while True:
            with self.work.read() as sign_ins:
                window = sign_ins.window(actor, asked, cursor, resumed=True)
            yield heading + "".join(csv_line(_cells(one)) for one in window.items)
            heading, cursor = "", window.older
            if not cursor:
                return

    def panel(self, provider: IdentityProvider, _actor: Actor) -> Markup:
        """Return the section “Refusals” of an identity provider's page."""
        with self.work.read() as sign_ins:
            found = sign_ins.refusals(READER, provider.id)
        rows = [(one, BY_CODE.get(one.reason)) for one in found]
        return self.templates.fragment("signins/refusals_panel.html", rows=rows, provider=provider)

    def show(self, request: Request, actor: PageActor, sign_in_id: str) -> Response:
        """Show how one sign-in went, step by step."""
        with self.work.read() as sign_ins:
            sign_in, steps = sign_ins.explain(actor, sign_in_id)
        reason = BY_CODE.get(sign_in.reason)
        return self.templates.render(
            "signins/show.html",
            request,
            sign_in=sign_in,
            purpose=PURPOSES[sign_in.purpose.value],
            steps=[line_of(step, sign_in) for step in steps],
            reason=reason,
            word=status_word,
        )


@dataclass(frozen=True, slots=True)
class SignInPanels:
    """Makes the sections for others' pages. The page around one has checked that its reader may see the subject."""

    work: Work[SignIns]
    templates: Templates

    def of_device(self, device: Device, _actor: Actor) -> Markup:
        """Return the last sign-ins on a device."""
        return self._panel("device_id", device.id, mac=device.os_family is OSFamily.MACOS)

    def _panel(self, field: str, value: str, *, mac: bool = False) -> Markup:
        with self.work.read() as sign_ins:
            page = sign_ins.list(READER, Listing(filters=(Filter(field, "eq", value),), limit=SHOWN))
        return self.templates.fragment(
            "signins/panel.html",
            sign_ins=page.items,
            total=page.total,
            more=f"/admin/sign-ins?{field.removesuffix('_id')}={value}",
            mac=mac,
            word=status_word,
        )


def _cells(listed: Listed) -> Sequence[str]:
    one = listed.sign_in
    ended = one.ended_at.isoformat() if one.ended_at else ""
    return (
        *(one.id, one.started_at.isoformat(), ended, one.purpose.value, one.state.value, one.reason, one.email),
        *(listed.username, listed.device, one.issuer, one.subject, one.address, one.user_agent),
    )


def line_of(step: RecordedStep, sign_in: SignIn) -> dict[str, Any]:
    """Return one line of a timeline: its words, and the remedy of the check that failed."""
    code = step.details.get("reason", "")
    reason = BY_CODE.get(code)
    shown = [(name, value) for name, value in step.details.items() if name != "detail"]
    return {
        "at": step.at,
        "title": step.name[:1].upper() + step.name[1:],
        "outcome": KINDS.get(step.outcome, "info"),
        "sentence": step.details.get("detail", ""),
        "details": shown,
        "remedy": reason.admin if reason and (step.name == "refused" or sign_in.reason != code) else "",
    }
