"""Apps, their secrets and their assignments in the control API."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from homeport_simulators.okta.apps import MAX_SECRETS, App, Secret
from homeport_simulators.okta.control.bodies import ControlError, json_object, not_found
from homeport_simulators.okta.control.people import People
from homeport_simulators.okta.org import Org

_SETTINGS: dict[str, type] = {
    "label": str,
    "redirect_uris": list,
    "post_logout_redirect_uris": list,
    "pkce_required": bool,
    "federation_broker_mode": bool,
    "thin_id_token": bool,
    "consent": bool,
}
_APP: dict[str, type] = {**_SETTINGS, "assigned_users": list, "assigned_groups": list}
_NEW_APP: dict[str, type] = {**_APP, "client_id": str, "client_secret": str}


class Applications:
    """The apps of one org."""

    def __init__(self, org: Org, people: People) -> None:
        self._org = org
        self._people = people

    def _shown(self, app: App) -> dict[str, Any]:
        users, groups = self._org.directory.users, self._org.directory.groups
        return {
            "client_id": app.client_id,
            **{name: getattr(app, name) for name in _SETTINGS},
            "assigned_users": sorted(users[user].login for user in app.assigned_users if user in users),
            "assigned_groups": sorted(groups[group].name for group in app.assigned_groups if group in groups),
            "secrets": [{"id": secret.id, "active": secret.active} for secret in app.secrets],
        }

    def _find(self, request: Request) -> App:
        app = self._org.apps.by_client_id.get(request.path_params["client_id"])
        if app is None:
            raise not_found("app", request.path_params["client_id"])
        return app

    def _apply(self, app: App, body: dict[str, Any]) -> None:
        assigned = {
            "assigned_users": lambda keys: {self._people.find_user(key).id for key in keys},
            "assigned_groups": lambda keys: {self._people.find_group(key).id for key in keys},
        }
        changes = {name: assigned[name](value) if name in assigned else value for name, value in body.items()}
        for name, value in changes.items():
            setattr(app, name, value)

    async def list_apps(self, _: Request) -> Response:
        """Return all apps, without their secrets."""
        return JSONResponse([self._shown(app) for app in self._org.apps.by_client_id.values()])

    async def add_app(self, request: Request) -> Response:
        """Register an app; only this answer shows its client secret."""
        body = await json_object(request, _NEW_APP)
        client_id, secret = body.pop("client_id", None), body.pop("client_secret", None)
        if client_id in self._org.apps.by_client_id:
            raise ControlError(f"The client id {client_id} is taken.")
        app = self._org.apps.add(body.get("label", "App"), client_id=client_id, client_secret=secret)
        try:
            self._apply(app, body)
        except ControlError:
            del self._org.apps.by_client_id[app.client_id]
            raise
        return JSONResponse(self._shown(app) | {"client_secret": app.secrets[0].value}, 201)

    async def get_app(self, request: Request) -> Response:
        """Return one app."""
        return JSONResponse(self._shown(self._find(request)))

    async def change_app(self, request: Request) -> Response:
        """Change some settings or assignments of an app; lists are replaced whole."""
        app = self._find(request)
        self._apply(app, await json_object(request, _APP))
        return JSONResponse(self._shown(app))

    async def delete_app(self, request: Request) -> Response:
        """Delete an app."""
        del self._org.apps.by_client_id[self._find(request).client_id]
        return Response(status_code=204)

    async def add_secret(self, request: Request) -> Response:
        """Add a second secret; only this answer shows its value."""
        app = self._find(request)
        body = await json_object(request, {"client_secret": str})
        if len(app.secrets) >= MAX_SECRETS:
            raise ControlError(f"An app has at most {MAX_SECRETS} client secrets; delete one first.")
        secret = self._org.apps.add_secret(app, body.get("client_secret"))
        return JSONResponse({"id": secret.id, "client_secret": secret.value, "active": secret.active}, 201)

    def _find_secret(self, app: App, request: Request) -> Secret:
        key = request.path_params["secret_id"]
        for secret in app.secrets:
            if secret.id == key:
                return secret
        raise not_found("secret", key)

    async def change_secret(self, request: Request) -> Response:
        """Activate or deactivate a secret."""
        app = self._find(request)
        secret = self._find_secret(app, request)
        secret.active = (await json_object(request, {"active": bool})).get("active", secret.active)
        return JSONResponse({"id": secret.id, "active": secret.active})

    async def delete_secret(self, request: Request) -> Response:
        """Delete a secret."""
        app = self._find(request)
        app.secrets.remove(self._find_secret(app, request))
        return Response(status_code=204)
