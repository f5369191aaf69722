"""The approval pages at /device: type the code, see which machine asks, sign in, read the number."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Form, Request
from starlette.responses import HTMLResponse, Response

from homeport.directory.devices.actions import Bindings, Devices
from homeport.directory.devices.model import Device
from homeport.directory.people.actions import People
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.actions import Federation
from homeport.trust.issuer.actions import DeviceAuthorizations
from homeport.trust.issuer.model import AuthorizationState, DeviceAuthorization, Scope
from homeport.trust.signin.actions import SIGNIN, SignIns
from homeport.trust.signin.callback import COOKIE, leave, refusal_page
from homeport.trust.signin.model import Purpose

_ASKED = {
    Scope.DEVICE_LOGIN: ("It asks to make a local account for you, or to renew yours.", "Sign in on this machine"),
    Scope.PASSCODE_RESET: ("It asks for your leave to choose a new passcode there.", "Choose a new passcode"),
    Scope.SUDO: ("It asks for your leave to act as its administrator (sudo).", "Act as administrator (sudo)"),
}
"""What a machine asks for: the sentence, and the purpose in the list."""
NOT_APPROVED = "This machine was not approved"

GUESSES, LOOKUPS = 30, 300
"""Wrong codes, and codes of any kind, that one address may try at once and a minute: 300 of 20^8 find nothing in ten minutes."""


@dataclass(frozen=True, slots=True)
class ApprovalActions:
    """What the pages need in one unit of work."""

    authorizations: DeviceAuthorizations
    devices: Devices
    bindings: Bindings
    people: People
    federation: Federation
    sign_ins: SignIns
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class ApprovalPages:
    """RFC 8628 section 3.3, where opening an address alone never approves anything."""

    work: Work[ApprovalActions]
    templates: Templates
    entropy: Entropy

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/device", self.show, methods=["GET"])
        router.add_api_route("/device", self.approve, methods=["POST"])
        router.add_api_route("/device/cancel", self.cancel, methods=["POST"])
        router.add_api_route("/device/approved/{sign_in_id}", self.approved, methods=["GET"])
        router.add_api_route("/device/approved/{sign_in_id}/status", self.status, methods=["GET"])
        return router

    def show(self, request: Request, user_code: str = "") -> Response:
        """Ask for the code, or show which machine asks."""
        if not user_code:
            return self._ask(request, FormState())
        with self.work.write() as actions:
            found = self._find(actions, request, user_code)
            if isinstance(found, ReasonCode):
                return self._closed(request, found, user_code)
            authorization, device = found
            provider = actions.federation.active_provider()
            reason = ReasonCode.PROVIDER_MISSING if provider is None else actions.bindings.may_admit(None, device)
            if reason is not None:
                return self._turned_away(actions, request, reason, authorization)
        assert provider is not None
        if provider.metadata is not None:
            # The form's answer redirects there, and browsers hold `form-action` against redirects too.
            parts = urlsplit(provider.metadata.authorization_endpoint)
            request.state.form_origins = [f"{parts.scheme}://{parts.netloc}"]
        here = origin_of(request).address
        return self.templates.render(
            "issuer/approve.html",
            request,
            authorization=authorization,
            device=device,
            asked=_ASKED[authorization.scope],
            provider=provider,
            here=here,
            elsewhere=here != authorization.device_address,
        )

    def approve(self, request: Request, user_code: Annotated[str, Form(max_length=40)] = "") -> Response:
        """Send the person to the provider; the browser is tied to the sign-in by a cookie."""
        browser = request.cookies.get(COOKIE) or self.entropy.token()
        with self.work.write() as actions:
            found = self._find(actions, request, user_code)
            if isinstance(found, ReasonCode):
                return self._closed(request, found, user_code)
            authorization, device = found
            if reason := actions.bindings.may_admit(None, device):
                return self._turned_away(actions, request, reason, authorization, ends=True)
            started = actions.sign_ins.start(
                Purpose(authorization.scope), authorization.id, browser, origin_of(request), device_id=device.id
            )
        return leave(self.templates, request, started, browser)

    def cancel(self, request: Request, user_code: Annotated[str, Form(max_length=40)] = "") -> Response:
        """Refuse the machine: “this was not me”."""
        with self.work.write() as actions:
            found = self._find(actions, request, user_code)
            if isinstance(found, ReasonCode):
                return self._closed(request, found, user_code)
            return self._turned_away(actions, request, ReasonCode.CANCELLED, found[0], ends=True)

    def approved(self, request: Request, sign_in_id: str) -> Response:
        """Show the number to the browser that signed in, and to no other."""
        context = self._number(request, sign_in_id)
        if context is None:
            return self._refused(request, ReasonCode.BROWSER_MISMATCH)
        return self.templates.render("issuer/number.html", request, **context)

    def status(self, request: Request, sign_in_id: str) -> Response:
        """Answer the part of the number's page that changes."""
        context = self._number(request, sign_in_id)
        if context is None:
            return HTMLResponse("", 403)
        return HTMLResponse(self.templates.fragment("issuer/number_status.html", **context))

    def _number(self, request: Request, sign_in_id: str) -> dict[str, Any] | None:
        with self.work.read() as actions:
            sign_in = actions.sign_ins.belongs_to(sign_in_id, request.cookies.get(COOKIE, ""))
            authorization = actions.authorizations.get(sign_in.continuation_id) if sign_in else None
            if (
                sign_in is None
                or authorization is None
                or authorization.sign_in_id != sign_in.id
                or authorization.user_id is None
            ):
                return None
            device = actions.devices.find(authorization.device_id)
            user = actions.people.get(SIGNIN, authorization.user_id)
        now = actions.authorizations.clock.now()
        return {
            "sign_in": sign_in,
            "authorization": authorization,
            "device": device,
            "user": user,
            "over": authorization.is_over(now),
            "redeemed": authorization.state is AuthorizationState.REDEEMED,
            "refused": authorization.state is AuthorizationState.REFUSED,
            "minutes": max(1, int((authorization.expires_at - now).total_seconds() // 60)),
        }

    def _find(
        self, actions: ApprovalActions, request: Request, user_code: str
    ) -> tuple[DeviceAuthorization, Device] | ReasonCode:
        """Return the open authorization that a typed code means, with its device; guessing is limited by address.

        A whole office may share an address, so who guesses there uses up the guesses, and leaves the right codes of the others.
        """
        network = origin_of(request).network
        if actions.limits.take(f"user_code {network}", burst=LOOKUPS, per_minute=LOOKUPS):
            return ReasonCode.TOO_MANY_ATTEMPTS
        authorization = actions.authorizations.look_up(user_code)
        if isinstance(authorization, ReasonCode):
            late = actions.limits.take(f"wrong user_code {network}", burst=GUESSES, per_minute=GUESSES)
            return ReasonCode.TOO_MANY_ATTEMPTS if late else authorization
        device = actions.devices.find(authorization.device_id)
        return (authorization, device) if device is not None else ReasonCode.DEVICE_GONE

    def _ask(self, request: Request, form: FormState, status: int = 200) -> Response:
        return self.templates.render("issuer/code.html", request, status=status, form=form)

    def _closed(self, request: Request, reason: ReasonCode, user_code: str) -> Response:
        """Say what is wrong with a code beside the field it is typed in."""
        form = FormState.showing(user_code=user_code[:40])
        form.fail("user_code", reason.person)
        answer = self._ask(request, form, 429 if reason is ReasonCode.TOO_MANY_ATTEMPTS else 403)
        answer.headers["X-Homeport-Reason"] = reason.code
        return answer

    def _turned_away(
        self,
        actions: ApprovalActions,
        request: Request,
        reason: ReasonCode,
        authorization: DeviceAuthorization,
        *,
        ends: bool = False,
    ) -> Response:
        """Refuse with an id that the administrator finds; `ends` ends the authorization too, and the machine says why."""
        browser, origin = request.cookies.get(COOKIE, ""), origin_of(request)
        continuation = authorization.id if ends else ""
        sign_in = actions.sign_ins.turn_away(
            Purpose(authorization.scope), continuation, reason, browser, origin, device_id=authorization.device_id
        )
        return refusal_page(self.templates, request, sign_in, NOT_APPROVED)

    def _refused(self, request: Request, reason: ReasonCode) -> Response:
        cause, _, remedy = reason.person.partition(". ")
        answer = self.templates.error(
            request,
            status=403,
            title=NOT_APPROVED,
            cause=f"{cause.rstrip('.')}.",
            remedy=remedy,
            reference=request.scope.get("request_id", ""),
        )
        answer.headers["X-Homeport-Reason"] = reason.code
        return answer
