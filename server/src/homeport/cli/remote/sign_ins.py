"""`homeport sign-in`: who signed in, or was refused, where and why."""

import click

from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kinds import PROVIDER, REFUSAL, SIGN_IN, SIGN_IN_STEP
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import add_list, json_option, over_the_api


@click.group("sign-in")
def sign_in() -> None:
    """Look at sign-ins, over the REST API."""


add_list(sign_in, SIGN_IN)


@sign_in.command()
@click.argument("sign_in_id", metavar="ID")
@json_option
@over_the_api
def show(api: Api, sign_in_id: str, *, as_json: bool) -> None:
    """Show one sign-in with its steps. ID is what a refusal tells the person."""
    found: JsonObject = SIGN_IN.read(api, {"id": sign_in_id}).body
    show_one(SIGN_IN.columns, found, as_json=as_json)
    if not as_json:
        click.echo()
        show_list(SIGN_IN_STEP, found.get("steps", []), as_json=False)


@sign_in.command()
@click.option("--idp", "provider", metavar="NAME", help="Only at this identity provider.")
@json_option
@over_the_api
def refusals(api: Api, provider: str | None, *, as_json: bool) -> None:
    """Count refusals by reason."""
    query = (("identityProviderId", str(PROVIDER.find(api, provider)["id"])),) if provider else ()
    show_list(REFUSAL, REFUSAL.all(api, query), as_json=as_json)
