"""The redirect URI: where the provider sends people back to (RFC 6749, section 4.1.2)."""

from dataclasses import dataclass

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import RateLimited
from homeport.foundation.kernel.reasons import BY_CODE, ReasonCode
from homeport.foundation.outbound.driver import drive
from homeport.foundation.outbound.model import Fetcher
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation import relying_party
from homeport.trust.federation.model import Refusal
from homeport.trust.federation.recorder import Recorder
from homeport.trust.federation.verifier import VerifiedIdentity
from homeport.trust.signin.actions import Returned, SignIns, Started
from homeport.trust.signin.model import Purpose, SignIn, State

log = structlog.get_logger()
COOKIE = "__Host-homeport-signin"
COOKIE_SECONDS = 24 * 3600
WAYS_ON = {Purpose.MAC_ENROLLMENT: ("Try Again", "/apple/enroll/welcome")}
"""Where a person goes on after a refusal: a web view of Setup Assistant has neither an address bar nor a way back."""


@dataclass(frozen=True, slots=True)
class CallbackActions:
    """What the callback needs in one unit of work."""

    sign_ins: SignIns
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class Callback:
    """The callback edge. No thread and no transaction is held while the provider is asked."""

    work: Work[CallbackActions]
    fetcher: Fetcher
    """Keeps the provider's keys in front of the network."""
    network: Fetcher
    """The network itself, for connection tests, which keep nothing."""
    templates: Templates
    clock: Clock

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/oauth/callback/{provider_id}", self.callback, methods=["GET"])
        return router

    async def callback(self, request: Request, provider_id: str) -> Response:
        """Take a person back from the provider."""
        returned = await run_in_threadpool(self._receive, request, provider_id)
        if isinstance(returned, SignIn):
            return self._ended(request, returned)
        tested = returned.sign_in.purpose is Purpose.CONNECTION_TEST
        recorder = Recorder(self.clock, thorough=tested)
        exchange = relying_party.exchange(returned.grant, returned.client, returned.metadata, self.clock, recorder)
        outcome: VerifiedIdentity | Refusal
        try:
            outcome = await drive(exchange, self.network if tested else self.fetcher)
        except Exception:
            # An answer nobody foresaw: the log has it, the attempt is recorded, and the machine is told now instead of in ten minutes.
            log.exception("exchange_failed", sign_in=returned.sign_in.id, request_id=request.scope.get("request_id", ""))
            outcome = Refusal(
                ReasonCode.TOKEN_BROKEN, "Homeport met an answer that it did not expect. The server's log has more."
            )
        sign_in, location = await run_in_threadpool(self._conclude, returned.sign_in.id, outcome, recorder)
        if sign_in.state is not State.COMPLETED:
            return self._ended(request, sign_in)
        return RedirectResponse(location, 303)

    def _ended(self, request: Request, sign_in: SignIn) -> Response:
        """Answer a sign-in that did not complete: a refusal, or for a connection test the page that tells how it went."""
        if sign_in.purpose is Purpose.CONNECTION_TEST:
            return RedirectResponse(f"/admin/identity-providers/{sign_in.provider_id}/test/{sign_in.id}", 303)
        return refusal_page(self.templates, request, sign_in)

    def _receive(self, request: Request, provider_id: str) -> Returned | SignIn:
        origin = origin_of(request)
        with self.work.write() as actions:
            if wait := actions.limits.take(f"callback {origin.network}", burst=240, per_minute=240):
                raise RateLimited("Too many sign-ins from this address. Wait a minute.", retry_after=wait)
            browser = request.cookies.get(COOKIE, "")
            return actions.sign_ins.receive(provider_id, request.query_params.multi_items(), browser, origin)

    def _conclude(self, sign_in_id: str, outcome: VerifiedIdentity | Refusal, recorder: Recorder) -> tuple[SignIn, str]:
        with self.work.write() as actions:
            sign_in = actions.sign_ins.conclude(sign_in_id, outcome, recorder)
            return sign_in, actions.sign_ins.location(sign_in) if sign_in.state is State.COMPLETED else ""


def refusal_page(templates: Templates, request: Request, sign_in: SignIn, title: str = "You were not signed in") -> Response:
    """Answer a refused sign-in: the cause, what to do, and the id that the administrator can open. Never a 500."""
    reason = BY_CODE.get(sign_in.reason, ReasonCode.SIGNIN_EXPIRED)  # upkeep ends a late one without a reason
    cause, _, remedy = reason.person.partition(". ")
    answer = templates.error(
        request,
        status=403,
        title=title,
        cause=f"{cause.rstrip('.')}.",
        remedy=remedy,
        reference=sign_in.id,
        back=WAYS_ON.get(sign_in.purpose),
    )
    answer.headers["X-Homeport-Reason"] = reason.code
    return answer


def leave(templates: Templates, request: Request, started: Started | SignIn, browser: str) -> Response:
    """Send a person to the provider, their browser tied to the sign-in; or tell why it could not begin."""
    if isinstance(started, SignIn):
        return refusal_page(templates, request, started)
    answer = RedirectResponse(started.location, 303)
    set_browser_cookie(answer, browser)
    return answer


def set_browser_cookie(response: Response, browser: str) -> None:
    """Tie the browser to the sign-ins it begins; Lax, because the provider's redirect comes from another site."""
    response.set_cookie(COOKIE, browser, max_age=COOKIE_SECONDS, path="/", secure=True, httponly=True, samesite="lax")
