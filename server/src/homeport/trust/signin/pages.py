"""INSIGHTS > Sign-ins: the list, and one sign-in's timeline with the failed check and its remedy."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from homeport.directory.devices.model import Device
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.reasons import BY_CODE
from homeport.foundation.ui import listing
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.actions import SignIns
from homeport.trust.signin.model import RecordedStep, SignIn, status_word

READER = system("panel")
"""A section has no reader of its own; the page around it required the permission."""
SHOWN = 10
KINDS = {"ok": "ok", "failed": "error", "note": "info"}
FILTERS = (
    listing.Filter("state", "State", (("completed", "Completed"), ("refused", "Refused"), ("expired", "Expired"))),
    listing.Filter("reason", "Reason"),
    listing.Filter("user_id", "User"),
    listing.Filter("device_id", "Device"),
)


@dataclass(frozen=True, slots=True)
class SignInPages:
    """The pages of the sign-ins."""

    work: Work[SignIns]
    templates: Templates

    def router(self) -> APIRouter:
        """List the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/admin/sign-ins", self.list, methods=["GET"])
        router.add_api_route("/admin/sign-ins/{sign_in_id}", self.show, methods=["GET"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List sign-ins, newest first."""
        state = ListState.of(request, filters=FILTERS)
        asked = tuple(Filter(name, "eq", value) for name, value in state.chosen)
        with self.work.read() as sign_ins:
            page = sign_ins.list(actor, Listing(text=state.text, filters=asked, skip=state.offset, limit=state.size))
        return self.templates.render(
            "signins/list.html",
            request,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            sign_ins=page.items,
            reasons=BY_CODE,
            word=status_word,
        )

    def show(self, request: Request, actor: PageActor, sign_in_id: str) -> Response:
        """Show how one sign-in went, step by step."""
        with self.work.read() as sign_ins:
            sign_in, steps = sign_ins.explain(actor, sign_in_id)
        reason = BY_CODE.get(sign_in.reason)
        return self.templates.render(
            "signins/show.html",
            request,
            sign_in=sign_in,
            steps=[line_of(step, sign_in) for step in steps],
            reason=reason,
            word=status_word,
        )


@dataclass(frozen=True, slots=True)
class SignInPanels:
    """Makes the sections for others' pages. The page around one has checked that its reader may see the subject."""

    work: Work[SignIns]
    templates: Templates

    def of_device(self, device: Device) -> Markup:
        """Return the last sign-ins on a device."""
        return self._panel("device_id", device.id)

    def _panel(self, field: str, value: str) -> Markup:
        with self.work.read() as sign_ins:
            page = sign_ins.list(READER, Listing(filters=(Filter(field, "eq", value),), limit=SHOWN))
        return self.templates.fragment(
            "signins/panel.html",
            sign_ins=page.items,
            total=page.total,
            more=f"/admin/sign-ins?{field}={value}",
            word=status_word,
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
