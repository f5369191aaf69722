"""`homeport user`: the people of the directory."""

import re
from collections.abc import Callable

import click

from homeport.cli.remote.assignments import add_devices_of
from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import PASSKEY, USER, USER_DETAILS
from homeport.cli.remote.sessions import add_sessions, below, remove_some
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import (
    add_delete,
    add_list,
    add_show,
    change,
    confirm,
    given,
    json_option,
    over_the_api,
    yes_option,
)

Command = Callable[..., None]


def details_options(command: Command) -> Command:
    """Give a command an option for each detail of a user."""
    for field, title in reversed(USER_DETAILS.items()):
        name = re.sub(r"([A-Z])", r"-\1", field).lower()
        command = click.option(f"--{name}", field, metavar="TEXT", help=f"{title}.")(command)
    return command


@click.group()
def user() -> None:
    """Look after users, over the REST API."""


add_list(user, USER)
add_show(user, USER)


@user.command("add")
@click.argument("username")
@click.argument("email")
@click.option("--firstname", metavar="TEXT", help="First name.")
@click.option("--lastname", metavar="TEXT", help="Last name.")
@details_options
@click.option("--staged", is_flag=True, help="Prepare the user only; nothing is granted until they are activated.")
@json_option
@over_the_api
def add(api: Api, username: str, email: str, *, staged: bool, as_json: bool, **fields: str | None) -> None:
    """Add a user, who may sign in at once unless --staged is given."""
    body = given(username=username, email=email, state="STAGED" if staged else None, **fields)
    show_one(USER.columns, api.send("POST", USER.path, body).body, as_json=as_json)


@user.command("set")
@click.argument("name")
@click.option("--username", metavar="TEXT", help="Another user name.")
@click.option("--email", metavar="TEXT", help="Another e-mail address.")
@click.option("--firstname", metavar="TEXT", help="Another first name.")
@click.option("--lastname", metavar="TEXT", help="Another last name.")
@details_options
@json_option
@over_the_api
def set_(api: Api, name: str, *, as_json: bool, **fields: str | None) -> None:
    """Change a user. NAME is a user name, an e-mail address or an id."""
    change(api, USER, name, given(**fields), as_json=as_json)


@user.command()
@click.argument("name")
@over_the_api
def activate(api: Api, name: str) -> None:
    """Let a staged or suspended user sign in."""
    found = USER.find(api, name)
    api.send("POST", f"{USER.path_of(found)}/state/activate")
    click.echo(f"User “{USER.name_of(found)}” is activated.", err=True)


@user.command()
@click.argument("name")
@yes_option
@over_the_api
def suspend(api: Api, name: str, *, yes: bool) -> None:
    """Take everything from a user until they are activated again: sign-ins, sessions, accounts on devices."""
    found = USER.find(api, name)
    confirm(
        f"Suspend user “{USER.name_of(found)}”? Their sessions end, and their accounts on devices are locked, except on Macs.",
        yes=yes,
    )
    api.send("POST", f"{USER.path_of(found)}/state/suspend")
    click.echo(f"User “{USER.name_of(found)}” is suspended.", err=True)


@user.command()
@click.argument("name")
@json_option
@over_the_api
def passkeys(api: Api, name: str, *, as_json: bool) -> None:
    """List the passkeys with which a user signs in to the user portal."""
    kind = below(api, USER, name, PASSKEY, "passkeys")
    show_list(kind, kind.all(api), as_json=as_json)


@user.command("remove-passkeys")
@click.argument("name")
@click.option("--passkey", "only", metavar="ID", help="Only this one.")
@yes_option
@over_the_api
def remove_passkeys(api: Api, name: str, only: str | None, *, yes: bool) -> None:
    """Remove the passkeys of a user who lost a device. Their portal sessions end."""
    kind = below(api, USER, name, PASSKEY, "passkeys")
    confirm(f"Remove {'this passkey' if only else 'all passkeys'} of “{name}”? Their portal sessions end.", yes=yes)
    remove_some(api, kind, only, "removed")


add_sessions(user, USER, "user portal")
add_devices_of(user)
add_delete(user, USER, "Their links are forgotten, and their accounts on devices are locked, except on Macs.")
