"""`homeport device`: the machines of the directory."""

import json

import click

from homeport.cli.plainly import Misuse, Refusal
from homeport.cli.remote.assignments import add_assignment
from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import BINDING, DEVICE
from homeport.cli.remote.showing import show_list
from homeport.cli.remote.verbs import (
    add_list,
    add_show,
    change,
    confirm,
    given,
    json_option,
    over_the_api,
    policy_options,
    yes_option,
)

ACCOUNTS = {
    "keep": "The accounts on it stay usable.",
    "lock": "The accounts on it are locked.",
    "remove": "The accounts on it are deleted with their homes.",
}


@click.group()
def device() -> None:
    """Look after devices, over the REST API."""


add_list(device, DEVICE)
add_show(device, DEVICE)


@device.command()
@click.argument("name")
@click.argument("new_name")
@json_option
@over_the_api
def rename(api: Api, name: str, new_name: str, *, as_json: bool) -> None:
    """Call a device NEW_NAME; an empty one shows its host name again."""
    change(api, DEVICE, name, {"displayName": new_name}, as_json=as_json)


@device.command()
@click.argument("name")
@click.option("--to-assigned/--to-everybody", "limited", required=True, help="Who may get an account on it.")
@json_option
@over_the_api
def limit(api: Api, name: str, *, limited: bool, as_json: bool) -> None:
    """Leave a device to the people assigned to it, or open it to everybody again."""
    change(api, DEVICE, name, {"limitedToAssigned": limited}, as_json=as_json)


@device.command()
@click.argument("name")
@policy_options
@json_option
@over_the_api
def policy(api: Api, name: str, ssh: str | None, sudo: str | None, *, as_json: bool) -> None:
    """Say how strict ssh and sudo are on a device. Its own word wins over its groups' and the setting's."""
    body = given(ssh=ssh, sudo=sudo)
    if not body:
        raise Misuse("Nothing to change was given. --help says what can be.")
    change(api, DEVICE, name, body, as_json=as_json)


@device.command()
@click.argument("name")
@over_the_api
def approve(api: Api, name: str) -> None:
    """Let a device be used that waits for approval."""
    found = DEVICE.find(api, name)
    api.send("POST", f"/api/v2/systems/{found['_id']}/approve")
    click.echo(f"Device “{DEVICE.name_of(found)}” is approved.", err=True)


@device.command()
@click.argument("name")
@json_option
@over_the_api
def accounts(api: Api, name: str, *, as_json: bool) -> None:
    """List the local accounts on a device: who has which, what is wanted, what the device last reported."""
    found = DEVICE.find(api, name)
    kind = _bindings(found)
    show_list(kind, kind.all(api), as_json=as_json)


add_assignment(device, DEVICE, "/api/v2/systems")


@device.command("reset-passcode")
@click.argument("name")
@click.argument("username")
@yes_option
@over_the_api
def reset_passcode(api: Api, name: str, username: str, *, yes: bool) -> None:
    """Have a device forget the passcode of the local account USERNAME; the person signs in and chooses another."""
    found, binding = _account(api, name, username)
    confirm(f"Reset the passcode of {username} on “{DEVICE.name_of(found)}”?", yes=yes)
    api.send("POST", f"{binding}/reset-passcode")
    click.echo(f"“{DEVICE.name_of(found)}” forgets the passcode of {username} as soon as it is in contact.", err=True)


@device.command("unlock-code")
@click.argument("name")
@click.argument("account")
@click.argument("digits", nargs=-1, required=True)
@json_option
@over_the_api
def unlock_code(api: Api, name: str, account: str, digits: tuple[str, ...], *, as_json: bool) -> None:
    """Make the code that lets somebody in at a device without a network. DIGITS are those that the device shows, with or without spaces."""
    _, binding = _account(api, name, account)
    code = api.send("POST", f"{binding}/unlock-code", {"challenge": " ".join(digits)}).body
    if as_json:
        click.echo(json.dumps(code, indent=2))
        return
    click.echo(" ".join(code["code"][at : at + 4] for at in range(0, len(code["code"]), 4)))
    what = "chooses a new passcode" if code["newPasscode"] else "still needs the passcode"
    click.echo(f"{account} {what}; the access goes on until {code['until']}.", err=True)


@device.command()
@click.argument("name")
@click.option(
    "--accounts",
    type=click.Choice(list(ACCOUNTS)),
    default="keep",
    show_default=True,
    help="What becomes of the local accounts on it.",
)
@yes_option
@over_the_api
def delete(api: Api, name: str, accounts: str, *, yes: bool) -> None:
    """Delete a device. NAME is a name, a host name, a serial number or an id."""
    found = DEVICE.find(api, name)
    confirm(f"Delete device “{DEVICE.name_of(found)}”? {ACCOUNTS[accounts]}", yes=yes)
    api.send("DELETE", DEVICE.path_of(found), query=[("after", accounts)])
    click.echo(f"Device “{DEVICE.name_of(found)}” is deleted. {ACCOUNTS[accounts]}", err=True)


def _bindings(device: JsonObject) -> Kind:
    return BINDING.at(f"/api/v2/systems/{device[DEVICE.id]}/bindings")


def _account(api: Api, name: str, account: str) -> tuple[JsonObject, str]:
    """Return a device and the path of the local account that it has, or shall have, under this name; raise Refusal."""
    found = DEVICE.find(api, name)
    kind = _bindings(found)
    live = [one for one in kind.all(api) if one["username"] == account and one["desired"] != "removed"]
    if not live:
        raise Refusal(f"“{DEVICE.name_of(found)}” has no account {account}. See: homeport device accounts {name}")
    return found, kind.path_of(live[0])
