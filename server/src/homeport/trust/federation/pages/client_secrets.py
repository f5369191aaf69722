"""The two client secrets on the provider's page: which was set when and answered last, changing their order, removing one."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.errors import NotFound, StepUpRequired
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.templates import Templates, stamp
from homeport.trust.federation.actions import IdentityProviders
from homeport.trust.federation.health import Health, Secret
from homeport.trust.federation.pages.words import number
from homeport.trust.federation.schemas import PathId

PATH = "/admin/identity-providers/{provider_id}/client-secrets"
NAMES = {"first": "Client Secret", "second": "Second client secret"}


@dataclass(frozen=True, slots=True)
class ClientSecretPages:
    """Changing the order of the secrets, and removing one. A new one is entered in the provider's form."""

    work: Work[IdentityProviders]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(f"{PATH}/promote", self.promote, methods=["POST"])
        router.add_api_route(PATH + "/{slot}/remove", self.ask_remove, methods=["GET"])
        router.add_api_route(PATH + "/{slot}/remove", self.remove, methods=["POST"])
        return router

    def promote(self, actor: PageActor, provider_id: PathId, version: Annotated[str, Form()] = "") -> Response:
        """Let the second secret be tried first."""
        page = f"/admin/identity-providers/{provider_id}"
        try:
            with self.work.write() as providers:
                providers.secrets.promote(actor, provider_id, version=number(version))
        except StepUpRequired:
            return RedirectResponse(f"/signin/confirm?next={page}", 303)
        return RedirectResponse(f"{page}?saved=promoted#client-secrets", 303)

    def ask_remove(self, request: Request, actor: PageActor, provider_id: PathId, slot: str) -> Response:
        """Say what removing a secret means."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        with self.work.read() as providers:
            provider, health = providers.get(actor, provider_id), providers.health(actor, provider_id)
        found = {one.slot: one for one in health.secrets}
        if slot not in found or len(found) == 1:
            raise NotFound("There is no such client secret, or it is the only one.")
        other = found["second" if slot == "first" else "first"]
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Remove the {NAMES[slot][:1].lower()}{NAMES[slot][1:]} of {provider.name}",
            sentence="Homeport forgets it. At the provider it stays as it is; deactivate it there too.",
            impacts=_impacts(found[slot], other, provider.name),
            action=f"/admin/identity-providers/{provider.id}/client-secrets/{slot}/remove",
            verb="Yes, Remove",
            cancel=f"/admin/identity-providers/{provider.id}",
            values={"version": str(provider.version)},
            understood="",
        )

    def remove(self, actor: PageActor, provider_id: PathId, slot: str, version: Annotated[str, Form()] = "") -> Response:
        """Remove a secret."""
        with self.work.write() as providers:
            providers.secrets.remove(actor, provider_id, slot, version=number(version))
        return RedirectResponse(f"/admin/identity-providers/{provider_id}?saved=removed#client-secrets", 303)


def rows(health: Health) -> list[dict[str, object]]:
    """Return a row for each secret: its name, who set it, what the provider said, and the actions that fit."""
    several = len(health.secrets) > 1
    return [
        {
            "slot": one.slot,
            "name": NAMES[one.slot],
            "order": ("Tried first" if one.slot == "first" else "Tried when the first is refused") if several else "The only one",
            "set": _set(one),
            "word": _word(one),
            "accepted_at": one.answer.accepted_at,
            "refused_at": one.answer.refused_at,
            "removable": several,
        }
        for one in health.secrets
    ]


def _set(secret: Secret) -> str:
    if secret.set_at is None:
        return "Unknown"
    return f"{stamp(secret.set_at)}, by {secret.set_by}" if secret.set_by else stamp(secret.set_at)


def _word(secret: Secret) -> tuple[str, str]:
    if secret.answer.refused:
        return "Refused", "error"
    return ("Accepted", "ok") if secret.answer.accepted_at is not None else ("Not asked yet", "info")


def _impacts(gone: Secret, other: Secret, name: str) -> list[str]:
    said = [f"Only the secret set on {_set(other)} is tried from now on."]
    if other.answer.refused:
        said.append(f"{name} refused that one at the last sign-in, so sign-ins will fail.")
    elif other.answer.accepted_at is None:
        said.append(f"{name} has never been asked with that one in a sign-in. Test connection shows whether it works.")
    else:
        said.append(f"{name} accepted that one at {stamp(other.answer.accepted_at)}.")
    if gone.answer.accepted_at is not None and not gone.answer.refused:
        said.append(f"{name} accepted the one that goes at {stamp(gone.answer.accepted_at)}.")
    return said
