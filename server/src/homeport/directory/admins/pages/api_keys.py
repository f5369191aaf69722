"""SETTINGS > API Keys: an administrator's own keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.admins.actions import AdministratorActions
from homeport.directory.admins.model import KEY_DAYS, ApiKey, parse_networks
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

PATH = "/admin/api-keys"
LIFETIMES = (("7", "7 days"), ("30", "30 days"), (str(KEY_DAYS), f"{KEY_DAYS} days"), ("365", "365 days"))


@dataclass(frozen=True, slots=True)
class ApiKeyPages:
    """The pages of one's own API keys."""

    work: Work[AdministratorActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.add, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.create, methods=["POST"])
        router.add_api_route(f"{PATH}/{{key_id}}/revoke", self.ask_revoke, methods=["GET"])
        router.add_api_route(f"{PATH}/{{key_id}}/revoke", self.revoke, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List one's own keys."""
        with self.work.read() as actions:
            keys = actions.keys.list_own(actor)
            allowed = _allowed(actions, actor)
            now = actions.keys.clock.now()
        return self.templates.render(
            "admins/keys.html", request, keys=[(key, key_word(key, now, allowed=allowed)) for key in keys], allowed=allowed
        )

    def add(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a new key, after the password was given again."""
        actor.require(Permission.API_KEYS_OWN)
        with self.work.read() as actions:
            actor.require_recent(actions.keys.clock.now())
        return self._add_page(request, FormState.showing(name="", days=KEY_DAYS, networks=""))

    def create(
        self,
        request: Request,
        actor: PageActor,
        name: Annotated[str, Form()] = "",
        days: Annotated[str, Form()] = "",
        networks: Annotated[str, Form()] = "",
    ) -> Response:
        """Make a key and show it, this once."""
        form = FormState.showing(name=name, days=days, networks=networks)
        allowed: tuple[str, ...] = ()
        try:
            allowed = parse_networks(networks)
        except ValueError as error:
            form.fail("networks", f"“{error}” is no address or network such as 192.0.2.7 or 192.0.2.0/24.")
        if form.valid:
            try:
                with self.work.write() as actions:
                    key, text = actions.keys.create(actor, name=name, days=_days(days), networks=allowed)
            except Invalid as error:
                for field, sentence in error.fields.items():
                    form.fail(field, sentence)
            else:
                return self.templates.render("admins/key_made.html", request, key=key, text=text)
        return self._add_page(request, form, status=400)

    def ask_revoke(self, request: Request, actor: PageActor, key_id: str) -> Response:
        """Ask before a key is revoked."""
        with self.work.read() as actions:
            key = actions.keys.get(actor, key_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Revoke {key.name}",
            sentence="Whatever uses this key is refused from now on.",
            impacts=[f"Last used {key.last_used_at:%d %b %Y, %H:%M} UTC" if key.last_used_at else "It was never used"],
            action=f"{PATH}/{key.id}/revoke",
            verb="Yes, Revoke",
            cancel=PATH if key.administrator_id == actor.id else f"/admin/administrators/{key.administrator_id}",
            understood="",
        )

    def revoke(self, actor: PageActor, key_id: str) -> Response:
        """Revoke a key."""
        with self.work.write() as actions:
            key = actions.keys.revoke(actor, key_id)
        return RedirectResponse(
            PATH if key.administrator_id == actor.id else f"/admin/administrators/{key.administrator_id}", 303
        )

    def _add_page(self, request: Request, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render("admins/key_add.html", request, status=status, form=form, lifetimes=LIFETIMES)


def key_word(key: ApiKey, now: datetime, *, allowed: bool) -> tuple[str, str]:
    """Return the word and the kind of a key's status."""
    if now >= key.expires_at:
        return ("Expired", "off")
    return ("Active", "ok") if allowed else ("Switched off", "off")


def _allowed(actions: AdministratorActions, actor: Actor) -> bool:
    owner = actions.administrators.find_present(actor.id)
    return owner is not None and owner.api_keys_allowed


def _days(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0  # noqa: PLR2004 - far more than a year
