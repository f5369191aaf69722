"""REST routes for roles: JumpCloud's /api/roles."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Response

from homeport.directory.admins.actions import Roles
from homeport.directory.admins.model import Role
from homeport.directory.admins.schemas.roles import RoleBody, RoleList, RolePost, RolePut
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.foundation.kernel.errors import Invalid


@contextmanager
def _wire_names() -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        fields = {("scopes" if name == "permissions" else name): sentence for name, sentence in error.fields.items()}
        raise Invalid(error.detail, fields) from error


class RolesApi:
    """The REST edge of roles."""

    def __init__(self, work: Work[Roles]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/roles", tags=["Administrators"])
        router.get("", summary="List roles")(self.list)
        router.post("", status_code=201, summary="Create a custom role")(self.create)
        router.get("/{id}", summary="Get a custom role")(self.get)
        router.put("/{id}", summary="Change a custom role")(self.update)
        router.delete("/{id}", summary="Delete a custom role")(self.delete)
        return router

    def list(self, actor: ApiActor) -> RoleList:
        """Return the roles and what each may do; the built-in ones first, whose id is their name."""
        with self.work.read() as roles:
            return RoleList.whole(roles.list(actor))

    def create(self, actor: ApiActor, body: RolePost, response: Response) -> RoleBody:
        """Make a custom role of permissions; there can be twenty. It cannot have what only an Administrator with Billing has."""
        with _wire_names(), self.work.write() as roles:
            made = roles.create(actor, name=body.name, description=body.description, permissions=body.scopes)
            return _answer(made, response)

    def get(self, actor: ApiActor, id: PathId, response: Response) -> RoleBody:  # noqa: A002 - the published name
        """Return a custom role, with an ETag."""
        with self.work.read() as roles:
            return _answer(roles.get(actor, id), response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: RolePut,
        response: Response,
        version: IfMatch,
    ) -> RoleBody:
        """Change what the body holds; it counts at once for whoever has the role. With If-Match, only if nobody changed it meanwhile."""
        with _wire_names(), self.work.write() as roles:
            changed = roles.change(
                actor, id, name=body.name, description=body.description, permissions=body.scopes, version=version
            )
            return _answer(changed, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch) -> RoleBody:  # noqa: A002 - the published name
        """Delete a custom role that nobody has, and return what it was."""
        with self.work.write() as roles:
            return RoleBody.of(roles.delete(actor, id, version=version))


def _answer(role: Role, response: Response) -> RoleBody:
    response.headers["ETag"] = etag(role.version)
    return RoleBody.of(role)
