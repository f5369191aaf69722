"""The section “Identity provider” on a user's page: the link, removing it, allowing a new one."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.actions import Links
from homeport.trust.federation.model import LinkState
from homeport.trust.federation.pages.words import LINK_WORDS
from homeport.trust.federation.schemas import PathId

READER = system("panel")


@dataclass(frozen=True, slots=True)
class LinkPages:
    """The section and its confirmation. The page that shows the section has checked that its reader may see the user."""

    work: Work[Links]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/admin/users/{user_id}/unlink", self.ask_unlink, methods=["GET"])
        router.add_api_route("/admin/users/{user_id}/unlink", self.unlink, methods=["POST"])
        router.add_api_route("/admin/users/{user_id}/allow-new-link", self.ask_allow, methods=["GET"])
        router.add_api_route("/admin/users/{user_id}/allow-new-link", self.allow, methods=["POST"])
        return router

    def panel(self, subject: Any, actor: Actor) -> Markup:
        """Return the section for a user's page; `subject` is the user, or has one as `user`."""
        user = getattr(subject, "user", subject)
        with self.work.read() as links:
            found = links.of_user(READER, user.id)
        return self.templates.fragment(
            "identity_providers/user_panel.html",
            user=user,
            may_change=actor.may(Permission.LINKS_WRITE),
            links=[(link, LINK_WORDS[link.state]) for link in found],
            linked=any(link.state is not LinkState.REMOVED for link in found),
            refused=bool(found)
            and all(link.state is LinkState.REMOVED for link in found)
            and any(link.relink_allowed_at is None for link in found),
        )

    def ask_unlink(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Ask before a link is removed."""
        actor.require(Permission.LINKS_WRITE)
        with self.work.read() as links:
            user = links.people.get(actor, user_id)
        return self.templates.render("identity_providers/unlink.html", request, user=user, path=f"/admin/users/{user.id}")

    def unlink(self, actor: PageActor, user_id: PathId, allow_new: Annotated[str, Form()] = "") -> Response:
        """Remove the link."""
        with self.work.write() as links:
            links.unlink(actor, user_id, allow_new=allow_new == "on")
        return RedirectResponse(f"/admin/users/{user_id}", 303)

    def ask_allow(self, request: Request, actor: PageActor, user_id: PathId) -> Response:
        """Ask before a new link is allowed."""
        actor.require(Permission.LINKS_WRITE)
        with self.work.read() as links:
            user = links.people.get(actor, user_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Allow a new link for {user.full_name}",
            sentence="Whoever the identity provider says has this user's e-mail address can become this user.",
            impacts=[
                f"The next sign-in with the address {user.email} that starts after this moment makes a new link.",
                "Sign-ins that are open now stay refused.",
            ],
            action=f"/admin/users/{user.id}/allow-new-link",
            verb="Yes, Allow",
            cancel=f"/admin/users/{user.id}",
            understood="",
            danger=False,
        )

    def allow(self, actor: PageActor, user_id: PathId) -> Response:
        """Allow a new link."""
        with self.work.write() as links:
            links.allow_new(actor, user_id)
        return RedirectResponse(f"/admin/users/{user_id}", 303)
