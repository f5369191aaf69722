"""`homeport admin list` and what else asks the REST API about administrators; `homeport admin link` is local, in `cli.admin`."""

import click

from homeport.cli.admin import admin
from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import ADMINISTRATOR, INVITATION
from homeport.cli.remote.secrets import check_delivery, deliver_secret
from homeport.cli.remote.sessions import add_sessions
from homeport.cli.remote.showing import show_list
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

__all__ = ["admin"]


add_list(admin, ADMINISTRATOR)
add_show(admin, ADMINISTRATOR)


@admin.command()
@click.argument("email")
@click.option("--role", required=True, metavar="ROLE", help="Such as 'Read Only'; homeport role list names them.")
@click.option("--link-out", metavar="FILE", help="New file for the link, readable by you only; - writes it to standard output.")
@over_the_api
def invite(api: Api, email: str, role: str, link_out: str | None) -> None:
    """Make a link that makes the holder of EMAIL an administrator, and hand it out, once. It works for 24 hours."""
    check_delivery(link_out, "The link", "--link-out")
    made = api.send("POST", INVITATION.path, {"email": email, "roleName": role}).body
    deliver_secret(made["link"], link_out, "The link")
    click.echo(f"It makes {made['email']} {made['roleName']}, once, until {made['expiresAt']}.", err=True)


@admin.command()
@json_option
@over_the_api
def invitations(api: Api, *, as_json: bool) -> None:
    """List the invitations that nobody has used yet."""
    show_list(INVITATION, INVITATION.all(api), as_json=as_json)


@admin.command("withdraw")
@click.argument("email")
@over_the_api
def withdraw(api: Api, email: str) -> None:
    """Make the open invitation of EMAIL worthless."""
    found = INVITATION.find(api, email)
    api.send("DELETE", INVITATION.path_of(found))
    click.echo(f"The invitation of {INVITATION.name_of(found)} is withdrawn.", err=True)


@admin.command()
@click.argument("name")
@click.argument("role")
@json_option
@over_the_api
def role(api: Api, name: str, role: str, *, as_json: bool) -> None:
    """Give an administrator another role. NAME is an e-mail address or an id; homeport role list names the roles."""
    change(api, ADMINISTRATOR, name, {"roleName": role}, as_json=as_json)


@admin.command("set")
@click.argument("name")
@click.option("--api-keys/--no-api-keys", "allowed", default=None, help="Whether they may have API keys.")
@click.option("--firstname", metavar="TEXT", help="Another first name.")
@click.option("--lastname", metavar="TEXT", help="Another last name.")
@json_option
@over_the_api
def set_(api: Api, name: str, *, allowed: bool | None, firstname: str | None, lastname: str | None, as_json: bool) -> None:
    """Change an administrator. NAME is an e-mail address or an id."""
    body = given(apiKeyAllowed=allowed, firstname=firstname, lastname=lastname)
    change(api, ADMINISTRATOR, name, body, as_json=as_json)


@admin.command()
@click.argument("name")
@yes_option
@over_the_api
def suspend(api: Api, name: str, *, yes: bool) -> None:
    """Let an administrator do nothing until they are activated: no sign-in, no session, no API key."""
    found = ADMINISTRATOR.find(api, name)
    called = ADMINISTRATOR.name_of(found)
    confirm(f"Suspend administrator “{called}”? Their sessions end, and their API keys are refused.", yes=yes)
    api.send("PUT", ADMINISTRATOR.path_of(found), {"suspended": True})
    click.echo(f"Administrator “{called}” is suspended.", err=True)


@admin.command()
@click.argument("name")
@over_the_api
def activate(api: Api, name: str) -> None:
    """Let a suspended administrator do what their role allows again."""
    found = ADMINISTRATOR.find(api, name)
    api.send("PUT", ADMINISTRATOR.path_of(found), {"suspended": False})
    click.echo(f"Administrator “{ADMINISTRATOR.name_of(found)}” is activated.", err=True)


@admin.command("reset-factor")
@click.argument("name")
@yes_option
@over_the_api
def reset_factor(api: Api, name: str, *, yes: bool) -> None:
    """Remove the second factor of an administrator who lost it. Be sure that it is this person who asks."""
    found = ADMINISTRATOR.find(api, name)
    called = ADMINISTRATOR.name_of(found)
    confirm(f"Reset the second factor of “{called}”? Their recovery codes are worth nothing from then on.", yes=yes)
    api.send("POST", f"{ADMINISTRATOR.path}/resettotp/{found['_id']}")
    click.echo(f"The second factor of “{called}” is reset.", err=True)


add_sessions(admin, ADMINISTRATOR, "admin portal")
add_delete(admin, ADMINISTRATOR, "Their sessions end, and their API keys stop working.", "remove")
