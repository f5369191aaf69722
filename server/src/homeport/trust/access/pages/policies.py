"""SECURITY MANAGEMENT > Conditional Access Policies: the list, one policy, the default, the template that denies the user portal."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui import listing
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates
from homeport.trust.access.actions import AccessActions, Wanted
from homeport.trust.access.model import Action, Policy, Portal
from homeport.trust.access.pages.forms import form_of, lists_to_choose, wanted_from
from homeport.trust.access.pages.words import (
    ACTION_CHOICES,
    ACTIONS,
    CHOICES,
    LABELS,
    MODE_CHOICES,
    MODES,
    PORTALS,
    Names,
    asked,
    explain,
)

PATH = "/admin/access-policies"
FILTERS = (
    listing.Filter("portal", "Portal", tuple((portal.value, word) for portal, word in PORTALS.items())),
    listing.Filter("mode", "Status", tuple((mode.value, word) for mode, (word, _) in MODES.items())),
    listing.Filter("action", "Action", tuple((action.value, word) for action, word in ACTIONS.items())),
)
SORTS = ("name", "portal", "mode", "action", "updated_at")
DENY_NAME = "Deny the user portal"
DENY_MESSAGE = "Your organization does not use this portal. Sign in on your machine instead."


@dataclass(frozen=True, slots=True)
class AccessPolicyPages:
    """The pages of access policies."""

    work: Work[AccessActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False, prefix=PATH)
        router.add_api_route("", self.list, methods=["GET"])
        router.add_api_route("/add/{portal}", self.add, methods=["GET"])
        router.add_api_route("/add/{portal}", self.create, methods=["POST"])
        router.add_api_route("/default/{portal}", self.show_default, methods=["GET"])
        router.add_api_route("/default/{portal}", self.set_default, methods=["POST"])
        router.add_api_route("/deny-user-portal", self.ask_deny, methods=["GET"])
        router.add_api_route("/deny-user-portal", self.deny, methods=["POST"])
        router.add_api_route("/{policy_id}", self.show, methods=["GET"])
        router.add_api_route("/{policy_id}", self.update, methods=["POST"])
        router.add_api_route("/{policy_id}/delete", self.ask_delete, methods=["GET"])
        router.add_api_route("/{policy_id}/delete", self.delete, methods=["POST"])
        return router

    def list(self, request: Request, actor: PageActor) -> Response:
        """List policies by name, with what counts without one."""
        state = ListState.of(request, filters=FILTERS, sorts=SORTS, default_sort="name")
        with self.work.read() as act:
            state, page = state.searched(lambda: act.policies.list(actor, asked(state)))
            names = Names.of(act, actor, page.items)
            defaults = [act.policies.default(actor, portal) for portal in Portal]
        return self.templates.render(
            "access/policies.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            policies=page.items,
            audiences={policy.id: names.audience(policy) for policy in page.items},
            defaults=defaults,
            portals=PORTALS,
            modes=MODES,
            actions=ACTIONS,
            denies_user_portal=any(policy.name == DENY_NAME for policy in page.items),
            may_write=actor.may(Permission.ACCESS_POLICIES_WRITE),
        )

    def add(self, request: Request, actor: PageActor, portal: str) -> Response:
        """Show the form of a new policy."""
        self._require_recent(actor)
        form = FormState.showing(mode="monitor", audience="everyone", match="all", action="deny")
        return self._form_page(request, actor, _portal(portal), form)

    def create(self, request: Request, actor: PageActor, portal: str, submission: TypedForm) -> Response:
        """Add a policy and show its page."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        form, kind = FormState.typed(submission), _portal(portal)
        try:
            with self.work.write() as act:
                policy = act.policies.create(actor, kind, wanted_from(form, act, actor, kind))
        except (Invalid, Conflict) as error:
            explain(form, error)
            return self._form_page(request, actor, kind, form, status=400)
        return RedirectResponse(f"{PATH}/{policy.id}", 303)

    def show(self, request: Request, actor: PageActor, policy_id: str) -> Response:
        """Show one policy."""
        with self.work.read() as act:
            policy = act.policies.get(actor, policy_id)
            form = form_of(policy, Names.of(act, actor, [policy]))
        return self._form_page(request, actor, policy.portal, form, policy=policy)

    def update(self, request: Request, actor: PageActor, policy_id: str, submission: TypedForm) -> Response:
        """Save the form and say what changed, or keep what was typed and say what is wrong."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        form = FormState.typed(submission)
        try:
            with self.work.write() as act:
                before = act.policies.get(actor, policy_id)
                shown = form_of(before, Names.of(act, actor, [before]))
                wanted = wanted_from(form, act, actor, before.portal)
                policy = act.policies.update(actor, policy_id, wanted, version=whole_number(form.value("version")))
                saved = form_of(policy, Names.of(act, actor, [policy]))
        except (Invalid, Conflict, PreconditionFailed) as error:
            with self.work.read() as act:
                present = act.policies.get(actor, policy_id)
                there = form_of(present, Names.of(act, actor, [present]))
            if isinstance(error, PreconditionFailed):
                form.meet(error.detail, there, LABELS, CHOICES)
                return self._form_page(request, actor, present.portal, form, policy=present, status=412)
            explain(form, error)
            return self._form_page(request, actor, present.portal, form, policy=present, status=400)
        saved.confirm(_changed(shown, saved))
        return self._form_page(request, actor, policy.portal, saved, policy=policy)

    def ask_delete(self, request: Request, actor: PageActor, policy_id: str) -> Response:
        """Ask before a policy is deleted."""
        self._require_recent(actor)
        with self.work.read() as act:
            policy = act.policies.get(actor, policy_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Delete {policy.name}",
            sentence=f"The policy for the {PORTALS[policy.portal].lower()} goes. The others, and the default, decide at once, also about sessions that are open.",
            impacts=[],
            action=f"{PATH}/{policy.id}/delete",
            values={"version": policy.version},
            verb="Yes, Delete",
            cancel=f"{PATH}/{policy.id}",
            understood="",
        )

    def delete(self, actor: PageActor, policy_id: str, submission: TypedForm) -> Response:
        """Delete a policy."""
        with self.work.write() as act:
            act.policies.delete(actor, policy_id, version=whole_number(FormState.typed(submission).value("version")))
        return RedirectResponse(PATH, 303)

    def show_default(self, request: Request, actor: PageActor, portal: str) -> Response:
        """Show what counts at a portal when no policy applies."""
        kind = _portal(portal)
        with self.work.read() as act:
            default = act.policies.default(actor, kind)
        form = FormState.showing(action=default.action.value, version=default.version)
        return self._default_page(request, actor, kind, form)

    def set_default(self, request: Request, actor: PageActor, portal: str, submission: TypedForm) -> Response:
        """Save what counts at a portal when no policy applies."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        kind, form = _portal(portal), FormState.typed(submission)
        if form.value("action") not in set(Action):
            form.fail("action", "Choose one.")
            return self._default_page(request, actor, kind, form, status=400)
        try:
            with self.work.write() as act:
                before = act.policies.default(actor, kind)
                after = act.policies.set_default(
                    actor, kind, Action(form.value("action")), version=whole_number(form.value("version"))
                )
        except (Conflict, PreconditionFailed) as error:
            if isinstance(error, Conflict):
                form.refuse(error.detail)
                return self._default_page(request, actor, kind, form, status=400)
            with self.work.read() as act:
                there = act.policies.default(actor, kind)
            present = FormState.showing(action=there.action.value, version=there.version)
            form.meet(error.detail, present, {"action": "Default"}, CHOICES)
            return self._default_page(request, actor, kind, form, status=412)
        form = FormState.showing(action=after.action.value, version=after.version)
        changed = before.action is not after.action
        form.confirm([f"Default: {ACTIONS[before.action]} → {ACTIONS[after.action]}"] if changed else [])
        return self._default_page(request, actor, kind, form)

    def ask_deny(self, request: Request, actor: PageActor) -> Response:
        """Ask before the user portal is denied to everybody."""
        self._require_recent(actor)
        return self._deny_page(request)

    def deny(self, request: Request, actor: PageActor) -> Response:
        """Deny the user portal to everybody, by a policy that can be seen and changed like any other."""
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        wanted = Wanted(
            DENY_NAME,
            Action.DENY,
            description="Everybody, from everywhere. Signing in on machines goes on as before.",
            message=DENY_MESSAGE,
        )
        try:
            with self.work.write() as act:
                policy = act.policies.create(actor, Portal.USER, wanted)
        except Conflict as error:
            return self._deny_page(request, problem=error.detail, status=400)
        return RedirectResponse(f"{PATH}/{policy.id}", 303)

    def _deny_page(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        return self.templates.render(
            "ui/confirm.html",
            request,
            status=status,
            title=DENY_NAME,
            sentence="One policy, for everybody, from everywhere: nobody signs in to the user portal.",
            impacts=[
                "From now on everybody is refused there with a sentence that you can change; whoever is signed in there is signed out",
                "Signing in on machines, and the admin portal, go on as before",
                "The policy can be changed, disabled or deleted at any time",
            ],
            action=f"{PATH}/deny-user-portal",
            verb="Yes, Deny",
            cancel=PATH,
            understood="",
            problem=problem,
        )

    def _require_recent(self, actor: Actor) -> None:
        actor.require(Permission.ACCESS_POLICIES_WRITE)
        # Asked before the form is filled in: afterwards what was typed would be lost.
        with self.work.read() as act:
            actor.require_recent(act.policies.clock.now())

    def _form_page(
        self,
        request: Request,
        actor: Actor,
        portal: Portal,
        form: FormState,
        *,
        policy: Policy | None = None,
        status: int = 200,
    ) -> Response:
        with self.work.read() as act:
            names = Names.of(act, actor, [policy] if policy else [])
            lists, more = lists_to_choose(act, actor, form)
            roles = act.policies.offered_roles(actor)
        return self.templates.render(
            "access/policy.html",
            request,
            status=status,
            form=form,
            policy=policy,
            portal=portal,
            portal_name=PORTALS[portal],
            is_admin_portal=portal is Portal.ADMIN,
            audience=names.audience(policy) if policy else "",
            lists=lists,
            roles=roles,
            more_lists=more,
            modes=MODES,
            actions=ACTIONS,
            mode_choices=MODE_CHOICES,
            action_choices=ACTION_CHOICES,
            may_write=actor.may(Permission.ACCESS_POLICIES_WRITE),
        )

    def _default_page(self, request: Request, actor: Actor, portal: Portal, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render(
            "access/default.html",
            request,
            status=status,
            form=form,
            portal=portal,
            portal_name=PORTALS[portal],
            actions=ACTIONS,
            action_choices=ACTION_CHOICES,
            may_write=actor.may(Permission.ACCESS_POLICIES_WRITE),
        )


def _portal(text: str) -> Portal:
    try:
        return Portal(text)
    except ValueError:
        raise NotFound("There is no such portal.") from None


def _changed(before: FormState, after: FormState) -> list[str]:
    found = []
    for name, label in LABELS.items():
        known = CHOICES.get(name, {})
        was, now = (", ".join(known.get(one, one) for one in form.all(name) if one) for form in (before, after))
        if was != now:
            found.append(f"{label}: {was or '(empty)'} → {now or '(empty)'}")
    return found
