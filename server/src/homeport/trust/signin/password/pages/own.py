"""One's own second factor and sessions, in the admin portal and in the user portal alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.model import Enrolment
from homeport.foundation.database.engine import Work
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.password.actions import Sessions
from homeport.trust.signin.password.model import Session


class OwnFactors(Protocol):
    """One's own second factor: `Factors` for administrators, `PersonFactors` for users."""

    def begin(self, actor: Actor) -> Enrolment:
        """Return a fresh secret, with the envelope that keeps it until its first code."""
        ...

    def resume(self, actor: Actor, envelope: str) -> Enrolment:
        """Return what `begin` returned."""
        ...

    def confirm(self, actor: Actor, envelope: str, code: str) -> Sequence[str]:
        """Set the factor up; return its recovery codes. Raises Invalid."""
        ...

    def renew_codes(self, actor: Actor) -> Sequence[str]:
        """Return fresh recovery codes."""
        ...

    def remove(self, actor: Actor) -> None:
        """Remove the factor."""
        ...


@dataclass(frozen=True, slots=True)
class OwnActions:
    """What the pages need in one unit of work."""

    factors: OwnFactors
    sessions: Sessions


@dataclass(frozen=True, slots=True)
class OwnPages:
    """The pages below `base`, the page that shows factor and sessions and is called `title`; `guard` says who asks.

    `sign_in`, `sign_out` and `home` are the portal's addresses; `demanded` says why somebody must set up a factor who has none.
    """

    work: Work[OwnActions]
    templates: Templates
    guard: Callable[..., Any]
    base: str
    title: str
    sign_in: str
    sign_out: str
    home: str
    demanded: str

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        self._add_factor(router)
        self._add_sessions(router)
        return router

    def _add_factor(self, router: Router) -> None:
        Asking = Annotated[Actor, Depends(self.guard)]  # noqa: N806 - a type
        Text = Annotated[str, Form()]  # noqa: N806 - a type

        def ask_factor(request: Request, actor: Asking) -> Response:
            """Show a fresh secret to scan, and ask for its first code."""
            with self.work.read() as act:
                enrolment = act.factors.begin(actor)
            return self._set_up_page(request, actor, FormState(), enrolment)

        def set_up_factor(request: Request, actor: Asking, enrolment: Text = "", code: Text = "") -> Response:
            """Confirm the first code, and show the recovery codes, this once."""
            return self._set_up(request, actor, enrolment, code)

        def ask_codes(request: Request, actor: Asking) -> Response:
            """Ask before the recovery codes are replaced."""
            self._require_recent(actor)
            return self._confirm(
                request,
                "Make new recovery codes",
                "Ten new codes replace those that are left.",
                ["The codes that you wrote down before are worth nothing from then on"],
                "recovery-codes",
                "Yes, Make New Codes",
            )

        def renew_codes(request: Request, actor: Asking) -> Response:
            """Replace the recovery codes and show the new ones, this once."""
            with self.work.write() as act:
                codes = act.factors.renew_codes(actor)
            return self._codes_page(request, codes, "New recovery codes")

        def ask_remove(request: Request, actor: Asking) -> Response:
            """Ask before one's own second factor is removed."""
            self._require_recent(actor)
            return self._confirm(
                request,
                "Remove the second factor",
                "Whoever knows your password can then sign in as you.",
                ["Your recovery codes are worth nothing from then on", "Your other sessions end at once"],
                "remove-second-factor",
                "Yes, Remove",
            )

        def remove_factor(actor: Asking) -> Response:
            """Remove one's own second factor, if nothing demands one."""
            with self.work.write() as act:
                act.factors.remove(actor)
            return RedirectResponse(self.base, 303)

        router.add_api_route(f"{self.base}/second-factor", ask_factor, methods=["GET"])
        router.add_api_route(f"{self.base}/second-factor", set_up_factor, methods=["POST"])
        router.add_api_route(f"{self.base}/recovery-codes", ask_codes, methods=["GET"])
        router.add_api_route(f"{self.base}/recovery-codes", renew_codes, methods=["POST"])
        router.add_api_route(f"{self.base}/remove-second-factor", ask_remove, methods=["GET"])
        router.add_api_route(f"{self.base}/remove-second-factor", remove_factor, methods=["POST"])

    def _add_sessions(self, router: Router) -> None:
        Asking = Annotated[Actor, Depends(self.guard)]  # noqa: N806 - a type

        def end(actor: Asking, session_id: str) -> Response:
            """End one of one's own sessions."""
            with self.work.write() as act:
                session = act.sessions.end_one(actor, session_id)
            return RedirectResponse(self.sign_in if session.id == actor.session_id else f"{self.base}#sessions", 303)

        def end_others(actor: Asking) -> Response:
            """End all one's own sessions but this one."""
            with self.work.write() as act:
                act.sessions.end_others(actor)
            return RedirectResponse(f"{self.base}#sessions", 303)

        router.add_api_route(f"{self.base}/sessions/end-others", end_others, methods=["POST"])
        router.add_api_route(f"{self.base}/sessions/{{session_id}}/end", end, methods=["POST"])

    def _require_recent(self, actor: Actor) -> None:
        # Asked before a form is filled in: afterwards what was typed would be lost.
        with self.work.read() as act:
            actor.require_recent(act.sessions.clock.now())

    def _set_up(self, request: Request, actor: Actor, envelope: str, code: str) -> Response:
        form = FormState()
        try:
            with self.work.write() as act:
                codes = act.factors.confirm(actor, envelope, code)
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            with self.work.read() as act:
                if error.fields:
                    shown = act.factors.resume(actor, envelope)
                else:
                    form.refuse(error.detail)
                    shown = act.factors.begin(actor)
            return self._set_up_page(request, actor, form, shown, status=400)
        return self._codes_page(request, codes, "Your second factor is set up")

    def _set_up_page(
        self, request: Request, actor: Actor, form: FormState, enrolment: Enrolment, *, status: int = 200
    ) -> Response:
        return self.templates.render(
            "password/set_up_factor.html",
            request,
            status=status,
            form=form,
            enrolment=enrolment,
            required=actor.lacks_factor,
            why=self.demanded,
            sign_out=self.sign_out,
            action=f"{self.base}/second-factor",
            back=(self.title, self.base),
        )

    def _codes_page(self, request: Request, codes: Sequence[str], title: str) -> Response:
        return self.templates.render("password/recovery_codes.html", request, codes=codes, title=title, home=self.home)

    def _confirm(  # noqa: PLR0917 - the parts of a confirmation, in the order they appear in it
        self, request: Request, title: str, sentence: str, impacts: Sequence[str], action: str, verb: str
    ) -> Response:
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=title,
            sentence=sentence,
            impacts=impacts,
            action=f"{self.base}/{action}",
            verb=verb,
            cancel=self.base,
            understood="",
        )


def session_rows(sessions: Sequence[Session]) -> list[tuple[Session, str]]:
    """Return sessions with the name of each one's browser."""
    return [(session, browser_name(session.user_agent)) for session in sessions]


def browser_name(user_agent: str) -> str:
    """Return a browser's name and system in words, from what it says of itself; cut when it says something else."""
    browsers = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in user_agent), "")
    system = next((name for mark, name in systems if mark in user_agent), "")
    return " on ".join(part for part in (browser, system) if part) or user_agent[:60] or "Unknown browser"
