"""Access policies and the defaults of the portals: people, groups and IP lists have names in the file and ids on the wire."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from homeport.cli.configuration.reading import ALONE, Values
from homeport.cli.configuration.sections import Part, Setting, Thing
from homeport.cli.plainly import Refusal
from homeport.cli.remote.connection import Api, JsonObject, Refused
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import ACCESS_POLICY, ADMINISTRATOR, IP_LIST, POLICY_DEFAULTS, USER, USER_GROUP

NOT_FOUND = 404
EVERYBODY = "ALL"
ADMIN_PORTAL = "admin_portal"
MODES = {"enabled": (False, False), "disabled": (True, False), "monitor": (False, True)}
EFFECT, TARGETS = ("action", "message"), ("users", "user_groups", "roles", "except_users", "except_user_groups", "except_roles")


@dataclass(frozen=True, slots=True)
class AccessDefaults(Setting):
    """What happens at each portal when no policy applies."""

    def present(self, api: Api, *, members: bool) -> dict[str, Thing]:  # noqa: ARG002 - settings have no members
        """Read both."""
        return {ALONE: Thing(ALONE, {row["type"]: row["action"] for row in api.get(POLICY_DEFAULTS).body})}

    def update(self, api: Api, thing: Thing, values: Values, *, name: str, folder: Path) -> None:  # noqa: ARG002 - no secrets
        """Change those that the values hold."""
        for portal, action in values.items():
            api.send("PUT", f"{POLICY_DEFAULTS}/{portal}", {"action": action})


@dataclass(frozen=True, slots=True)
class Policies(Part):
    """The access policies. What a policy says of people whom a file cannot name stays as it is unless the file says otherwise."""

    def present(self, api: Api, *, members: bool) -> dict[str, Thing]:  # noqa: ARG002 - policies have no members
        """Read them all."""
        called = _Called(api)
        return {str(row["name"]): _thing(row, called) for row in ACCESS_POLICY.all(api)}

    def again(self, api: Api, thing: Thing, *, members: bool) -> Thing:  # noqa: ARG002 - the same
        """Read it with its ETag."""
        answer = ACCESS_POLICY.read(api, thing.row)
        return replace(_thing(answer.body, _Called(api)), etag=answer.etag)

    def create(self, api: Api, name: str, values: Values, *, folder: Path) -> None:  # noqa: ARG002 - no secrets
        """Make it."""
        body = {"name": name, "type": values["portal"], **_body(api, values, {"portal": values["portal"]}, {})}
        api.send("POST", ACCESS_POLICY.path, body)

    def update(self, api: Api, thing: Thing, values: Values, *, name: str, folder: Path) -> None:  # noqa: ARG002 - no secrets
        """Change what the values hold."""
        body = {"name": name, **_body(api, values, thing.values, thing.row)}
        api.send("PATCH", ACCESS_POLICY.path_of(thing.row), body, etag=thing.etag)

    def delete(self, api: Api, thing: Thing) -> None:
        """Delete it."""
        api.send("DELETE", ACCESS_POLICY.path_of(thing.row), etag=thing.etag)


class _Called:
    """The names of what policies say by id, each asked for once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, str] = {}

    def __call__(self, kind: Kind, ids: Iterable[str]) -> list[str]:
        """Return names; what is gone is called by its id."""
        return sorted(self._one(kind, one) for one in ids)

    def _one(self, kind: Kind, found: str) -> str:
        if found not in self._known:
            try:
                self._known[found] = str(kind.read(self._api, {kind.id: found}).body[kind.names[0]])
            except Refused as refused:
                if refused.code != NOT_FOUND:
                    raise
                self._known[found] = found
        return self._known[found]


def _thing(row: JsonObject, called: _Called) -> Thing:
    effect, targets = row["effect"], row["targets"]
    demands = effect["obligations"]["mfa"]["required"]
    mode = next(word for word, flags in MODES.items() if flags == (row["disabled"], row["monitorOnly"] and not row["disabled"]))
    values: Values = {
        "portal": row["type"],
        "action": "allow_with_mfa" if demands else effect["action"],
        "mode": mode,
        "description": row["description"],
        "message": effect["custom_error_message"]["message"],
        "conditions": _named(row["conditions"], lambda ids: called(IP_LIST, ids)),
    }
    people = _people(row["type"])
    for word, wire in (("", "inclusions"), ("except_", "exclusions")):
        values[f"{word}users"] = called(people, (one for one in targets["users"][wire] if one != EVERYBODY))
        if row["type"] == ADMIN_PORTAL:
            values[f"{word}roles"] = sorted(one["value"] for one in targets["userAttributes"][wire])
        else:
            values[f"{word}user_groups"] = called(USER_GROUP, targets["userGroups"][wire])
    return Thing(str(row["name"]), values, row)


def _body(api: Api, values: Values, before: Values, row: JsonObject) -> JsonObject:
    """Return what the REST API takes of the values; what it takes only as a whole is filled up with what is there."""
    body: JsonObject = {}
    whole = {**before, **values}
    if "description" in values:
        body["description"] = values["description"]
    if "mode" in values:
        body["disabled"], body["monitorOnly"] = MODES[values["mode"]]
    if any(one in values for one in EFFECT):
        said = {**row.get("effect", {}).get("custom_error_message", {}), "enabled": True, "message": whole.get("message", "")}
        action = whole["action"]
        body["effect"] = {
            "action": "deny" if action == "deny" else "allow",
            "obligations": {"mfa": {"required": action == "allow_with_mfa"}},
            "custom_error_message": said,
        }
    if "conditions" in values:
        body["conditions"] = _named(values["conditions"], lambda names: _ids(api, IP_LIST, names))
    if any(one in values for one in TARGETS):
        body["targets"] = _targets(api, whole)
    return body


def _targets(api: Api, whole: Values) -> JsonObject:
    def ends(kind: Kind, word: str) -> dict[str, list[str]]:
        return {
            "inclusions": _ids(api, kind, whole.get(word, ())),
            "exclusions": _ids(api, kind, whole.get(f"except_{word}", ())),
        }

    def roles(word: str) -> list[JsonObject]:
        return [{"field": "role", "operator": "EQ", "value": one} for one in whole.get(word, ())]

    targets: JsonObject = {"users": ends(_people(whole["portal"]), "users")}
    if whole.get("user_groups") or whole.get("except_user_groups") or whole["portal"] != ADMIN_PORTAL:
        targets["userGroups"] = ends(USER_GROUP, "user_groups")
    if whole.get("roles") or whole.get("except_roles"):
        targets["userAttributes"] = {"inclusions": roles("roles"), "exclusions": roles("except_roles")}
    return targets


def _people(portal: str) -> Kind:
    return ADMINISTRATOR if portal == ADMIN_PORTAL else USER


def _ids(api: Api, kind: Kind, names: Iterable[str]) -> list[str]:
    found = []
    for name in names:
        row = kind.find(api, name)
        if not isinstance(row.get(kind.id), str):
            raise Refusal(f"There is no {kind.word} “{name}” for the policy.")
        found.append(str(row[kind.id]))
    return found


def _named(said: Any, names: Callable[[list[str]], list[str]]) -> Any:
    """Return conditions with what stands for IP lists exchanged."""
    if isinstance(said, list):
        return [_named(one, names) for one in said]
    if isinstance(said, dict):
        return {kind: names(value) if kind == "ipAddressIn" else _named(value, names) for kind, value in said.items()}
    return said
