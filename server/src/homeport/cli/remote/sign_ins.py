"""`homeport sign-in`: who signed in, or was refused, where and why."""

import click

from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kinds import PROVIDER, SIGN_IN, Column, Kind
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import add_list, json_option, over_the_api

STEPS = Kind(
    word="step",
    path="",
    names=("name",),
    columns=(Column("at", "When"), Column("name", "Step"), Column("outcome", "Outcome"), Column("details", "Details")),
)
REFUSALS = Kind(
    word="reason",
    path="/api/v2/sign-ins/refusals",
    rows="refusals",
    id="reason",
    names=("reason",),
    paged=False,
    columns=(Column("reason", "Reason"), Column("last24Hours", "In 24 hours"), Column("last7Days", "In 7 days")),
)


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
        show_list(STEPS, found.get("steps", []), as_json=False)


@sign_in.command()
@click.option("--idp", "provider", metavar="NAME", help="Only at this identity provider.")
@json_option
@over_the_api
def refusals(api: Api, provider: str | None, *, as_json: bool) -> None:
    """Count refusals by reason."""
    query = (("identityProviderId", str(PROVIDER.find(api, provider)["id"])),) if provider else ()
    show_list(REFUSALS, REFUSALS.all(api, query), as_json=as_json)
