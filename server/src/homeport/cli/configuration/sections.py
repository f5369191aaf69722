"""Each section on the server: what it holds at this moment, and how one thing of it is made, changed and deleted."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from homeport.cli.configuration.fields import Field, Secret
from homeport.cli.configuration.form import Section
from homeport.cli.configuration.reading import ALONE, Values
from homeport.cli.plainly import Misuse, Refusal, Unreachable
from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import DEVICE_GROUP, ENROLLMENT, MAIL_SERVER, PROVISIONING_SETTING, USER
from homeport.cli.remote.secrets import read_secret

MEMBERS = "members"
WAITING, WAITING_WIRE, DEFAULT_GROUP = "new_devices_wait_for_approval", "newDevicesWaitForApproval", "defaultDeviceGroupId"
AT_A_TIME = 50
"""Users whose ids are asked for together."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as it is on the server: its values in the file's words, and its members' ids by their names.

    `etag` is empty where the server gives none.
    """

    name: str
    values: Values
    row: JsonObject = field(default_factory=dict)
    etag: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part(ABC):
    """A section on the server."""

    section: Section

    @abstractmethod
    def present(self, api: Api, *, members: bool) -> dict[str, Thing]:
        """Return everything that is there, by name; with `members` also who belongs to what."""

    def again(self, api: Api, thing: Thing, *, members: bool) -> Thing:
        """Return one thing as it is now."""
        return self.present(api, members=members)[thing.name]

    @abstractmethod
    def create(self, api: Api, name: str, values: Values, *, folder: Path) -> None:
        """Make one thing. Secrets in files are looked for from `folder`."""

    @abstractmethod
    def update(self, api: Api, thing: Thing, values: Values, *, name: str, folder: Path) -> None:
        """Change one thing, unless somebody else changes it meanwhile."""

    @abstractmethod
    def delete(self, api: Api, thing: Thing) -> None:
        """Delete one thing, unless somebody else changes it meanwhile."""


@dataclass(frozen=True, slots=True)
class Setting(Part):
    """Settings are always there: they are neither made nor deleted."""

    def create(self, api: Api, name: str, values: Values, *, folder: Path) -> None:  # noqa: ARG002 - there is nothing to make
        """Refuse: the server has no such setting."""
        raise Refusal(f"The server has no setting {name}.")

    def delete(self, api: Api, thing: Thing) -> None:  # noqa: ARG002 - there is nothing to delete
        """Refuse: a setting cannot be deleted."""
        raise Refusal(f"The setting {thing.name} cannot be deleted.")


@dataclass(frozen=True, slots=True)
class Collection(Part):
    """Things that are made and deleted, each with a name of its own. `member` is the wire's type of what belongs to it.

    `later` are the fields that the REST API takes only in a change, `counts` tells which things of the kind a file may hold.
    """

    kind: Kind
    name_field: str
    member: str = ""
    later: tuple[str, ...] = ()
    counts: Callable[[JsonObject], bool] = bool

    def present(self, api: Api, *, members: bool) -> dict[str, Thing]:
        """Read them all."""
        names: Mapping[str, str] = {}
        if members and self.member == "user":
            names = {str(row[USER.id]): str(row["username"]) for row in USER.all(api)}
        things = [self._thing(row) for row in self.kind.all(api) if self.counts(row)]
        return {one.name: self._with_members(api, one, names) if members and self.member else one for one in things}

    def again(self, api: Api, thing: Thing, *, members: bool) -> Thing:
        """Read it with its ETag."""
        answer = self.kind.read(api, thing.row)
        now = self._thing(answer.body, answer.etag)
        names = {found: name for name, found in thing.ids.items()}
        return self._with_members(api, now, names) if members and self.member else now

    def create(self, api: Api, name: str, values: Values, *, folder: Path) -> None:
        """Make it, then let its members join."""
        body: JsonObject = {self.name_field: name}
        self._fill(body, {one: value for one, value in values.items() if one not in self.later}, folder)
        made = api.send("POST", self.kind.path, body).body
        if not isinstance(made, dict):
            raise Unreachable(f"{api.url} did not say what it made. Whether the {self.section.word} is there is not known.")
        thing = self._thing(made)
        left = {one: values[one] for one in self.later if one in values and thing.values.get(one) != values[one]}
        if left:
            self.update(api, self.again(api, thing, members=False), left, name=name, folder=folder)
        self._join_and_leave(api, made, wanted=values.get(MEMBERS, ()), present={})

    def update(self, api: Api, thing: Thing, values: Values, *, name: str, folder: Path) -> None:
        """Change what the values hold."""
        body: JsonObject = {}
        self._fill(body, values, folder)
        if body or name != thing.name:
            api.send("PUT", self.kind.path_of(thing.row), {self.name_field: name, **body}, etag=thing.etag)
        if MEMBERS in values:
            self._join_and_leave(api, thing.row, wanted=values[MEMBERS], present=thing.ids)

    def delete(self, api: Api, thing: Thing) -> None:
        """Delete it."""
        api.send("DELETE", self.kind.path_of(thing.row), etag=thing.etag)

    def _thing(self, row: JsonObject, etag: str = "") -> Thing:
        values = {one.name: value for one in self.section.fields if (value := value_in(row, one)) is not None}
        return Thing(str(row.get(self.name_field, "")), values, row, etag)

    def _fill(self, body: JsonObject, values: Values, folder: Path) -> None:
        for one in self.section.fields:
            if one.wire and one.name in values:
                *outer, last = one.wire.split(".")
                inside = body
                for part in outer:
                    inside = inside.setdefault(part, {})
                inside[last] = _sent(one, values, folder)

    def _with_members(self, api: Api, thing: Thing, names: Mapping[str, str]) -> Thing:
        """Return the thing with who belongs to it; who has no name in `names` is called by the id, as devices are."""
        ends = [one.get("to") for one in api.rows(f"{self.kind.path_of(thing.row)}/members", "")]
        found = [str(end["id"]) for end in ends if isinstance(end, dict) and "id" in end]
        ids = {names.get(one, one): one for one in found}
        return replace(thing, values={**thing.values, MEMBERS: sorted(ids)}, ids=ids)

    def _join_and_leave(self, api: Api, row: JsonObject, *, wanted: Iterable[str], present: Mapping[str, str]) -> None:
        joining, leaving = sorted(set(wanted) - set(present)), sorted(set(present) - set(wanted))
        ids = {
            **present,
            **(self._ids_of_users(api, joining) if self.member == "user" else dict(zip(joining, joining, strict=True))),
        }
        for operation, names in (("add", joining), ("remove", leaving)):
            for name in names:
                body = {"op": operation, "type": self.member, "id": ids[name]}
                api.send("POST", f"{self.kind.path_of(row)}/members", body)

    def _ids_of_users(self, api: Api, names: list[str]) -> dict[str, str]:
        """Return the ids of users by their names, asking for many at a time; raise Refusal when one is not there."""
        found: dict[str, str] = {}
        for some in _batched(names, AT_A_TIME):
            query = (("filter", f"username:$in:{','.join(some)}"),)
            found |= {str(row["username"]): str(row[USER.id]) for row in USER.all(api, query)}
        missing = next((name for name in names if name not in found), None)
        if missing is not None:
            raise Refusal(f"There is no user “{missing}” who could be a member.")
        return found


@dataclass(frozen=True, slots=True)
class ProvisioningSettings(Setting):
    """The settings of the three systems, which are always there."""

    def present(self, api: Api, *, members: bool) -> dict[str, Thing]:  # noqa: ARG002 - settings have no members
        """Read all three."""
        found = {}
        for row in PROVISIONING_SETTING.all(api):
            name = str(row.get(PROVISIONING_SETTING.id, "")).lower()
            found[name] = Thing(name, {one.name: value_in(row, one) for one in self.section.fields}, row)
        return found

    def update(self, api: Api, thing: Thing, values: Values, *, name: str, folder: Path) -> None:  # noqa: ARG002 - no secrets
        """Change one system's."""
        body = {one.wire: values[one.name] for one in self.section.fields if one.name in values}
        api.send("PUT", PROVISIONING_SETTING.path, {"settings": [{PROVISIONING_SETTING.id: name.upper(), **body}]})


@dataclass(frozen=True, slots=True)
class EnrollmentSettings(Setting):
    """The one table of how devices join; the group that they join is called by its name in the file and by its id on the wire."""

    def present(self, api: Api, *, members: bool) -> dict[str, Thing]:  # noqa: ARG002 - settings have no members
        """Read it."""
        row = api.get(ENROLLMENT).body
        if not isinstance(row, dict):
            raise Unreachable(f"{api.url} answered something else than the settings of enrolment.")
        group = row.get(DEFAULT_GROUP)
        called = DEVICE_GROUP.read(api, {DEVICE_GROUP.id: group}).body["name"] if isinstance(group, str) else ""
        return {ALONE: Thing(ALONE, {WAITING: row.get(WAITING_WIRE), "default_device_group": called}, row)}

    def update(self, api: Api, thing: Thing, values: Values, *, name: str, folder: Path) -> None:  # noqa: ARG002 - no secrets
        """Change it."""
        body: JsonObject = {WAITING_WIRE: values.get(WAITING, thing.values[WAITING])}
        if "default_device_group" in values:
            called = values["default_device_group"]
            body[DEFAULT_GROUP] = DEVICE_GROUP.find(api, called)[DEVICE_GROUP.id] if called else None
        api.send("PUT", ENROLLMENT, body)


@dataclass(frozen=True, slots=True)
class MailSettings(Setting):
    """The mail server. While none is configured it has no values; whatever a file says sets one."""

    def present(self, api: Api, *, members: bool) -> dict[str, Thing]:  # noqa: ARG002 - settings have no members
        """Read it."""
        answer = api.get(MAIL_SERVER)
        row = answer.body if isinstance(answer.body, dict) and answer.body.get("configured") else {}
        values = {one.name: value for one in self.section.fields if (value := value_in(row, one)) is not None}
        if row.get("passwordSet"):
            values["password"] = {"env": "MAIL_PASSWORD"}  # never compared; says in an export that there is one
        return {ALONE: Thing(ALONE, values, row, answer.etag)}

    def update(self, api: Api, thing: Thing, values: Values, *, name: str, folder: Path) -> None:  # noqa: ARG002 - it has no name
        """Change it."""
        body = {one.wire: _sent(one, values, folder) for one in self.section.fields if one.name in values}
        api.send("PUT", MAIL_SERVER, body, etag=thing.etag)


def secret_of(place: Mapping[str, str], folder: Path) -> str:
    """Return the secret that stands in an environment variable, or in a file named from the folder of the configuration."""
    if "env" in place:
        text = os.environ.get(place["env"], "")
        if not text:
            raise Misuse(f"The environment variable {place['env']}, which the file names for a secret, is empty or not set.")
        return text
    return read_secret(str(folder / place["file"]), "The secret's file")


def _sent(one: Field, values: Values, folder: Path) -> Any:
    return secret_of(values[one.name], folder) if isinstance(one.kind, Secret) else values[one.name]


def value_in(row: JsonObject, one: Field) -> Any:
    """Return a field of an answer as the file writes it; None where there is none."""
    value: Any = row
    for part in one.wire.split(".") if one.wire else ("",):
        value = value.get(part) if isinstance(value, dict) else None
    return None if value is None or one.kind.problem(value) else one.kind.normal(value)


def _batched(names: list[str], size: int) -> Iterator[list[str]]:
    """Give the names in lists of this size; the last may be shorter."""
    return (names[start : start + size] for start in range(0, len(names), size))
