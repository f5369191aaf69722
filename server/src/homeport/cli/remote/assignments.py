"""`assign`, `unassign` and `assigned` of devices and device groups: who may sign in where access is limited."""

import click

from homeport.cli.plainly import Misuse
from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import ASSIGNMENT, DEVICE, USER, USER_GROUP
from homeport.cli.remote.showing import show_list
from homeport.cli.remote.verbs import json_option, over_the_api

PEOPLE = (("user", USER), ("user_group", USER_GROUP))
"""Who can be assigned: the type in the REST API, and what it is."""


def add_assignment(group: click.Group, kind: Kind, path: str) -> None:
    """Add the commands to those of a kind of device; `path` is where its associations are."""

    @group.command("assigned", help=f"List who is assigned to a {kind.word}. NAME is its name or its id.")
    @click.argument("name")
    @json_option
    @over_the_api
    def assigned(api: Api, name: str, *, as_json: bool) -> None:
        found = kind.find(api, name)
        rows: list[JsonObject] = []
        for wire, one in PEOPLE:
            for end in api.rows(f"{path}/{found[kind.id]}/associations", "", (("targets", wire),)):
                row = one.read(api, {one.id: end["to"]["id"]}).body
                rows.append({"type": one.word, "name": one.name_of(row), "id": row[one.id]})
        show_list(ASSIGNMENT, rows, as_json=as_json)

    for verb, operation, said in (("assign", "add", "is assigned to"), ("unassign", "remove", "is no longer assigned to")):
        _add_change(group, kind, path, verb, operation, said)


def _add_change(group: click.Group, kind: Kind, path: str, verb: str, operation: str, said: str) -> None:  # noqa: PLR0917 - what differs
    words = {"assign": f"Assign people to a {kind.word}.", "unassign": f"Take people's assignment to a {kind.word} back."}

    @group.command(verb, help=f"{words[verb]} It counts where access is limited. NAME is its name or its id.")
    @click.argument("name")
    @click.option("--user", "users", multiple=True, metavar="NAME", help="A user. May be given again.")
    @click.option("--user-group", "groups", multiple=True, metavar="NAME", help="A user group. May be given again.")
    @over_the_api
    def change(api: Api, name: str, *, users: tuple[str, ...], groups: tuple[str, ...]) -> None:
        if not users and not groups:
            raise Misuse("Nobody was named. Give --user or --user-group.")
        found = kind.find(api, name)
        named = [("user", USER, USER.find(api, one)) for one in users]
        named += [("user_group", USER_GROUP, USER_GROUP.find(api, one)) for one in groups]
        for wire, one, row in named:  # all were looked up before the first is changed
            body = {"op": operation, "type": wire, "id": row[one.id]}
            api.send("POST", f"{path}/{found[kind.id]}/associations", body)
            click.echo(f"{one.word.capitalize()} “{one.name_of(row)}” {said} “{kind.name_of(found)}”.", err=True)


def add_devices_of(group: click.Group) -> None:
    """Add `devices` to the commands of users: where somebody is assigned, by every way."""

    @group.command("devices", help="List the devices to which a user is assigned, by name or through a group.")
    @click.argument("name")
    @json_option
    @over_the_api
    def devices(api: Api, name: str, *, as_json: bool) -> None:
        found = USER.find(api, name)
        ids = (str(one["id"]) for one in api.rows(f"/api/v2/users/{found['_id']}/systems", ""))
        show_list(DEVICE, (DEVICE.read(api, {DEVICE.id: one}).body for one in ids), as_json=as_json)
