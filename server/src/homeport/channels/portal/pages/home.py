"""Home, and My Sign-ins."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from homeport.channels.portal.actions import Own
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import UserActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.reasons import BY_CODE
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.model import Purpose, status_word

PURPOSES = {
    Purpose.DEVICE_LOGIN: "Sign-in at a device",
    Purpose.PASSCODE_RESET: "New passcode at a device",
    Purpose.SUDO: "Administrator rights at a device (sudo)",
    Purpose.MAC_ENROLLMENT: "Enrolment of a Mac",
    Purpose.USER_PORTAL: "This portal",
    Purpose.CONNECTION_TEST: "Test by an administrator",
    Purpose.UNKNOWN: "Unknown",
}
FEW, MANY = 5, 25
Cursor = Annotated[str, Query(max_length=64, pattern="^[0-9A-Za-z_-]*$")]


@dataclass(frozen=True, slots=True)
class HomePages:
    """The pages."""

    work: Work[Own]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/user", self.home, methods=["GET"])
        router.add_api_route("/user/sign-ins", self.sign_ins, methods=["GET"])
        return router

    def home(self, request: Request, actor: UserActor) -> Response:
        """Show what a person looks for first: where they have accounts, and who signed in as them lately."""
        with self.work.read() as own:
            user = own.details(actor)
            accounts = own.accounts(actor)
            latest = own.attempts(actor, FEW)
        return self.templates.render(
            "portal/home.html",
            request,
            user=user,
            accounts=len(accounts),
            refused=[one for one in accounts if one.binding.reason],
            sign_ins=latest.items,
            purposes=PURPOSES,
            word=status_word,
            reasons=BY_CODE,
        )

    def sign_ins(self, request: Request, actor: UserActor, before: Cursor = "", after: Cursor = "") -> Response:
        """List one's own sign-ins, the newest first."""
        with self.work.read() as own:
            window = own.attempts(actor, MANY, after or before, newer=bool(after))
        return self.templates.render(
            "portal/sign_ins.html", request, window=window, purposes=PURPOSES, word=status_word, reasons=BY_CODE
        )
