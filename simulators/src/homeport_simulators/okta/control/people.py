"""Users and groups in the control API."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from homeport_simulators.okta.control.bodies import ControlError, json_object, not_found
from homeport_simulators.okta.directory import Group, Status, User
from homeport_simulators.okta.org import Org

_USER: dict[str, type] = {
    "id": str,
    "login": str,
    "email": str,
    "email_verified": bool,
    "password": str,
    "first_name": str,
    "last_name": str,
    "status": str,
    "claims": dict,
    "groups": list,
}
_GROUP: dict[str, type] = {"name": str, "description": str, "members": list}


class People:
    """The users and groups of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def _shown_user(self, user: User) -> dict[str, Any]:
        return {
            "id": user.id,
            "login": user.login,
            "email": user.email,
            "email_verified": user.email_verified,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "status": user.status,
            "claims": user.claims,
            "groups": self._org.directory.groups_of(user),
        }

    def _shown_group(self, group: Group) -> dict[str, Any]:
        members = sorted(self._org.directory.users[member].login for member in group.members)
        return {"id": group.id, "name": group.name, "description": group.description, "members": members}

    def find_user(self, key: str) -> User:
        """Return the user with this id or login; raises ControlError."""
        user = self._org.directory.find_user(key)
        if user is None:
            raise not_found("user", key)
        return user

    def find_group(self, key: str) -> Group:
        """Return the group with this id or name; raises ControlError."""
        group = self._org.directory.find_group(key)
        if group is None:
            raise not_found("group", key)
        return group

    async def _user_body(self, request: Request, user: User | None) -> dict[str, Any]:
        body = await json_object(request, _USER)
        if "status" in body and body["status"] not in set(Status):
            raise ControlError(f"The status must be one of {', '.join(Status)}.")
        same = self._org.directory.find_user(body.get("login", ""))
        if same is not None and same is not user:
            raise ControlError(f"The login {same.login} is taken.")
        return body

    async def list_users(self, _: Request) -> Response:
        """Return all users."""
        return JSONResponse([self._shown_user(user) for user in self._org.directory.users.values()])

    async def add_user(self, request: Request) -> Response:
        """Add a user; only `login` is required. The answer repeats the password, which may have been made up."""
        body = await self._user_body(request, None)
        if not body.get("login"):
            raise ControlError("A user needs a login.")
        if body.get("id") in self._org.directory.users:
            raise ControlError(f"The id {body['id']} is taken.")
        password = body.get("password") or self._org.ids.password()
        user = self._org.directory.add_user(now=self._org.clock.now(), password=password, profile=body)
        self._org.directory.set_groups(user, body.get("groups", []))
        return JSONResponse(self._shown_user(user) | {"password": password}, 201)

    async def get_user(self, request: Request) -> Response:
        """Return one user."""
        return JSONResponse(self._shown_user(self.find_user(request.path_params["key"])))

    async def change_user(self, request: Request) -> Response:
        """Change some members of a user; the id, which is `sub`, never changes."""
        user = self.find_user(request.path_params["key"])
        body = await self._user_body(request, user)
        if body.pop("id", user.id) != user.id:
            raise ControlError("A user's id never changes; add another user instead.")
        groups = body.pop("groups", None)
        if groups is not None:
            self._org.directory.set_groups(user, groups)
        if "status" in body:
            body["status"] = Status(body["status"])
        for name, value in body.items():
            setattr(user, name, value)
        user.updated_at = self._org.clock.now()
        return JSONResponse(self._shown_user(user))

    async def delete_user(self, request: Request) -> Response:
        """Delete a user for good; a new one with the same login gets another id."""
        self._org.directory.remove_user(self.find_user(request.path_params["key"]))
        return Response(status_code=204)

    async def list_groups(self, _: Request) -> Response:
        """Return all groups."""
        return JSONResponse([self._shown_group(group) for group in self._org.directory.groups.values()])

    async def add_group(self, request: Request) -> Response:
        """Add a group."""
        body = await json_object(request, _GROUP)
        if not body.get("name") or self._org.directory.find_group(body["name"]):
            raise ControlError("A group needs a name no other group has.")
        members = {self.find_user(key).id for key in body.get("members", [])}
        group = self._org.directory.add_group(body["name"], description=body.get("description", ""), members=members)
        return JSONResponse(self._shown_group(group), 201)

    async def change_group(self, request: Request) -> Response:
        """Rename a group or replace its members."""
        group = self.find_group(request.path_params["key"])
        body = await json_object(request, _GROUP)
        if "members" in body:
            group.members = {self.find_user(key).id for key in body["members"]}
        group.name = body.get("name", group.name)
        group.description = body.get("description", group.description)
        return JSONResponse(self._shown_group(group))

    async def delete_group(self, request: Request) -> Response:
        """Delete a group."""
        del self._org.directory.groups[self.find_group(request.path_params["key"]).id]
        return Response(status_code=204)
