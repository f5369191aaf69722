"""`homeport user-group` and `homeport device-group`: the same commands over two kinds of group."""

import click

from homeport.cli.plainly import Misuse
from homeport.cli.remote.assignments import add_assignment
from homeport.cli.remote.connection import Api
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import DEVICE, DEVICE_GROUP, USER, USER_GROUP
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import add_delete, add_list, add_show, change, given, json_option, over_the_api, policy_options


def _group_of(kind: Kind, member: Kind, wire: str, called: str) -> click.Group:
    """Return the commands of one kind of group. `wire` is the member's type in the REST API, `called` how one is named."""

    @click.group(kind.command, help=f"Look after {kind.plural}, over the REST API.")
    def group() -> None: ...

    add_list(group, kind)
    add_show(group, kind)

    @group.command("add", help=f"Make an empty {kind.word}.")
    @click.argument("name")
    @click.option("--description", metavar="TEXT", help="What it is for.")
    @json_option
    @over_the_api
    def add(api: Api, name: str, description: str | None, *, as_json: bool) -> None:
        body = given(name=name, description=description)
        show_one(kind.columns, api.send("POST", kind.path, body).body, as_json=as_json)

    @group.command("set", help=f"Change a {kind.word}. NAME is its name or its id.")
    @click.argument("name")
    @click.option("--rename", "new_name", metavar="TEXT", help="Another name.")
    @click.option("--description", metavar="TEXT", help="Another description.")
    @json_option
    @over_the_api
    def set_(api: Api, name: str, new_name: str | None, description: str | None, *, as_json: bool) -> None:
        body = given(name=new_name, description=description)
        if body and new_name is None:
            body["name"] = kind.find(api, name)["name"]  # the REST API wants it in every change
        change(api, kind, name, body, as_json=as_json)

    @group.command("members", help=f"List the {member.plural} in a {kind.word}. NAME is its name or its id.")
    @click.argument("name")
    @json_option
    @over_the_api
    def members(api: Api, name: str, *, as_json: bool) -> None:
        found = kind.find(api, name)
        ends = (one.get("to") for one in api.rows(f"{kind.path_of(found)}/members", ""))
        ids = (str(end["id"]) for end in ends if isinstance(end, dict) and "id" in end)
        show_list(member, (member.read(api, {member.id: one}).body for one in ids), as_json=as_json)

    @group.command("join", help=f"Put {member.plural} into a {kind.word}. Each MEMBER is {called}.")
    @click.argument("name")
    @click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
    @over_the_api
    def join(api: Api, name: str, members: tuple[str, ...]) -> None:
        _change(api, name, members, "add", "joined")

    @group.command("leave", help=f"Take {member.plural} out of a {kind.word}. Each MEMBER is {called}.")
    @click.argument("name")
    @click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
    @over_the_api
    def leave(api: Api, name: str, members: tuple[str, ...]) -> None:
        _change(api, name, members, "remove", "left")

    def _change(api: Api, name: str, called: tuple[str, ...], operation: str, said: str) -> None:
        found = kind.find(api, name)
        rows = [member.find(api, one) for one in called]  # all are looked up before the first is changed
        for row in rows:
            api.send("POST", f"{kind.path_of(found)}/members", {"op": operation, "type": wire, "id": row[member.id]})
            click.echo(f"{member.word.capitalize()} “{member.name_of(row)}” {said} “{kind.name_of(found)}”.", err=True)

    add_delete(group, kind, f"Its {member.plural} stay in the directory.")
    return group


def _add_policy(group: click.Group) -> click.Group:
    @group.command(
        "policy", help="Say how strict ssh and sudo are on the devices of a group; of several groups the stricter one counts."
    )
    @click.argument("name")
    @policy_options
    @json_option
    @over_the_api
    def policy(api: Api, name: str, ssh: str | None, sudo: str | None, *, as_json: bool) -> None:
        body = given(ssh=ssh, sudo=sudo)
        if not body:
            raise Misuse("Nothing to change was given. --help says what can be.")
        # The REST API wants the name in every change.
        change(api, DEVICE_GROUP, name, {"name": DEVICE_GROUP.find(api, name)["name"], **body}, as_json=as_json)

    return group


user_group = _group_of(USER_GROUP, USER, "user", "a user name, an e-mail address or an id")
device_group = _add_policy(_group_of(DEVICE_GROUP, DEVICE, "system", "a name, a host name, a serial number or an id"))
add_assignment(device_group, DEVICE_GROUP, DEVICE_GROUP.path)
