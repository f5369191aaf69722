"""SECURITY MANAGEMENT > Password Rules: how long, how new and how old users' passwords may be."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.person.actions.rules import PasswordRuling
from homeport.trust.signin.person.model import PasswordRules

PATH = "/admin/password-rules"
LABELS = {"shortest": "Shortest password", "history": "Earlier passwords that count", "lifetime_days": "Days until it expires"}
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class PasswordRulePages:
    """The page."""

    work: Work[PasswordRuling]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.show, methods=["GET"])
        router.add_api_route(PATH, self.save, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor) -> Response:
        """Show the rules."""
        with self.work.read() as ruling:
            form = _form_of(ruling.present(actor))
        return self._page(request, actor, form)

    def save(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        shortest: Annotated[str, Form()] = "",
        history: Annotated[str, Form()] = "",
        lifetime_days: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Store the rules."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        form = FormState.showing(shortest=shortest, history=history, lifetime_days=lifetime_days, version=version)
        wanted = PasswordRules(*(_number(text) for text in (shortest, history, lifetime_days)))
        try:
            with self.work.write() as ruling:
                before = _form_of(ruling.present(actor))
                after = _form_of(ruling.save(actor, wanted, version=_number(version)))
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            return self._page(request, actor, form, status=400)
        except PreconditionFailed as error:
            with self.work.read() as ruling:
                form.meet(error.detail, _form_of(ruling.present(actor)), LABELS)
            return self._page(request, actor, form, status=412)
        changed = [name for name in LABELS if after.value(name) != before.value(name)]
        after.confirm([f"{LABELS[name]}: {before.value(name)} → {after.value(name)}" for name in changed])
        return self._page(request, actor, after)

    def _page(self, request: Request, actor: Actor, form: FormState, *, status: int = 200) -> Response:
        may_write = actor.may(Permission.ACCESS_POLICIES_WRITE)
        return self.templates.render(
            "person/password_rules.html", request, status=status, form=form, labels=LABELS, may_write=may_write
        )


def _form_of(rules: PasswordRules) -> FormState:
    return FormState.showing(
        shortest=rules.shortest, history=rules.history, lifetime_days=rules.lifetime_days, version=rules.version
    )


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else -1
