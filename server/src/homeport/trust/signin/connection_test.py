"""Test connection: an administrator signs in at the provider and sees how a person's sign-in would end; nothing follows from it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor, origin_of
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import BY_CODE
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.model import IdentityProvider, ProviderState
from homeport.trust.federation.relying_party import CHECKS_STEP, CLAIMS_STEP
from homeport.trust.signin.actions import SignIns, Started
from homeport.trust.signin.callback import COOKIE, set_browser_cookie
from homeport.trust.signin.model import Purpose, State, status_word
from homeport.trust.signin.pages import line_of

PATH = "/admin/identity-providers/{provider_id}/test"
_WORDS = {"passed": ("Passed", "ok"), "not reached": ("Not reached", "off")}


@dataclass(frozen=True, slots=True)
class ConnectionTestPages:
    """The button, the page before the test, and the page after it."""

    work: Work[SignIns]
    templates: Templates
    entropy: Entropy

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.ask, methods=["GET"])
        router.add_api_route(PATH, self.start, methods=["POST"])
        router.add_api_route(PATH + "/{sign_in_id}", self.show, methods=["GET"])
        return router

    def panel(self, provider: IdentityProvider, _actor: Actor) -> Markup | None:
        """Return the section “Test connection” of a provider that can be tested."""
        if provider.state is ProviderState.DRAFT and provider.proposal is None:
            return None
        return self.templates.fragment("signins/test_panel.html", provider=provider)

    def ask(self, request: Request, actor: PageActor, provider_id: str) -> Response:
        """Say what will happen, before the browser leaves for the provider."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        with self.work.read() as sign_ins:
            provider, _ = sign_ins.federation.under_test(provider_id)
        if provider.metadata is not None:
            # The form's answer redirects there, and browsers hold `form-action` against redirects too.
            parts = urlsplit(provider.metadata.authorization_endpoint)
            request.state.form_origins = [f"{parts.scheme}://{parts.netloc}"]
        return self.templates.render("signins/test.html", request, provider=provider)

    def start(self, request: Request, actor: PageActor, provider_id: str) -> Response:
        """Send the administrator's browser to the provider."""
        browser = request.cookies.get(COOKIE) or self.entropy.token()
        with self.work.write() as sign_ins:
            started = sign_ins.start_test(actor, provider_id, browser, origin_of(request))
            after = "" if isinstance(started, Started) else sign_ins.location(started)
        answer = RedirectResponse(started.location if isinstance(started, Started) else after, 303)
        set_browser_cookie(answer, browser)
        return answer

    def show(self, request: Request, actor: PageActor, provider_id: str, sign_in_id: str) -> Response:
        """Show the verdict, each check, the claims, and the steps."""
        actor.require(Permission.IDENTITY_PROVIDERS_READ)
        with self.work.read() as sign_ins:
            sign_in, steps = sign_ins.explain(actor, sign_in_id)
            if sign_in.purpose is not Purpose.CONNECTION_TEST or sign_in.provider_id != provider_id:
                raise NotFound("No connection test has this id.")
            user = sign_ins.person_of(actor, sign_in)
        details = {step.name: step.details for step in steps}
        return self.templates.render(
            "signins/test_result.html",
            request,
            sign_in=sign_in,
            provider_id=provider_id,
            word=status_word(sign_in),
            done=not sign_in.state.open,
            passed=sign_in.state is State.COMPLETED,
            proposal=sign_in.continuation_id.startswith("proposal"),
            user=user,
            link=details.get("user matched", {}).get("by", ""),
            reason=BY_CODE.get(sign_in.reason),
            refusal=details.get("refused", {}).get("detail", ""),
            checks=_checks(details.get(CHECKS_STEP, {})),
            claims=list(details.get(CLAIMS_STEP, {}).items()),
            steps=[line_of(step, sign_in) for step in steps if step.name not in {CHECKS_STEP, CLAIMS_STEP}],
        )


def _checks(outcomes: dict[str, str]) -> list[dict[str, Any]]:
    """Return each check of the verifier with its word."""
    return [
        {"name": name, "word": _WORDS.get(outcome, ("Failed", "error")), "detail": "" if outcome in _WORDS else outcome}
        for name, outcome in outcomes.items()
    ]
