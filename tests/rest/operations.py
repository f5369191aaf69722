"""For each path of the API an object that it names, and for each operation with a body one that is right.

A path or an operation that is not here fails the contract test with a sentence, so that a new one cannot be forgotten.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.rest.world import SERIAL, World
from tests.support.house import ADMIN

Parameters = dict[str, str]
Body = Any


def _binding(world: World) -> Parameters:
    device, binding = world.binding()
    return {"id": device, "binding_id": binding}


def _session(world: World) -> Parameters:
    administrator, session = world.session()
    return {"id": administrator, "session_id": session}


def _user_session(world: World) -> Parameters:
    user, session = world.user_session()
    return {"id": user, "session_id": session}


def _passkey(world: World) -> Parameters:
    user, passkey = world.passkey()
    return {"id": user, "passkey_id": passkey}


def _account_key(world: World) -> Parameters:
    account = world.service_account()
    made = world.house.do(lambda act: act.service_accounts.create_key(ADMIN, account, name=world.name("Key"))[0])
    return {"id": account, "key_id": made.id}


def _new_role(world: World) -> Body:
    world.no_roles()
    return {"name": world.name("Role"), "description": "Reads", "scopes": ["users:read"]}


def _user_member(world: World) -> Body:
    return {"op": "add", "type": "user", "id": world.user()}


def _member(world: World) -> Body:
    return {"op": "add", "type": "system", "id": world.device()}


def _person(world: World) -> Body:
    return {"op": "add", "type": "user", "id": world.user()}


PLACES: tuple[tuple[str, Callable[[World], Parameters]], ...] = (
    ("/api/v2/systems/{id}/bindings/{binding_id}", _binding),
    ("/api/users/{id}/sessions/{session_id}", _session),
    ("/api/users/resettotp/{id}", lambda world: {"id": world.administrator(factor=True)}),
    ("/api/roles/{id}", lambda world: {"id": world.role()}),
    ("/api/v2/service-accounts/{id}/keys/{key_id}", _account_key),
    ("/api/v2/service-accounts/{id}", lambda world: {"id": world.service_account()}),
    ("/api/users/{id}", lambda world: {"id": world.administrator()}),
    ("/api/v2/administrator-invitations/{id}", lambda world: {"id": world.invitation()}),
    ("/api/v2/event-destinations/{id}", lambda world: {"id": world.event_destination()}),
    ("/api/v2/api-keys/{id}", lambda world: {"id": world.api_key()}),
    ("/api/v2/systems/{system_id}", lambda world: {"system_id": world.device()}),
    ("/api/v2/systemgroups/{id}", lambda world: {"id": world.device_group()}),
    ("/api/v2/systemgroups/{group_id}", lambda world: {"group_id": world.device_group()}),
    ("/api/v2/usergroups/{id}", lambda world: {"id": world.user_group()}),
    ("/api/v2/usergroups/{group_id}", lambda world: {"group_id": world.user_group()}),
    ("/api/v2/users/{user_id}", lambda world: {"user_id": world.user()}),
    ("/api/v2/systems/{id}", lambda world: {"id": world.device()}),
    ("/api/systems/{id}", lambda world: {"id": world.device()}),
    ("/api/systemusers/{id}/sessions/{session_id}", _user_session),
    ("/api/systemusers/{id}/passkeys/{passkey_id}", _passkey),
    ("/api/systemusers/{id}/expire", lambda world: {"id": world.user_with_password()}),
    ("/api/systemusers/{id}/resetmfa", lambda world: {"id": world.user_with_password(factor=True)}),
    ("/api/systemusers/{id}/reactivate", lambda world: {"id": world.user_with_password()}),
    ("/api/systemusers/{id}", lambda world: {"id": world.user()}),
    ("/api/v2/enrollment-keys/{id}", lambda world: {"id": world.enrollment_key()}),
    ("/api/v2/authn/policies/{id}", lambda world: {"id": world.access_policy()}),
    ("/api/v2/authn/defaults/{portal}", lambda _: {"portal": "user_portal"}),
    ("/api/v2/iplists/{id}", lambda world: {"id": world.ip_list()}),
    ("/api/v2/sign-ins/{id}", lambda world: {"id": world.sign_in()}),
    (
        "/api/v2/identity-providers/{id}/client-secrets",
        lambda world: {"id": world.provider_with_two_secrets(), "slot": "second"},
    ),
    ("/api/v2/applemdms/{apple_mdm_id}", lambda world: {"apple_mdm_id": world.apple_server(), "device_id": world.mac()}),
    ("/api/v2/identity-providers/{id}", lambda world: {"id": world.provider()}),
)
"""What a path names, by its beginning; the first that fits counts."""


def _user(world: World) -> Body:
    name = world.name("new")
    return {"username": name, "email": f"{name}@acme.example", "firstname": "New", "lastname": "Person"}


def _provider(world: World) -> Body:
    world.no_provider()
    return world.provider_body()


def _policy(world: World) -> Body:
    return {
        "name": world.name("Policy"),
        "type": "user_portal",
        "monitorOnly": True,
        "effect": {"action": "deny", "custom_error_message": {"enabled": True, "message": "Not from there."}},
        "targets": {"users": {"inclusions": ["ALL"]}, "userGroups": {"exclusions": [world.user_group()]}},
        "conditions": {"not": {"any": [{"ipAddressIn": [world.ip_list()]}, {"deviceManaged": True}]}},
    }


def _events(_: World) -> Body:
    return {"service": ["all"], "start_time": "2026-01-01T00:00:00Z", "search_term": {"and": [{"success": True}]}, "limit": 20}


BODIES: dict[str, Callable[[World], Body]] = {
    "POST /insights/directory/v1/events": _events,
    "POST /insights/directory/v1/events/count": _events,
    "POST /insights/directory/v1/events/distinct": lambda world: {**_events(world), "field": "event_type"},
    "POST /insights/directory/v1/events/interval": lambda world: {**_events(world), "interval_unit": "h"},
    "POST /api/roles": _new_role,
    "PUT /api/roles/{id}": lambda world: {"name": world.name("Role"), "scopes": ["users:read", "devices:read"]},
    "POST /api/v2/service-accounts": lambda world: {"name": world.name("Account"), "roleName": "Read Only"},
    "PUT /api/v2/service-accounts/{id}": lambda world: {"name": world.name("Account"), "suspended": True},
    "POST /api/v2/service-accounts/{id}/keys": lambda world: {"name": world.name("Key"), "days": 1, "networks": []},
    "PUT /api/users/{id}": lambda _: {"roleName": "Help Desk", "apiKeyAllowed": True, "suspended": False},
    "POST /api/v2/administrator-invitations": lambda world: {
        "email": f"{world.name('invited')}@acme.example",
        "roleName": "Read Only",
    },
    "POST /api/v2/event-destinations": lambda world: {
        "kind": "webhook",
        "name": world.no_event_destinations(),
        "address": "https://127.0.0.1:9/events",
    },
    "PUT /api/v2/event-destinations/{id}": lambda world: {"name": world.name("Collector"), "enabled": False},
    "PUT /api/v2/mail-server": lambda _: {"host": "localhost", "port": 9, "tls": "none", "sender": "homeport@acme.example"},
    "POST /api/v2/mail-server/test": lambda world: {"recipient": world.mail_recipient()},
    "POST /api/v2/api-keys": lambda world: {"name": world.name("Key"), "days": 1, "networks": []},
    "PUT /api/v2/api-keys/{id}": lambda world: {"name": world.name("Key")},
    "POST /api/systemusers": _user,
    "POST /api/systemusers/{id}/resetmfa": lambda _: {"exclusion": False},
    "POST /api/systemusers/{id}/reactivate": lambda _: {},
    "PUT /api/systemusers/{id}": lambda _: {"firstname": "Ada", "lastname": "Lovelace"},
    "PUT /api/systems/{id}": lambda _: {"displayName": "Front desk"},
    "POST /api/v2/systemgroups": lambda world: {"name": world.name("Devices")},
    "PUT /api/v2/systemgroups/{id}": lambda world: {"name": world.name("Devices"), "description": "Second floor"},
    "POST /api/v2/systemgroups/{group_id}/members": _member,
    "POST /api/v2/usergroups": lambda world: {"name": world.name("People")},
    "PUT /api/v2/usergroups/{id}": lambda world: {"name": world.name("People"), "description": "Second floor"},
    "POST /api/v2/usergroups/{group_id}/members": _user_member,
    "POST /api/v2/systemgroups/{group_id}/associations": _person,
    "POST /api/v2/systems/{system_id}/associations": _person,
    "POST /api/v2/users/{user_id}/associations": _member,
    "POST /api/v2/usergroups/{group_id}/associations": _member,
    "POST /api/v2/enrollment-keys": lambda world: {
        "name": world.name("Key"),
        "maxUses": 3,
        "expiresAt": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
    },
    "PUT /api/v2/devices/settings/signinwithjumpcloud": lambda _: {
        "settings": [{"osFamily": "LINUX", "enabled": True, "defaultPermission": "STANDARD"}]
    },
    "POST /api/v2/authn/policies": _policy,
    "PATCH /api/v2/authn/policies/{id}": lambda _: {"description": "Changed", "monitorOnly": True},
    "PUT /api/v2/authn/defaults/{portal}": lambda _: {"action": "allow"},
    "POST /api/v2/authn/simulations": lambda world: {"person": world.user(), "address": "192.0.2.7", "country": "DE"},
    "POST /api/v2/iplists": lambda world: {"name": world.name("List"), "ips": ["192.0.2.1", "198.51.100.0/24"]},
    "PUT /api/v2/iplists/{id}": lambda world: {"name": world.name("List"), "ips": ["192.0.2.1-192.0.2.9"]},
    "PATCH /api/v2/iplists/{id}": lambda _: {"description": "Second floor"},
    "POST /api/v2/applemdms/{apple_mdm_id}/devices/{device_id}/lock": lambda _: {"reason": "Lost", "pin": "135790"},
    "POST /api/v2/applemdms/{apple_mdm_id}/devices/{device_id}/erase": lambda _: {"reason": "Stolen", "serialNumber": SERIAL},
    "PUT /api/v2/devices/settings/enrollment": lambda _: {"newDevicesWaitForApproval": False},
    "POST /api/v2/systems/{id}/bindings/{binding_id}/unlock-code": lambda _: {"challenge": "10 0000 0008"},
    "POST /api/v2/identity-providers": _provider,
    "PUT /api/v2/identity-providers/{id}": lambda _: {"name": "Okta of Acme"},
}
"""A right body of each operation that takes one."""


def query(path: str) -> Parameters:
    """The query parameters without which the path answers nothing."""
    if not path.endswith("/associations"):
        return {}
    return {"targets": "system" if "/user" in path else "user"}


def place(world: World, path: str) -> Parameters:
    """Make what the path names; empty for a path that names nothing."""
    if "{" not in path:
        return {}
    for beginning, make in PLACES:
        if path.startswith(beginning):
            return make(world)
    raise AssertionError(f"tests/rest/operations.py does not know what {path} names: add it to PLACES.")


def body(world: World, label: str) -> Body:
    """Make a right body for an operation that takes one."""
    if label not in BODIES:
        raise AssertionError(f"tests/rest/operations.py has no right body for {label}: add it to BODIES.")
    return BODIES[label](world)
