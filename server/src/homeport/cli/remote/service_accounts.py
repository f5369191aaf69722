"""`homeport service-account`: programs that use the REST API under a name of their own, and their keys."""

import click

from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import ACCOUNT_KEY, SERVICE_ACCOUNT
from homeport.cli.remote.secrets import check_delivery, deliver_secret
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import (
    add_delete,
    add_list,
    add_show,
    change,
    confirm,
    given,
    json_option,
    key_options,
    over_the_api,
    yes_option,
)


@click.group("service-account")
def service_account() -> None:
    """Look after service accounts and their keys, over the REST API."""


add_list(service_account, SERVICE_ACCOUNT)
add_show(service_account, SERVICE_ACCOUNT)


@service_account.command("add")
@click.argument("name")
@click.option("--role", required=True, metavar="ROLE", help="Such as 'Read Only'; homeport role list names them.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@json_option
@over_the_api
def add(api: Api, name: str, *, role: str, description: str | None, as_json: bool) -> None:
    """Make a service account. It can do nothing before it has a key: homeport service-account add-key."""
    body = given(name=name, roleName=role, description=description)
    show_one(SERVICE_ACCOUNT.columns, api.send("POST", SERVICE_ACCOUNT.path, body).body, as_json=as_json)


@service_account.command("set")
@click.argument("name")
@click.option("--rename", metavar="TEXT", help="Another name.")
@click.option("--role", metavar="ROLE", help="Another role.")
@click.option("--description", metavar="TEXT", help="Another description.")
@json_option
@over_the_api
def set_(api: Api, name: str, *, rename: str | None, role: str | None, description: str | None, as_json: bool) -> None:
    """Change a service account. NAME is its name or its id."""
    change(api, SERVICE_ACCOUNT, name, given(name=rename, roleName=role, description=description), as_json=as_json)


@service_account.command()
@click.argument("name")
@yes_option
@over_the_api
def suspend(api: Api, name: str, *, yes: bool) -> None:
    """Refuse the keys of a service account until it is activated."""
    found = SERVICE_ACCOUNT.find(api, name)
    confirm(f"Suspend service account “{SERVICE_ACCOUNT.name_of(found)}”? Its keys are refused at once.", yes=yes)
    _suspend(api, found, suspended=True)


@service_account.command()
@click.argument("name")
@over_the_api
def activate(api: Api, name: str) -> None:
    """Take the keys of a suspended service account again."""
    _suspend(api, SERVICE_ACCOUNT.find(api, name), suspended=False)


def _suspend(api: Api, found: JsonObject, *, suspended: bool) -> None:
    api.send("PUT", SERVICE_ACCOUNT.path_of(found), {"suspended": suspended})
    click.echo(f"Service account “{SERVICE_ACCOUNT.name_of(found)}” is {'suspended' if suspended else 'activated'}.", err=True)


add_delete(service_account, SERVICE_ACCOUNT, "Its keys stop working.")


@service_account.command()
@click.argument("name")
@json_option
@over_the_api
def keys(api: Api, name: str, *, as_json: bool) -> None:
    """List the keys of a service account, the newest first."""
    kind = _keys_of(api, name)
    show_list(kind, kind.all(api), as_json=as_json)


@service_account.command("add-key")
@click.argument("name")
@click.argument("key_name", metavar="KEY")
@key_options
@over_the_api
def add_key(api: Api, name: str, key_name: str, *, days: int | None, networks: tuple[str, ...], key_out: str | None) -> None:
    """Make a key called KEY for a service account and hand it out, once: at a terminal, or with --key-out."""
    check_delivery(key_out, "The key")
    body = given(name=key_name, days=days, networks=list(networks) or None)
    made = api.send("POST", _keys_of(api, name).path, body).body
    deliver_secret(made["apiKey"], key_out, "The key")
    click.echo(f"It works until {made['expiresAt']}, from {', '.join(made['networks']) or 'everywhere'}.", err=True)


@service_account.command("revoke-key")
@click.argument("name")
@click.argument("key_name", metavar="KEY")
@yes_option
@over_the_api
def revoke_key(api: Api, name: str, key_name: str, *, yes: bool) -> None:
    """Revoke one key of a service account. KEY is its name or its id."""
    kind = _keys_of(api, name)
    found = kind.find(api, key_name)
    confirm(f"Revoke the key “{kind.name_of(found)}” of “{name}”? What uses it is refused.", yes=yes)
    api.send("DELETE", kind.path_of(found))
    click.echo(f"The key “{kind.name_of(found)}” is revoked.", err=True)


def _keys_of(api: Api, name: str) -> Kind:
    return ACCOUNT_KEY.at(f"{SERVICE_ACCOUNT.path_of(SERVICE_ACCOUNT.find(api, name))}/keys")
