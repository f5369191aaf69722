"""What each guarded route of the server needs, in one place; `server/tests/architecture/test_roles.py` proves every line."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from homeport.foundation.http.actor import GUARDS

NEEDS: dict[str, str] = {
    "GET /admin": "",
    "GET /admin/administrators": "administrators:read",
    "GET /admin/administrators/add": "administrators:write",
    "POST /admin/administrators/add": "administrators:write",
    "GET /admin/administrators/{administrator_id}": "administrators:read",
    "POST /admin/administrators/{administrator_id}": "administrators:read administrators:write",
    "GET /admin/administrators/{administrator_id}/delete": "administrators:read administrators:write",
    "POST /admin/administrators/{administrator_id}/delete": "administrators:write",
    "GET /admin/api-keys": "api_keys:own",
    "GET /admin/api-keys/add": "api_keys:own",
    "POST /admin/api-keys/add": "api_keys:own",
    "GET /admin/api-keys/{key_id}/revoke": "api_keys:own",
    "POST /admin/api-keys/{key_id}/revoke": "api_keys:own",
    "GET /admin/devices": "devices:read",
    "GET /admin/devices/add": "devices:read",
    "POST /admin/devices/add": "devices:read enrollment_keys:write",
    "GET /admin/devices/{device_id}": "devices:read",
    "POST /admin/devices/{device_id}": "devices:read devices:write",
    "POST /admin/devices/{device_id}/approve": "devices:write",
    "GET /admin/devices/{device_id}/bindings/{binding_id}/remove": "devices:read devices:write",
    "POST /admin/devices/{device_id}/bindings/{binding_id}/remove": "devices:read devices:write",
    "GET /admin/devices/{device_id}/delete": "devices:read devices:write",
    "POST /admin/devices/{device_id}/delete": "devices:write",
    "GET /admin/enrollment-keys/{key_id}/revoke": "devices:read enrollment_keys:write",
    "POST /admin/enrollment-keys/{key_id}/revoke": "enrollment_keys:write",
    "POST /admin/enrollment-settings": "devices:write",
    "GET /admin/events": "audit:read",
    "GET /admin/identity-providers": "identity_providers:read",
    "POST /admin/identity-providers/add": "identity_providers:write",
    "GET /admin/identity-providers/{provider_id}": "identity_providers:read",
    "POST /admin/identity-providers/{provider_id}": "identity_providers:read identity_providers:write",
    "GET /admin/identity-providers/{provider_id}/confirm": "identity_providers:read identity_providers:write",
    "POST /admin/identity-providers/{provider_id}/confirm": "identity_providers:read identity_providers:write",
    "GET /admin/identity-providers/{provider_id}/delete": "identity_providers:read identity_providers:write",
    "POST /admin/identity-providers/{provider_id}/delete": "identity_providers:write",
    "POST /admin/identity-providers/{provider_id}/discard": "identity_providers:read identity_providers:write",
    "POST /admin/identity-providers/{provider_id}/client-secrets/promote": "identity_providers:write",
    "GET /admin/identity-providers/{provider_id}/client-secrets/{slot}/remove": "identity_providers:read identity_providers:write",
    "POST /admin/identity-providers/{provider_id}/client-secrets/{slot}/remove": "identity_providers:write",
    "GET /admin/identity-providers/{provider_id}/test": "identity_providers:write",
    "POST /admin/identity-providers/{provider_id}/test": "identity_providers:write",
    "GET /admin/identity-providers/{provider_id}/test/{sign_in_id}": "identity_providers:read signins:read",
    "GET /admin/provisioning/linux": "provisioning:read",
    "POST /admin/provisioning/linux": "provisioning:read provisioning:write",
    "GET /admin/sign-ins": "signins:read",
    "GET /admin/sign-ins/{sign_in_id}": "signins:read",
    "GET /admin/user-groups": "groups:read",
    "GET /admin/user-groups/add": "groups:write",
    "POST /admin/user-groups/add": "groups:write",
    "GET /admin/user-groups/{group_id}": "groups:read",
    "POST /admin/user-groups/{group_id}": "groups:read groups:write",
    "GET /admin/user-groups/{group_id}/add-members": "groups:read groups:write users:read",
    "POST /admin/user-groups/{group_id}/add-members": "groups:read groups:write users:read",
    "GET /admin/user-groups/{group_id}/delete": "groups:read groups:write",
    "POST /admin/user-groups/{group_id}/delete": "groups:write",
    "GET /admin/user-groups/{group_id}/remove-members": "groups:read groups:write users:read",
    "POST /admin/user-groups/{group_id}/remove-members": "groups:write",
    "GET /admin/users": "users:read",
    "GET /admin/users/add": "users:write",
    "POST /admin/users/add": "users:write",
    "GET /admin/users/selected/activate": "users:read users:state",
    "POST /admin/users/selected/activate": "users:state",
    "GET /admin/users/selected/add": "groups:read groups:write users:read",
    "POST /admin/users/selected/add": "groups:read groups:write",
    "GET /admin/users/selected/delete": "users:read users:write",
    "POST /admin/users/selected/delete": "users:write",
    "GET /admin/users/selected/remove": "groups:read groups:write users:read",
    "POST /admin/users/selected/remove": "groups:read groups:write",
    "GET /admin/users/selected/suspend": "users:read users:state",
    "POST /admin/users/selected/suspend": "users:state",
    "GET /admin/users/{user_id}": "users:read",
    "POST /admin/users/{user_id}": "users:read users:write",
    "GET /admin/users/{user_id}/activate": "users:read users:state",
    "POST /admin/users/{user_id}/activate": "users:state",
    "GET /admin/users/{user_id}/allow-new-link": "federated_identities:write users:read",
    "POST /admin/users/{user_id}/allow-new-link": "federated_identities:write users:read",
    "GET /admin/users/{user_id}/delete": "users:read users:write",
    "POST /admin/users/{user_id}/delete": "users:write",
    "GET /admin/users/{user_id}/suspend": "users:read users:state",
    "POST /admin/users/{user_id}/suspend": "users:state",
    "GET /admin/users/{user_id}/unlink": "federated_identities:write users:read",
    "POST /admin/users/{user_id}/unlink": "federated_identities:write users:read",
    "GET /api/systems": "devices:read",
    "DELETE /api/systems/{id}": "devices:write",
    "GET /api/systems/{id}": "devices:read",
    "PUT /api/systems/{id}": "devices:read devices:write",
    "GET /api/systemusers": "users:read",
    "POST /api/systemusers": "users:write",
    "DELETE /api/systemusers/{id}": "users:read users:write",
    "GET /api/systemusers/{id}": "users:read",
    "PUT /api/systemusers/{id}": "users:read users:state users:write",
    "POST /api/systemusers/{id}/state/activate": "users:state",
    "POST /api/systemusers/{id}/state/suspend": "users:state",
    "GET /api/v2/devices/settings/enrollment": "devices:read",
    "PUT /api/v2/devices/settings/enrollment": "devices:write",
    "GET /api/v2/devices/settings/signinwithjumpcloud": "provisioning:read",
    "PUT /api/v2/devices/settings/signinwithjumpcloud": "provisioning:read provisioning:write",
    "GET /api/v2/enrollment-keys": "devices:read",
    "POST /api/v2/enrollment-keys": "enrollment_keys:write",
    "DELETE /api/v2/enrollment-keys/{id}": "enrollment_keys:write",
    "GET /api/v2/identity-providers": "identity_providers:read",
    "POST /api/v2/identity-providers": "identity_providers:read identity_providers:write",
    "DELETE /api/v2/identity-providers/{id}": "identity_providers:read identity_providers:write",
    "GET /api/v2/identity-providers/{id}": "identity_providers:read",
    "PUT /api/v2/identity-providers/{id}": "identity_providers:read identity_providers:write",
    "GET /api/v2/identity-providers/{id}/health": "identity_providers:read",
    "GET /api/v2/identity-providers/{id}/client-secrets": "identity_providers:read",
    "POST /api/v2/identity-providers/{id}/client-secrets/promote": "identity_providers:write",
    "DELETE /api/v2/identity-providers/{id}/client-secrets/{slot}": "identity_providers:write",
    "GET /api/v2/systemgroups": "groups:read",
    "POST /api/v2/systemgroups": "groups:write",
    "DELETE /api/v2/systemgroups/{id}": "groups:write",
    "GET /api/v2/systemgroups/{id}": "groups:read",
    "PUT /api/v2/systemgroups/{id}": "groups:write",
    "GET /api/v2/systemgroups/{group_id}/members": "groups:read",
    "POST /api/v2/systemgroups/{group_id}/members": "groups:write",
    "GET /api/v2/systemgroups/{group_id}/membership": "groups:read",
    "GET /api/v2/systems/{system_id}/memberof": "devices:read groups:read",
    "GET /api/v2/usergroups": "groups:read",
    "POST /api/v2/usergroups": "groups:write",
    "DELETE /api/v2/usergroups/{id}": "groups:write",
    "GET /api/v2/usergroups/{id}": "groups:read",
    "PUT /api/v2/usergroups/{id}": "groups:write",
    "GET /api/v2/usergroups/{group_id}/members": "groups:read",
    "POST /api/v2/usergroups/{group_id}/members": "groups:write users:read",
    "GET /api/v2/usergroups/{group_id}/membership": "groups:read",
    "GET /api/v2/users/{user_id}/memberof": "groups:read users:read",
    "POST /api/v2/systems/{id}/approve": "devices:write",
    "GET /api/v2/systems/{id}/bindings": "devices:read",
    "DELETE /api/v2/systems/{id}/bindings/{binding_id}": "devices:read devices:write",
    "GET /signin/confirm": "",
    "POST /signin/confirm": "",
    "POST /signout": "",
}
"""Method and path of each route, and the permissions that it asks for, one after the other; empty means any administrator."""

BODIES: dict[str, dict[str, Any]] = {
    "PUT /api/systems/{id}": {"json": {"displayName": "lab"}},
    "POST /api/systemusers": {"json": {"username": "", "email": ""}},
    "PUT /api/systemusers/{id}": {"json": {"state": "SUSPENDED"}},
    "PUT /api/v2/devices/settings/enrollment": {"json": {"newDevicesWaitForApproval": False}},
    "PUT /api/v2/devices/settings/signinwithjumpcloud": {"json": {"settings": [{"osFamily": "LINUX"}]}},
    "POST /api/v2/enrollment-keys": {"json": {"name": ""}},
    "POST /api/v2/systemgroups": {"json": {"name": ""}},
    "PUT /api/v2/systemgroups/{id}": {"json": {"name": ""}},
    "POST /admin/users/selected/activate": {"data": {"user": "x"}},
    "POST /admin/users/selected/add": {"data": {"user": "x", "group": "x"}},
    "POST /admin/users/selected/delete": {"data": {"user": "x"}},
    "POST /admin/users/selected/remove": {"data": {"user": "x", "group": "x"}},
    "POST /admin/users/selected/suspend": {"data": {"user": "x"}},
    "POST /api/v2/usergroups": {"json": {"name": ""}},
    "PUT /api/v2/usergroups/{id}": {"json": {"name": ""}},
    "POST /api/v2/usergroups/{group_id}/members": {"json": {"op": "add", "type": "user", "id": "x"}},
    "POST /api/v2/systemgroups/{group_id}/members": {"json": {"op": "add", "type": "system", "id": "x"}},
    "POST /api/v2/identity-providers": {
        "json": {"name": "", "type": "OKTA", "oidc": {"clientId": "x", "clientSecret": "x", "url": "x"}}
    },
    "PUT /api/v2/identity-providers/{id}": {"json": {"oidc": {"url": "x"}}},
    "POST /admin/identity-providers/add": {"data": {"kind": "OKTA"}},
    "POST /admin/identity-providers/{provider_id}/confirm": {"data": {"understood": "on"}},
}
"""A body for each route that looks at the body before it asks for the permission."""


def guarded_routes(app: FastAPI) -> Iterator[str]:
    """Method and path of each route that asks who it is."""
    for route in _routes_of(app.routes):
        if hasattr(route, "dependant") and any(call in GUARDS for call in _calls_of(route.dependant)):
            yield from (f"{method} {route.path}" for method in sorted(route.methods))


def _routes_of(routes: Any) -> Iterator[Any]:
    for route in routes:
        if hasattr(route, "original_router"):  # a router that FastAPI includes
            yield from _routes_of(route.original_router.routes)
        else:
            yield route


def _calls_of(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls_of(one)
