"""DIRECTORY INTEGRATIONS > Identity Providers: the list, the set-up page, the provider's page, confirmations."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, StepUpRequired
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates, stamp
from homeport.trust.federation.actions import IdentityProviders, Typed
from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.model import IdentityProvider, ProviderKind, ProviderState, Settings, redirect_uri
from homeport.trust.federation.pages import client_secrets, oidc_guide, okta_guide, words
from homeport.trust.federation.pages.words import number
from homeport.trust.federation.saving import Saving
from homeport.trust.federation.schemas import PathId

PATH = "/admin/identity-providers"
PANELS = "identity_provider"
"""The name under which other slices add sections to a provider's page; their subject is the IdentityProvider."""
TEST_PANELS = "identity_provider_test"
"""The name under which the section “Test connection” is added, also to the set-up page once something was saved."""
SECRETS = ("client_secret", "second_client_secret")
SAVED = {
    "created": ["Federation is applied to your users."],
    "changed": ["The changes take effect from the next sign-in."],
    "promoted": ["The two client secrets changed places."],
    "removed": ["The client secret is removed."],
}
_FIELDS = {"secret": "client_secret", "second_secret": "second_client_secret"}
_LABELS = (
    ("name", "Identity Provider Name"),
    ("url", "URL"),
    ("issuer", "Issuer"),
    ("client_id", "Client ID"),
    ("email_domains", "E-mail domains"),
    ("unstated_email_accepted", "Addresses without email_verified"),
    ("secret", "Client Secret"),
    ("second_secret", "Second client secret"),
)


@dataclass(frozen=True, slots=True)
class IdentityProviderPages:
    """The pages of identity providers."""

    work: Work[IdentityProviders]
    saving: Saving
    templates: Templates
    panels: Panels
    public_url: str

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.list, methods=["GET"])
        router.add_api_route(f"{PATH}/add", self.add, methods=["POST"])
        router.add_api_route(PATH + "/{provider_id}", self.show, methods=["GET"])
        router.add_api_route(PATH + "/{provider_id}", self.save, methods=["POST"])
        router.add_api_route(PATH + "/{provider_id}/confirm", self.ask_confirm, methods=["GET"])
        router.add_api_route(PATH + "/{provider_id}/confirm", self.confirm, methods=["POST"])
        router.add_api_route(PATH + "/{provider_id}/discard", self.discard, methods=["POST"])
        router.add_api_route(PATH + "/{provider_id}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route(PATH + "/{provider_id}/delete", self.delete, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """Show the provider, or how to add one."""
        with self.work.read() as providers:
            found = providers.list(actor)
        return self.templates.render(
            "identity_providers/list.html",
            request,
            providers=[(one, words.provider_word(one)) for one in found],
            active=next((one for one in found if one.state is ProviderState.ACTIVE), None),
            may_write=actor.may(Permission.IDENTITY_PROVIDERS_WRITE),
        )

    def add(self, actor: PageActor, kind: Annotated[str, Form()] = "") -> Response:
        """Open the draft, so that its redirect URI can be copied before anything is saved."""
        if kind not in ProviderKind.__members__:
            raise Invalid("There is no such kind of identity provider. Choose one from the menu.")
        with self.work.write() as providers:
            draft = providers.draft(actor, ProviderKind(kind))
        return RedirectResponse(f"{PATH}/{draft.id}", 303)

    def show(self, request: Request, actor: PageActor, provider_id: PathId, saved: str = "") -> Response:
        """Show the set-up page of a draft, or the page of a provider."""
        with self.work.read() as providers:
            provider = providers.get(actor, provider_id)
            form = self._form(providers, actor, provider)
        if saved in SAVED and provider.state is ProviderState.ACTIVE:
            form.confirm(SAVED[saved])
        return self._page(request, actor, provider, form)

    async def save(self, request: Request, actor: PageActor, provider_id: PathId) -> Response:
        """Try what was typed; then ask to confirm, or apply, or say which check failed."""
        form = FormState.typed(await request.form(), secrets=SECRETS)
        provider = await run_in_threadpool(self._get, actor, provider_id)
        try:
            proposed, judgement = await self.saving.save(
                actor, provider_id, _typed(form, provider.kind), number(form.value("version"))
            )
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(_FIELDS.get(field, field), sentence)
            return self._page(request, actor, provider, form, status=400)
        except PreconditionFailed as error:
            return await run_in_threadpool(self._met, request, actor, provider_id, form, error.detail)
        if proposed is None:
            form.refuse("The identity provider was not saved. What was checked says which check failed and how to mend it.")
            return self._page(request, actor, provider, form, judgement=judgement, status=400)
        return await run_in_threadpool(self._proposed, request, actor, proposed, judgement)

    def _met(self, request: Request, actor: Actor, provider_id: str, form: FormState, sentence: str) -> Response:
        with self.work.read() as providers:
            present = providers.get(actor, provider_id)
            accepted = {"on": "accepted", "": "refused"} if present.kind is ProviderKind.OIDC else {}
            now = self._form(providers, actor, present, waiting=True)
            form.meet(sentence, now, dict(_LABELS), {"unstated_email_accepted": accepted})
        return self._page(request, actor, present, form, status=412)

    def ask_confirm(self, request: Request, actor: PageActor, provider_id: PathId) -> Response:
        """Say what changes, for how many users and devices."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        with self.work.read() as providers:
            provider = providers.get(actor, provider_id)
            if provider.proposal is None:
                return RedirectResponse(f"{PATH}/{provider.id}", 303)
            return self._confirmation(request, actor, providers, provider)

    def confirm(
        self,
        request: Request,
        actor: PageActor,
        provider_id: PathId,
        understood: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Apply what was saved."""
        if understood != "on":
            with self.work.read() as providers:
                provider = providers.get(actor, provider_id)
                problem = "Tick “I understand the impacts above” to continue."
                return self._confirmation(request, actor, providers, provider, problem=problem, status=400)
        with self.work.write() as providers:
            created = providers.get(actor, provider_id).state is ProviderState.DRAFT
            provider = providers.apply(actor, provider_id, version=number(version))
        return RedirectResponse(f"{PATH}/{provider.id}?saved={'created' if created else 'changed'}", 303)

    def discard(self, actor: PageActor, provider_id: PathId) -> Response:
        """Forget a draft, or changes that were not confirmed."""
        with self.work.write() as providers:
            draft = providers.get(actor, provider_id).state is ProviderState.DRAFT
            providers.discard(actor, provider_id)
        return RedirectResponse(PATH if draft else f"{PATH}/{provider_id}", 303)

    def ask_delete(self, request: Request, actor: PageActor, provider_id: PathId) -> Response:
        """Say who loses what."""
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        with self.work.read() as providers:
            provider = providers.get(actor, provider_id)
            impact = providers.losses(actor, provider)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Delete {provider.name}",
            sentence="Homeport forgets this identity provider.",
            impacts=words.losses(provider, impact),
            action=f"{PATH}/{provider.id}/delete",
            verb="Yes, Delete",
            cancel=f"{PATH}/{provider.id}",
            values={"version": str(provider.version)},
            understood="",
        )

    def delete(self, actor: PageActor, provider_id: PathId, version: Annotated[str, Form()] = "") -> Response:
        """Delete the provider."""
        with self.work.write() as providers:
            providers.delete(actor, provider_id, version=number(version))
        return RedirectResponse(PATH, 303)

    def _get(self, actor: Actor, provider_id: str) -> IdentityProvider:
        actor.require(Permission.IDENTITY_PROVIDERS_WRITE)
        with self.work.read() as providers:
            return providers.get(actor, provider_id)

    def _proposed(self, request: Request, actor: Actor, proposed: IdentityProvider, judgement: Judgement) -> Response:
        """Ask to confirm a creation or another issuer; apply anything else at once."""
        with self.work.read() as providers:
            if providers.needs_confirmation(actor, proposed):
                return self._confirmation(request, actor, providers, proposed, judgement=judgement)
        try:
            with self.work.write() as providers:
                before = providers.get(actor, proposed.id)
                after = providers.apply(actor, proposed.id, version=proposed.version)
                form = self._form(providers, actor, after)
        except StepUpRequired:
            return RedirectResponse(f"/signin/confirm?next={quote(f'{PATH}/{proposed.id}/confirm')}", 303)
        form.confirm(_said(before.settings, after.settings))
        return self._page(request, actor, after, form, judgement=judgement)

    def _confirmation(
        self,
        request: Request,
        actor: Actor,
        providers: IdentityProviders,
        provider: IdentityProvider,
        *,
        judgement: Judgement | None = None,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        if provider.proposal is None or provider.proposed_metadata is None:
            raise Conflict("There is nothing to confirm. Save the settings first.", reason="nothing_proposed")
        return self.templates.render(
            "identity_providers/confirm.html",
            request,
            status=status,
            provider=provider,
            proposed_name=provider.proposal.name,
            creation=provider.state is ProviderState.DRAFT,
            impacts=words.impacts(provider, providers.impact(actor, provider)),
            found=words.found(provider.proposed_metadata),
            checks=words.check_rows(judgement.checks) if judgement is not None else (),
            problem=problem,
            path=f"{PATH}/{provider.id}",
        )

    def _health(self, actor: Actor, provider: IdentityProvider) -> dict[str, Any]:
        """Return what the sections “Health” and “Client secrets” of an active provider's page show."""
        if provider.state is not ProviderState.ACTIVE:
            return {}
        with self.work.read() as providers:
            health = providers.health(actor, provider.id)
        return {
            "health": health,
            "health_word": words.standing_word(health),
            "fetches": (("Metadata", words.fetched(health.metadata)), ("Keys", words.fetched(health.keys))),
            "secrets": client_secrets.rows(health),
        }

    def _form(
        self, providers: IdentityProviders, actor: Actor, provider: IdentityProvider, *, waiting: bool = False
    ) -> FormState:
        """Return the form as it is opened; with `waiting`, with the changes that wait for a confirmation."""
        waiting = waiting or provider.state is ProviderState.DRAFT
        shown = provider.proposal or provider.settings if waiting else provider.settings
        domains = shown.email_domains or tuple(providers.proposed_domains(actor))
        return FormState.showing(
            name=shown.name,
            url=shown.url,
            client_id=shown.client_id,
            email_domains="\n".join(domains),
            unstated_email_accepted=shown.unstated_email_accepted,
            version=provider.version,
        )

    def _page(
        self,
        request: Request,
        actor: Actor,
        provider: IdentityProvider,
        form: FormState,
        *,
        judgement: Judgement | None = None,
        status: int = 200,
    ) -> Response:
        draft = provider.state is ProviderState.DRAFT
        if draft and not actor.may(Permission.IDENTITY_PROVIDERS_WRITE):
            raise NotFound("This identity provider is not set up yet.")
        stored = provider.proposal or provider.settings if draft else provider.settings
        here = redirect_uri(self.public_url, provider.id)
        return self.templates.render(
            "identity_providers/set_up.html" if draft else "identity_providers/show.html",
            request,
            status=status,
            provider=provider,
            word=words.provider_word(provider),
            form=form,
            checks=words.check_rows(judgement.checks) if judgement is not None else (),
            guide_items=(okta_guide if provider.kind is ProviderKind.OKTA else oidc_guide).steps(here, judgement),
            redirect_uri=here,
            found=words.found(provider.metadata) if provider.metadata is not None else (),
            email_rule=words.email_rule(provider),
            secret_note=_set_note(stored),
            second_note=_second_note(stored),
            **self._health(actor, provider),
            panels="" if draft else self.panels.render(PANELS, provider, actor),
            may_write=actor.may(Permission.IDENTITY_PROVIDERS_WRITE),
            test=self.panels.render(TEST_PANELS, provider, actor) if actor.may(Permission.IDENTITY_PROVIDERS_WRITE) else "",
            path=f"{PATH}/{provider.id}",
        )


def _typed(form: FormState, kind: ProviderKind) -> Typed:
    return Typed(
        name=form.value("name"),
        url=form.value("url"),
        client_id=form.value("client_id"),
        email_domains=tuple(form.value("email_domains").replace(",", " ").split()),
        secret=form.value("client_secret").strip(),
        second_secret=form.value("second_client_secret").strip(),
        unstated_email_accepted=form.checked("unstated_email_accepted") if kind is ProviderKind.OIDC else None,
    )


def _set_note(settings: Settings) -> str:
    if settings.secret_set_at is None:
        return ""
    return f"Set on {stamp(settings.secret_set_at)}, by {settings.secret_set_by}. Leave it empty to keep it."


def _second_note(settings: Settings) -> str:
    if settings.second_secret_set_at is None:
        return ""
    return f"Set on {stamp(settings.second_secret_set_at)}, by {settings.second_secret_set_by}. Leave it empty to keep it."


def _said(before: Settings, after: Settings) -> list[str]:
    """Return what changed, one sentence for each; secrets are only said to be changed."""
    said = []
    for name, label in _LABELS:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name.endswith("secret"):
            said.append(f"{label} {'removed' if new is None else 'changed'}.")
        else:
            said.append(f"{label}: {_plain(old)} → {_plain(new)}")
    return said


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "accepted" if value else "refused"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
