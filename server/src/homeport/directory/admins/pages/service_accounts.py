"""SETTINGS > Service Accounts: what acts through the REST API by itself, and its keys."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.actions import AdministratorActions
from homeport.directory.admins.model import KEY_DAYS, READ_ONLY, REQUIRED_FOR, ServiceAccount, parse_networks
from homeport.directory.admins.pages.api_keys import LIFETIMES
from homeport.directory.admins.pages.roles import role_choices
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, PreconditionFailed
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates

PATH = "/admin/service-accounts"
SORTS = ("name", "role", "created_at")
LABELS = {"name": "Name", "description": "Description", "role": "Role", "suspended": "State"}


@dataclass(frozen=True, slots=True)
class ServiceAccountPages:
    """The pages of service accounts."""

    work: Work[AdministratorActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.add, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.create, methods=["POST"])
        router.add_api_route(f"{PATH}/{{account_id}}", self.show, methods=["GET"])
        router.add_api_route(f"{PATH}/{{account_id}}", self.change, methods=["POST"])
        router.add_api_route(f"{PATH}/{{account_id}}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route(f"{PATH}/{{account_id}}/delete", self.delete, methods=["POST"])
        router.add_api_route(f"{PATH}/{{account_id}}/keys", self.create_key, methods=["POST"])
        router.add_api_route(f"{PATH}/{{account_id}}/keys/{{key_id}}/revoke", self.revoke_key, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List service accounts by name."""
        state = ListState.of(request, filters=(), sorts=SORTS, default_sort="name")
        sort = f"-{state.sort}" if state.descending else state.sort
        with self.work.read() as actions:
            state, page = state.searched(
                lambda: actions.accounts.list(actor, Listing(text=state.text, sort=(sort,), skip=state.offset, limit=state.size))
            )
        return self.templates.render(
            "admins/service_accounts.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            accounts=page.items,
            may_write=actor.may(Permission.ADMINISTRATORS_WRITE),
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new account, after the password was given again."""
        self._require(actor)
        return self._add_page(request, actor, FormState.showing(name="", description="", role=READ_ONLY))

    def create(
        self,
        request: Request,
        actor: PageActor,
        name: Annotated[str, Form()] = "",
        description: Annotated[str, Form()] = "",
        role: Annotated[str, Form()] = "",
    ) -> Response:
        """Make an account."""
        self._require(actor)
        form = FormState.showing(name=name, description=description, role=role)
        try:
            with self.work.write() as actions:
                made = actions.accounts.create(actor, name=name, description=description, role=role)
        except (Invalid, Conflict) as error:
            form.explain(error)
            return self._add_page(request, actor, form, status=400)
        return RedirectResponse(f"{PATH}/{made.id}", 303)

    def show(self, request: Request, actor: PageActor, account_id: str) -> Response:
        """Show one account with its keys."""
        with self.work.read() as actions:
            account = actions.accounts.get(actor, account_id)
        return self._page(request, actor, account, _form_of(account))

    def change(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        account_id: str,
        name: Annotated[str, Form()] = "",
        description: Annotated[str, Form()] = "",
        role: Annotated[str, Form()] = "",
        suspended: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Set name, description, role, and whether the account may act."""
        held = suspended == "on"
        form = FormState.showing(name=name, description=description, role=role, suspended=held, version=version)
        try:
            with self.work.write() as actions:
                before = actions.accounts.get(actor, account_id)
                after = actions.accounts.change(
                    actor,
                    account_id,
                    name=name,
                    description=description,
                    role=role,
                    suspended=held,
                    version=whole_number(version),
                )
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as actions:
                present = actions.accounts.get(actor, account_id)
            if isinstance(error, PreconditionFailed):
                form.meet(error.detail, _form_of(present), LABELS, {"suspended": {"on": "suspended", "": "active"}})
                return self._page(request, actor, present, form, status=412)
            form.explain(error)
            return self._page(request, actor, present, form, status=400)
        shown = _form_of(after)
        shown.confirm(_changes(before, after))
        return self._page(request, actor, after, shown)

    def create_key(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        account_id: str,
        key_name: Annotated[str, Form()] = "",
        days: Annotated[str, Form()] = "",
        networks: Annotated[str, Form()] = "",
    ) -> Response:
        """Make a key and show it, this once."""
        self._require(actor)
        with self.work.read() as actions:
            account = actions.accounts.get(actor, account_id)
        form = FormState.showing(key_name=key_name, days=days, networks=networks)
        allowed: tuple[str, ...] = ()
        try:
            allowed = parse_networks(networks)
        except ValueError as error:
            form.fail("networks", f"“{error}” is no address or network such as 192.0.2.7 or 192.0.2.0/24.")
        if form.valid:
            lasting = int(days) if days in dict(LIFETIMES) else 0
            try:
                with self.work.write() as actions:
                    key, text = actions.accounts.create_key(actor, account_id, name=key_name, days=lasting, networks=allowed)
            except Invalid as error:
                form.explain(error, places={"name": "key_name"})
            else:
                return self.templates.render("admins/account_key_made.html", request, account=account, key=key, text=text)
        return self._page(request, actor, account, _form_of(account), key_form=form, status=400)

    def revoke_key(self, actor: PageActor, account_id: str, key_id: str) -> Response:
        """Revoke a key."""
        with self.work.write() as actions:
            actions.accounts.revoke_key(actor, account_id, key_id)
        return RedirectResponse(f"{PATH}/{account_id}#keys", 303)

    def ask_delete(self, request: Request, actor: PageActor, account_id: str) -> Response:
        """Ask before an account is deleted."""
        self._require(actor)
        with self.work.read() as actions:
            account = actions.accounts.get(actor, account_id)
            keys = len(actions.accounts.keys_of(actor, account_id))
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Delete {account.name}",
            sentence="Whatever uses its keys is refused from now on.",
            impacts=[
                f"{keys} {'key stops' if keys == 1 else 'keys stop'} working at once",
                "What it did stays in Directory Events",
            ],
            action=f"{PATH}/{account.id}/delete",
            verb="Yes, Delete",
            cancel=f"{PATH}/{account.id}",
            understood="",
        )

    def delete(self, actor: PageActor, account_id: str) -> Response:
        """Delete an account."""
        with self.work.write() as actions:
            actions.accounts.delete(actor, account_id)
        return RedirectResponse(PATH, 303)

    def _require(self, actor: Actor) -> None:
        actor.require(Permission.ADMINISTRATORS_WRITE)
        with self.work.read() as actions:
            actor.require_recent(actions.accounts.clock.now())

    def _add_page(self, request: Request, actor: Actor, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render(
            "admins/service_account_add.html", request, status=status, form=form, roles=self._roles(actor)
        )

    def _roles(self, actor: Actor) -> tuple[tuple[str, str, str], ...]:
        with self.work.read() as actions:
            return tuple(choice for choice in role_choices(actions, actor) if choice[0] not in REQUIRED_FOR)

    def _page(
        self,
        request: Request,
        actor: Actor,
        account: ServiceAccount,
        form: FormState,
        *,
        key_form: FormState | None = None,
        status: int = 200,
    ) -> Response:
        with self.work.read() as actions:
            keys = actions.accounts.keys_of(actor, account.id)
            now = actions.accounts.clock.now()
        return self.templates.render(
            "admins/service_account.html",
            request,
            status=status,
            account=account,
            form=form,
            key_form=key_form or FormState.showing(key_name="", days=KEY_DAYS, networks=""),
            keys=keys,
            now=now,
            roles=self._roles(actor),
            lifetimes=LIFETIMES,
            may_write=actor.may(Permission.ADMINISTRATORS_WRITE),
        )


def _form_of(account: ServiceAccount) -> FormState:
    return FormState.showing(
        name=account.name,
        description=account.description,
        role=account.role,
        suspended=account.suspended_at is not None,
        version=account.version,
    )


def _changes(before: ServiceAccount, after: ServiceAccount) -> list[str]:
    found = [
        f"{LABELS[field]}: {getattr(before, field) or 'empty'} → {getattr(after, field) or 'empty'}"
        for field in ("name", "description", "role")
        if getattr(before, field) != getattr(after, field)
    ]
    if (before.suspended_at is None) != (after.suspended_at is None):
        found.append("Suspended: its keys are refused" if after.suspended_at else "Active: its keys count again")
    return found
