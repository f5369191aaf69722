"""The section “User portal” on a user's page: the password's status, one-time links, expiry, authority, second factor, sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Path, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from homeport.directory.people.model import User
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.errors import PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState, whole_number
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.person.model import Authority, LinkKind, PasswordStatus
from homeport.trust.signin.person.pages.security import WORDS, SecurityActions

READER = system("panel")
"""A section has no reader of its own; the page around it required the permission."""
PAGE = "/admin/users/{user_id}"
AUTHORITIES = (
    (Authority.HOMEPORT.value, "None (this directory)", "The person sets and changes the password here."),
    (Authority.ACTIVE_DIRECTORY.value, "Active Directory", "It is changed there."),
    (Authority.PROVIDER.value, "Federated Identity Provider", "It is changed at the identity provider."),
    (Authority.SCIM.value, "SCIM Integration", "It is changed in the system that provisions users."),
)
LABELS = {"authority": "Password Authority"}
CHOICES = {"authority": {value: label for value, label, _ in AUTHORITIES}}
PathId = Annotated[str, Path(max_length=64, pattern="^[0-9A-Za-z_-]+$")]


@dataclass(frozen=True, slots=True)
class PasswordPanels:
    """The section and the pages behind its buttons. `public_url` begins each link."""

    work: Work[SecurityActions]
    templates: Templates
    public_url: str

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(f"{PAGE}/password-link", self.ask_link, methods=["GET"])
        router.add_api_route(f"{PAGE}/password-link", self.make_link, methods=["POST"])
        router.add_api_route(f"{PAGE}/password-mail", self.ask_mail, methods=["GET"])
        router.add_api_route(f"{PAGE}/password-mail", self.send_mail, methods=["POST"])
        router.add_api_route(f"{PAGE}/expire-password", self.ask_expire, methods=["GET"])
        router.add_api_route(f"{PAGE}/expire-password", self.expire, methods=["POST"])
        router.add_api_route(f"{PAGE}/password-authority", self.show_authority, methods=["GET"])
        router.add_api_route(f"{PAGE}/password-authority", self.set_authority, methods=["POST"])
        router.add_api_route(f"{PAGE}/reset-second-factor", self.ask_reset, methods=["GET"])
        router.add_api_route(f"{PAGE}/reset-second-factor", self.reset_factor, methods=["POST"])
        router.add_api_route(f"{PAGE}/remove-passkeys", self.ask_passkeys, methods=["GET"])
        router.add_api_route(f"{PAGE}/remove-passkeys", self.remove_passkeys, methods=["POST"])
        router.add_api_route(f"{PAGE}/end-sessions", self.end_sessions, methods=["POST"])
        return router

    def panel(self, user: User, actor: Actor) -> Markup:
        """Return the section for a user's page."""
        with self.work.read() as act:
            password = act.passwords.get(READER, user.id)
            link = act.passwords.open_link(READER, user.id)
            sessions = act.sessions.list_of(READER, user.id)
            by_mail = act.forgotten.by_mail
            passkeys = len(act.passkeys.list_of(READER, user.id))
        return self.templates.fragment(
            "person/user_panel.html",
            user=user,
            password=password,
            word=WORDS[password.status],
            link=link,
            sessions=len(sessions),
            by_mail=by_mail,
            passkeys=passkeys,
            pending=password.status is PasswordStatus.PENDING,
            expirable=password.status is PasswordStatus.ACTIVE,
            managed=password.authority is not Authority.HOMEPORT,
            active=user.state.value == "ACTIVATED",
            may_reset=actor.may(Permission.PASSWORDS_RESET),
            may_reset_factor=actor.may(Permission.FACTORS_RESET),
            may_write=actor.may(Permission.USERS_WRITE),
            may_end=actor.may(Permission.USERS_STATE),
        )

    def ask_link(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Say what a link does before it is made."""
        actor.require(Permission.PASSWORDS_RESET)
        user, pending = self._subject(actor, user_id)
        with self.work.read() as act:
            actor.require_recent(act.passwords.clock.now())
        what = "activation link" if pending else "link to a new password"
        return self._confirm(
            request,
            user,
            f"Make a{'n' if pending else ''} {what} for {user.full_name}",
            "The link is shown once. Whoever opens it chooses the password, so hand it over by a way on which you know the person.",
            [
                f"The link works once, for {'7 days' if pending else 'an hour'}",
                "Earlier links for this person stop working",
                *([] if pending else ["The present password works until the link is used"]),
            ],
            "password-link",
            "Make Link",
            danger=False,
        )

    def make_link(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Make a link and show it, this once."""
        with self.work.write() as act:
            user, kind, token = act.passwords.issue_link(actor, user_id)
        return self.templates.render(
            "person/link_made.html",
            request,
            user=user,
            link=f"{self.public_url}/user/link/{token}",
            first=kind is LinkKind.ACTIVATION,
        )

    def ask_mail(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Say where the link goes before it is sent."""
        actor.require(Permission.PASSWORDS_RESET)
        user, pending = self._subject(actor, user_id)
        with self.work.read() as act:
            actor.require_recent(act.passwords.clock.now())
        return self._confirm(
            request,
            user,
            f"Send {user.full_name} a link",
            f"The link goes to {user.email}. Whoever reads that mailbox chooses the password.",
            [f"The link works once, for {'7 days' if pending else 'an hour'}", "Earlier links for this person stop working"],
            "password-mail",
            "Send Link",
            danger=False,
        )

    def send_mail(self, actor: PageActor, user_id: PathId) -> Response:
        """Send a link by mail."""
        actor.require(Permission.PASSWORDS_RESET)
        with self.work.write() as act:
            act.forgotten.send(actor, user_id)
        return _back(user_id)

    def ask_expire(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Ask before a password expires."""
        actor.require(Permission.PASSWORDS_RESET)
        user, _ = self._subject(actor, user_id)
        return self._confirm(
            request,
            user,
            f"Expire the password of {user.full_name}",
            "At the next sign-in to the user portal the present password only leads to choosing another.",
            ["Their portal sessions end at once"],
            "expire-password",
            "Yes, Expire",
        )

    def expire(self, actor: PageActor, user_id: PathId) -> Response:
        """Demand another password at the next sign-in."""
        with self.work.write() as act:
            act.passwords.expire(actor, user_id)
        return _back(user_id)

    def show_authority(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Show who manages the password."""
        actor.require(Permission.USERS_WRITE)
        return self._authority_page(request, actor, user_id, None)

    def set_authority(
        self,
        request: Request,
        actor: PageActor,
        user_id: PathId,
        authority: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = "",
    ) -> Response:
        """Say who manages the password."""
        actor.require(Permission.USERS_WRITE)
        form = FormState.showing(authority=authority, version=version)
        if authority not in CHOICES["authority"]:
            form.fail("authority", "Choose one of the authorities.")
            return self._authority_page(request, actor, user_id, form, status=400)
        try:
            with self.work.write() as act:
                before = act.passwords.present(user_id)
                after = act.passwords.set_authority(actor, user_id, Authority(authority), version=whole_number(version))
        except PreconditionFailed as error:
            form.meet(error.detail, self._form(user_id), LABELS, CHOICES)
            return self._authority_page(request, actor, user_id, form, status=412)
        form = self._form(user_id)
        words = CHOICES["authority"]
        changed = before.authority is not after.authority
        form.confirm([f"Password Authority: {words[before.authority.value]} → {words[after.authority.value]}"] if changed else [])
        return self._authority_page(request, actor, user_id, form)

    def ask_reset(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Ask before a second factor is removed."""
        return self._ask_proof(
            request,
            actor,
            user_id,
            "Reset the second factor of",
            "For somebody who lost the phone and the recovery codes. Make sure that it is them who asks.",
            "The password alone opens the user portal until they set up another",
            "reset-second-factor",
            "Yes, Reset",
        )

    def reset_factor(self, actor: PageActor, user_id: PathId) -> Response:
        """Remove a second factor."""
        with self.work.write() as act:
            act.factors.reset(actor, user_id)
        return _back(user_id)

    def ask_passkeys(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Ask before somebody's passkeys are removed."""
        return self._ask_proof(
            request,
            actor,
            user_id,
            "Remove the passkeys of",
            "For somebody who lost a device, or whose passkeys may be a stranger's.",
            "None of their passkeys opens the user portal any more",
            "remove-passkeys",
            "Yes, Remove",
        )

    def remove_passkeys(self, actor: PageActor, user_id: PathId) -> Response:
        """Remove all passkeys of a user."""
        with self.work.write() as act:
            act.passkeys.remove_all_of(actor, user_id)
        return _back(user_id)

    def end_sessions(self, actor: PageActor, user_id: PathId) -> Response:
        """End all portal sessions of a user."""
        with self.work.write() as act:
            act.sessions.end_all_of(actor, user_id)
        return _back(user_id)

    def _ask_proof(  # noqa: PLR0917 - the parts of the confirmation, in the order they appear in it
        self, request: Request, actor: Actor, user_id: str, deed: str, sentence: str, impact: str, action: str, verb: str
    ) -> Response:
        """Ask before what proves a person's identity is taken from them."""
        actor.require(Permission.FACTORS_RESET)
        user, _ = self._subject(actor, user_id)
        with self.work.read() as act:
            actor.require_recent(act.passwords.clock.now())
        impacts = [impact, "Their portal sessions end at once"]
        return self._confirm(request, user, f"{deed} {user.full_name}", sentence, impacts, action, verb)

    def _subject(self, actor: Actor, user_id: str) -> tuple[User, bool]:
        with self.work.read() as act:
            return act.users.get(actor, user_id), act.passwords.present(user_id).status is PasswordStatus.PENDING

    def _form(self, user_id: str) -> FormState:
        with self.work.read() as act:
            password = act.passwords.present(user_id)
        return FormState.showing(authority=password.authority.value, version=password.version)

    def _authority_page(
        self, request: Request, actor: Actor, user_id: str, form: FormState | None, *, status: int = 200
    ) -> Response:
        user, _ = self._subject(actor, user_id)
        form = form or self._form(user_id)
        return self.templates.render(
            "person/authority.html", request, status=status, user=user, form=form, authorities=AUTHORITIES
        )

    def _confirm(  # noqa: PLR0917 - the parts of a confirmation, in the order they appear in it
        self,
        request: Request,
        user: User,
        title: str,
        sentence: str,
        impacts: Sequence[str],
        action: str,
        verb: str,
        *,
        danger: bool = True,
    ) -> Response:
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=title,
            sentence=sentence,
            impacts=impacts,
            action=f"/admin/users/{user.id}/{action}",
            verb=verb,
            cancel=f"/admin/users/{user.id}",
            understood="",
            danger=danger,
        )


def _back(user_id: str) -> Response:
    return RedirectResponse(f"/admin/users/{user_id}#portal", 303)
