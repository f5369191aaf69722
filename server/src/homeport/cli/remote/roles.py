"""`homeport role`: which roles there are, and custom ones, over the REST API."""

import click

from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import ROLE
from homeport.cli.remote.showing import show_one
from homeport.cli.remote.verbs import add_delete, add_list, add_show, change, given, json_option, over_the_api

PERMISSION = "A permission, such as users:read; docs/reference/permissions.md lists them. May be given again."


@click.group()
def role() -> None:
    """Look after roles, over the REST API. The built-in ones cannot be changed."""


add_list(role, ROLE)
add_show(role, ROLE)


@role.command("add")
@click.argument("name")
@click.option("--permission", "scopes", multiple=True, required=True, metavar="PERMISSION", help=PERMISSION)
@click.option("--description", metavar="TEXT", help="What it is for.")
@json_option
@over_the_api
def add(api: Api, name: str, *, scopes: tuple[str, ...], description: str | None, as_json: bool) -> None:
    """Make a custom role; there can be twenty. It cannot have what only an Administrator with Billing has."""
    body = given(name=name, scopes=list(scopes), description=description)
    show_one(ROLE.columns, api.send("POST", ROLE.path, body).body, as_json=as_json)


@role.command("set")
@click.argument("name")
@click.option("--rename", metavar="TEXT", help="Another name.")
@click.option("--permission", "scopes", multiple=True, metavar="PERMISSION", help=f"{PERMISSION} Replaces those of today.")
@click.option("--description", metavar="TEXT", help="Another description.")
@json_option
@over_the_api
def set_(api: Api, name: str, *, rename: str | None, scopes: tuple[str, ...], description: str | None, as_json: bool) -> None:
    """Change a custom role; it counts at once for whoever has it. NAME is its name or its id."""
    change(api, ROLE, name, given(name=rename, scopes=list(scopes) or None, description=description), as_json=as_json)


add_delete(role, ROLE, "A role that somebody has cannot be deleted.")
