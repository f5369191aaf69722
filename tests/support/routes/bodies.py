"""A body for each route that looks at the body before it asks for the permission."""

from typing import Any

_EVENTS = {"service": ["directory"], "start_time": "2026-11-01T00:00:00Z"}
_POLICY = {"data": {"name": "x", "mode": "disabled", "action": "deny"}}
BODIES: dict[str, dict[str, Any]] = {
    "POST /admin/access-policies/add/{portal}": _POLICY,
    "POST /admin/access-policies/{policy_id}": _POLICY,
    "POST /admin/access-policies/default/{portal}": {"data": {"action": "allow"}},
    "POST /insights/directory/v1/events": {"json": _EVENTS},
    "POST /insights/directory/v1/events/count": {"json": _EVENTS},
    "POST /insights/directory/v1/events/distinct": {"json": {**_EVENTS, "field": "event_type"}},
    "POST /insights/directory/v1/events/interval": {"json": {**_EVENTS, "interval_unit": "h"}},
    "POST /admin/devices/{device_id}/delete": {"data": {"after": "remove"}},
    "POST /admin/devices/{device_id}/bindings/{binding_id}/remove": {"data": {"after": "remove"}},
    "POST /admin/devices/selected/delete": {"data": {"device": "x", "after": "remove"}},
    "PUT /api/users/{id}": {"json": {"firstname": "Ada"}},
    "POST /api/v2/administrator-invitations": {"json": {"email": "", "roleName": ""}},
    "POST /api/v2/api-keys": {"json": {"name": ""}},
    "PUT /api/v2/api-keys/{id}": {"json": {"name": ""}},
    "POST /api/v2/systems/{id}/bindings/{binding_id}/unlock-code": {"json": {"challenge": "1"}},
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
    "POST /api/v2/systemgroups/{group_id}/associations": {"json": {"op": "add", "type": "user", "id": "x"}},
    "POST /api/v2/systems/{system_id}/associations": {"json": {"op": "add", "type": "user", "id": "x"}},
    "POST /api/v2/usergroups/{group_id}/associations": {"json": {"op": "add", "type": "system", "id": "x"}},
    "POST /api/v2/users/{user_id}/associations": {"json": {"op": "add", "type": "system", "id": "x"}},
    "GET /admin/devices/{target_id}/access/remove": {"params": {"type": "user", "id": "x"}},
    "POST /admin/devices/{target_id}/access/remove": {"data": {"type": "user", "id": "x"}},
    "GET /admin/device-groups/{target_id}/access/remove": {"params": {"type": "user", "id": "x"}},
    "POST /admin/device-groups/{target_id}/access/remove": {"data": {"type": "user", "id": "x"}},
    "GET /api/v2/systemgroups/{group_id}/associations": {"params": {"targets": "user"}},
    "GET /api/v2/systems/{system_id}/associations": {"params": {"targets": "user"}},
    "GET /api/v2/usergroups/{group_id}/associations": {"params": {"targets": "system"}},
    "GET /api/v2/users/{user_id}/associations": {"params": {"targets": "system"}},
    "POST /api/v2/systemgroups/{group_id}/members": {"json": {"op": "add", "type": "system", "id": "x"}},
    "POST /api/v2/identity-providers": {
        "json": {"name": "", "type": "OKTA", "oidc": {"clientId": "x", "clientSecret": "x", "url": "x"}}
    },
    "PUT /api/v2/identity-providers/{id}": {"json": {"oidc": {"url": "x"}}},
    "POST /admin/identity-providers/add": {"data": {"kind": "OKTA"}},
    "POST /admin/identity-providers/{provider_id}/confirm": {"data": {"understood": "on"}},
}
"""A body for each route that looks at the body before it asks for the permission."""
