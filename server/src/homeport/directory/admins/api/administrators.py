"""REST routes for administrators: JumpCloud's /api/users, and invitations in the same style."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Response
from fastapi.responses import JSONResponse

from homeport.directory.admins.actions import AdministratorActions
from homeport.directory.admins.model import Administrator
from homeport.directory.admins.schemas.administrators import (
    FIELD_NAMES,
    AdministratorBody,
    AdministratorList,
    AdministratorPut,
    InvitationBody,
    InvitationCreated,
    InvitationList,
    InvitationPost,
)
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.permissions import Permission


@contextmanager
def _wire_names() -> Iterator[None]:
    """Let errors name fields as the wire does."""
    try:
        yield
    except Invalid as error:
        names = {ours: theirs for theirs, ours in FIELD_NAMES.items()}
        raise Invalid(error.detail, {names.get(name, name): sentence for name, sentence in error.fields.items()}) from error


class AdministratorsApi:
    """The REST edge of administrators; `public_url` begins the links of invitations."""

    def __init__(self, work: Work[AdministratorActions], public_url: str) -> None:
        self.work = work
        self.public_url = public_url

    def router(self) -> Router:
        """Return the routes."""
        router = Router()
        users = Router(prefix="/api/users", tags=["Administrators"])
        users.get("", response_model=AdministratorList, summary="List administrators")(self.list)
        users.get("/{id}", summary="Get an administrator")(self.get)
        users.put("/{id}", summary="Change an administrator")(self.update)
        users.delete("/{id}", summary="Delete an administrator")(self.delete)
        users.post("/resettotp/{id}", summary="Reset an administrator's second factor")(self.reset_factor)
        router.routes.extend(users.routes)
        invitations = Router(prefix="/api/v2/administrator-invitations", tags=["Administrators"])
        invitations.get("", summary="List open invitations")(self.invitations)
        invitations.post("", status_code=201, summary="Invite an administrator")(self.invite)
        invitations.delete("/{id}", summary="Revoke an invitation")(self.revoke)
        router.routes.extend(invitations.routes)
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the administrators that match, and how many match in all."""
        with self.work.read() as act:
            page = act.administrators.list(actor, query.listing(FIELD_NAMES))
        wanted = query.chosen_fields
        results = [
            {name: value for name, value in _body(one).items() if not wanted or name in wanted or name == "_id"}
            for one in page.items
        ]
        return JSONResponse({"totalCount": page.total, "results": results}, headers={"x-total-count": str(page.total)})

    def get(self, actor: ApiActor, id: PathId, response: Response) -> AdministratorBody:  # noqa: A002 - the published name
        """Return an administrator, with an ETag."""
        with self.work.read() as act:
            administrator = act.administrators.get(actor, id)
        return _answer(administrator, response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: AdministratorPut,
        response: Response,
        version: IfMatch,
    ) -> AdministratorBody:
        """Change what the body holds; with If-Match, only if nobody else changed the administrator meanwhile.

        A suspended administrator can do nothing and has no sessions. The last one with Billing keeps role and access.
        """
        actor.require(Permission.ADMINISTRATORS_WRITE)
        with _wire_names(), self.work.write() as act:
            body.check_email(act.administrators.get(actor, id).email)
            changed = act.administrators.change(
                actor,
                id,
                role=body.roleName,
                api_keys_allowed=body.apiKeyAllowed,
                firstname=body.firstname,
                lastname=body.lastname,
                version=version,
            )
            if body.suspended is not None:
                deed = act.administrators.suspend if body.suspended else act.administrators.activate
                changed = deed(actor, id)
        return _answer(changed, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> AdministratorBody:  # noqa: A002 - the published name
        """Delete an administrator with their sessions and API keys, and return who it was; the last one with Billing stays."""
        with self.work.write() as act:
            return AdministratorBody.of(act.administrators.delete(actor, id, version=version))

    def reset_factor(self, actor: ApiActor, id: PathId) -> AdministratorBody:  # noqa: A002 - the published name
        """Remove the second factor of somebody who lost it; their sessions end. Refused for oneself and for a mightier role."""
        with self.work.write() as act:
            return AdministratorBody.of(act.factors.reset(actor, id))

    def invitations(self, actor: ApiActor) -> InvitationList:
        """Return the invitations that nobody has used and that have not expired, the newest first."""
        with self.work.read() as act:
            found = act.links.list_invitations(actor)
        return InvitationList(totalCount=len(found), invitations=[InvitationBody.of(one) for one in found])

    def invite(self, actor: ApiActor, body: InvitationPost) -> InvitationCreated:
        """Make a link that works once, for 24 hours, for this address; an older invitation of the address counts no more."""
        with _wire_names(), self.work.write() as act:
            token = act.links.invite(actor, body.email, body.roleName)
            return InvitationCreated.with_link(act.links.look(token), f"{self.public_url}/admin/link/{token}")

    def revoke(self, actor: ApiActor, id: PathId) -> InvitationBody:  # noqa: A002 - the name of the other routes
        """Make an open invitation worthless."""
        with self.work.write() as act:
            return InvitationBody.of(act.links.revoke(actor, id))


def _answer(administrator: Administrator, response: Response) -> AdministratorBody:
    response.headers["ETag"] = etag(administrator.version)
    return AdministratorBody.of(administrator)


def _body(administrator: Administrator) -> dict[str, object]:
    return AdministratorBody.of(administrator).model_dump(by_alias=True)
