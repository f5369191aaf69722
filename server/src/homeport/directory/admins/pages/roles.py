"""SETTINGS > Roles: the built-in roles, and custom ones."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.actions import AdministratorActions
from homeport.directory.admins.model import ABOUT, MATRIX, MEANS, MOST_ROLES, RESERVED, ROLES, Role
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.templates import Templates

PATH = "/admin/roles"
OFFERED = tuple((permission.value, MEANS[permission]) for permission in MATRIX if permission not in RESERVED)
"""What a custom role can have and what that opens, in the order of the one table."""
LABELS = {"name": "Name", "description": "Description", "permissions": "Permissions"}


@dataclass(frozen=True, slots=True)
class RolePages:
    """The pages of roles."""

    work: Work[AdministratorActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.add, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.create, methods=["POST"])
        router.add_api_route(f"{PATH}/{{role_id}}", self.show, methods=["GET"])
        router.add_api_route(f"{PATH}/{{role_id}}", self.change, methods=["POST"])
        router.add_api_route(f"{PATH}/{{role_id}}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route(f"{PATH}/{{role_id}}/delete", self.delete, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List the custom roles, then the built-in ones."""
        with self.work.read() as actions:
            custom = actions.roles.list(actor)
        return self.templates.render(
            "admins/roles.html",
            request,
            custom=custom,
            built_in=[(name, ABOUT[name], len(permissions)) for name, permissions in ROLES.items()],
            may_add=actor.may(Permission.ADMINISTRATORS_WRITE) and len(custom) < MOST_ROLES,
            most=MOST_ROLES,
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new role, after the password was given again."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        with self.work.read() as actions:
            actor.require_recent(actions.roles.clock.now())
        return self._add_page(request, FormState.showing(name="", description="", permissions=()))

    def create(
        self,
        request: Request,
        actor: PageActor,
        name: Annotated[str, Form()] = "",
        description: Annotated[str, Form()] = "",
        permissions: Annotated[tuple[str, ...], Form()] = (),
    ) -> Response:
        """Make a role."""
        form = FormState.showing(name=name, description=description, permissions=permissions)
        try:
            with self.work.write() as actions:
                made = actions.roles.create(actor, name=name, description=description, permissions=permissions)
        except (Invalid, Conflict) as error:
            form.explain(error)
            return self._add_page(request, form, status=400)
        return RedirectResponse(f"{PATH}/{made.id}", 303)

    def show(self, request: Request, actor: PageActor, role_id: str) -> Response:
        """Show one custom role, and who has it."""
        with self.work.read() as actions:
            role = actions.roles.get(actor, role_id)
        return self._page(request, actor, role, _form_of(role))

    def change(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        role_id: str,
        name: Annotated[str, Form()] = "",
        description: Annotated[str, Form()] = "",
        permissions: Annotated[tuple[str, ...], Form()] = (),
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Set name, description and permissions."""
        try:
            with self.work.write() as actions:
                before = actions.roles.get(actor, role_id)
                after = actions.roles.change(
                    actor,
                    role_id,
                    name=name,
                    description=description,
                    permissions=permissions,
                    version=whole_number(version),
                )
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as actions:
                present = actions.roles.get(actor, role_id)
            form = FormState.showing(name=name, description=description, permissions=permissions, version=version)
            if isinstance(error, PreconditionFailed):
                form.meet(error.detail, _form_of(present), LABELS)
                return self._page(request, actor, present, form, status=412)
            form.explain(error)
            return self._page(request, actor, present, form, status=400)
        form = _form_of(after)
        form.confirm(_changes(before, after))
        return self._page(request, actor, after, form)

    def ask_delete(self, request: Request, actor: PageActor, role_id: str) -> Response:
        """Ask before a role is deleted."""
        actor.require(Permission.ADMINISTRATORS_WRITE)
        with self.work.read() as actions:
            actor.require_recent(actions.roles.clock.now())
            role = actions.roles.get(actor, role_id)
            users = actions.roles.users_of(actor, role)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Delete {role.name}",
            sentence="A role that somebody has cannot be deleted." if users else "Nobody has this role.",
            impacts=[f"In use by {one}" for one in users[:5]] or ["It can no longer be given"],
            action=f"{PATH}/{role.id}/delete",
            verb="Yes, Delete",
            cancel=f"{PATH}/{role.id}",
            understood="",
        )

    def delete(self, actor: PageActor, role_id: str) -> Response:
        """Delete a role that nobody has."""
        with self.work.write() as actions:
            actions.roles.delete(actor, role_id)
        return RedirectResponse(PATH, 303)

    def _add_page(self, request: Request, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render("admins/role_add.html", request, status=status, form=form, offered=OFFERED)

    def _page(self, request: Request, actor: Actor, role: Role, form: FormState, *, status: int = 200) -> Response:
        with self.work.read() as actions:
            users = actions.roles.users_of(actor, role)
        return self.templates.render(
            "admins/role.html",
            request,
            status=status,
            role=role,
            form=form,
            offered=OFFERED,
            users=users,
            may_write=actor.may(Permission.ADMINISTRATORS_WRITE),
        )


def role_choices(actions: AdministratorActions, actor: Actor) -> tuple[tuple[str, str, str], ...]:
    """Return the roles as a form offers them: name, name, and what it is for; the custom ones last."""
    custom = tuple((role.name, role.name, role.description) for role in actions.roles.list(actor))
    return tuple((role, role, ABOUT[role]) for role in ROLES) + custom


def _form_of(role: Role) -> FormState:
    return FormState.showing(
        name=role.name,
        description=role.description,
        permissions=[one for one, _ in OFFERED if one in role.permissions],
        version=role.version,
    )


def _changes(before: Role, after: Role) -> list[str]:
    found = [
        f"{LABELS[field]}: {getattr(before, field) or 'empty'} → {getattr(after, field) or 'empty'}"
        for field in ("name", "description")
        if getattr(before, field) != getattr(after, field)
    ]
    found += [f"Added: {one}" for one in sorted(after.permissions - before.permissions)]
    return found + [f"Removed: {one}" for one in sorted(before.permissions - after.permissions)]
