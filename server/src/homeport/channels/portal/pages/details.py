"""My Details: what the directory knows of oneself, and the little of it that one may change."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from homeport.channels.portal.actions import Own
from homeport.directory.people.model import OWN_FIELDS, User
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import UserActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, PreconditionFailed
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.templates import Templates

PATH = "/user/details"
LABELS = {"displayname": "Display name", "location": "Location"}
SHOWN = {
    "firstname": "First name",
    "lastname": "Last name",
    "email": "E-mail address",
    "username": "User name",
    "job_title": "Job title",
    "department": "Department",
    "company": "Company",
    "employee_identifier": "Employee identifier",
    "employee_type": "Employee type",
}


@dataclass(frozen=True, slots=True)
class DetailPages:
    """The page."""

    work: Work[Own]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.show, methods=["GET"])
        router.add_api_route(PATH, self.save, methods=["POST"])
        return router

    def show(self, request: Request, actor: UserActor) -> Response:
        """Show one's details."""
        with self.work.read() as own:
            user = own.details(actor)
        return self._page(request, user, _form_of(user))

    def save(
        self,
        request: Request,
        actor: UserActor,
        displayname: Annotated[str, Form()] = "",
        location: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Save what one may change of oneself."""
        form = FormState.showing(displayname=displayname, location=location, version=version)
        typed = {"displayname": displayname, "location": location}
        try:
            with self.work.write() as own:
                before = own.details(actor)
                after = own.people.update_own(actor, typed, version=whole_number(version))
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            return self._page(request, self._present(actor), form, status=400)
        except PreconditionFailed as error:
            present = self._present(actor)
            form.meet(error.detail, _form_of(present), LABELS)
            return self._page(request, present, form, status=412)
        form = _form_of(after)
        changed = [field for field in OWN_FIELDS if getattr(before, field) != getattr(after, field)]
        form.confirm(
            [
                f"{LABELS[field]}: {getattr(before, field) or '(empty)'} → {getattr(after, field) or '(empty)'}"
                for field in changed
            ]
        )
        return self._page(request, after, form)

    def _present(self, actor: Actor) -> User:
        with self.work.read() as own:
            return own.details(actor)

    def _page(self, request: Request, user: User, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render(
            "portal/details.html",
            request,
            status=status,
            user=user,
            form=form,
            facts=[(label, getattr(user, name)) for name, label in SHOWN.items()],
        )


def _form_of(user: User) -> FormState:
    return FormState.showing(displayname=user.displayname, location=user.location, version=user.version)
