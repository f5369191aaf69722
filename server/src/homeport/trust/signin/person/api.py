"""REST routes for users' passwords, second factors and passkeys, under /api/systemusers and /api/v2/users."""

from typing import Annotated

from fastapi import Path

from homeport.directory.people.model import normal_email
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import instant
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.signin.person.pages.security import SecurityActions
from homeport.trust.signin.person.schemas import PasskeyBody, PasskeyList, PasswordLinkBody, ReactivatePost, ResetMfaPost

PathId = Annotated[str, Path(max_length=64, pattern="^[0-9A-Za-z_-]+$")]
NO_EXCLUSION = "Nobody is left out of a second factor here; an access policy says who needs one."


class PasswordsApi:
    """The routes."""

    def __init__(self, work: Work[SecurityActions], public_url: str) -> None:
        self.work = work
        self.public_url = public_url

    def router(self) -> Router:
        """Return the routes."""
        router = Router(tags=["Users"])
        router.post("/api/systemusers/{id}/expire", summary="Expire a user's password")(self.expire)
        router.post("/api/systemusers/{id}/resetmfa", summary="Reset a user's second factor")(self.reset_factor)
        router.post("/api/systemusers/{id}/reactivate", summary="Send a user a link to choose a password")(self.reactivate)
        router.post("/api/v2/users/{user_id}/password-link", status_code=201, summary="Make a link to choose a password")(
            self.link
        )
        router.get("/api/systemusers/{id}/passkeys", summary="List the passkeys of a user")(self.passkeys)
        router.delete("/api/systemusers/{id}/passkeys", summary="Remove all passkeys of a user")(self.remove_passkeys)
        router.delete("/api/systemusers/{id}/passkeys/{passkey_id}", summary="Remove a passkey of a user")(self.remove_passkey)
        return router

    def passkeys(self, actor: ApiActor, id: PathId) -> PasskeyList:  # noqa: A002 - the published name
        """Return a user's passkeys, the oldest first."""
        with self.work.read() as act:
            return PasskeyList.of(act.passkeys.list_of(actor, act.users.get(actor, id).id))

    def remove_passkeys(self, actor: ApiActor, id: PathId) -> PasskeyList:  # noqa: A002 - the published name
        """Remove all passkeys of a user and return which they were; portal sessions end."""
        actor.require(Permission.FACTORS_RESET)
        with self.work.write() as act:
            found = act.passkeys.list_of(actor, act.users.get(actor, id).id)
            act.passkeys.remove_all_of(actor, id)
            return PasskeyList.of(found)

    def remove_passkey(self, actor: ApiActor, id: PathId, passkey_id: PathId) -> PasskeyBody:  # noqa: A002 - the published name
        """Remove one passkey of a user and return which it was; portal sessions end."""
        with self.work.write() as act:
            return PasskeyBody.of(act.passkeys.remove_of(actor, id, passkey_id))

    def expire(self, actor: ApiActor, id: PathId) -> str:  # noqa: A002 - the published name
        """Demand another password at the next sign-in to the user portal; portal sessions end. Answers the status."""
        with self.work.write() as act:
            return act.passwords.expire(actor, id).status.value

    def reset_factor(self, actor: ApiActor, id: PathId, body: ResetMfaPost | None = None) -> str:  # noqa: A002 - the published name
        """Remove the second factor of somebody who lost it; portal sessions end. Answers the user's name."""
        actor.require(Permission.FACTORS_RESET)
        if body is not None and (body.exclusion or body.exclusionUntil or body.exclusionDays):
            raise Invalid(NO_EXCLUSION, {"exclusion": NO_EXCLUSION})
        with self.work.write() as act:
            return act.factors.reset(actor, id).username

    def reactivate(self, actor: ApiActor, id: PathId, body: ReactivatePost | None = None) -> str:  # noqa: A002 - the published name
        """Send the user a one-time link by mail, to their own address; 409 while no mail server is configured."""
        actor.require(Permission.PASSWORDS_RESET)
        with self.work.write() as act:
            if body is not None and body.email:
                user = act.users.get(actor, id)
                if normal_email(body.email) != user.email:
                    wrong = f"The link goes to {user.email}, the address that the directory has."
                    raise Invalid(wrong, {"email": wrong})
            user, _ = act.forgotten.send(actor, id)
            return user.email

    def link(self, actor: ApiActor, user_id: PathId) -> PasswordLinkBody:
        """Make a one-time link to hand over; earlier ones of the user end."""
        with self.work.write() as act:
            _, kind, token = act.passwords.issue_link(actor, user_id)
            link, _ = act.passwords.look(token)
        return PasswordLinkBody(link=f"{self.public_url}/user/link/{token}", kind=kind.value, expiresAt=instant(link.expires_at))
