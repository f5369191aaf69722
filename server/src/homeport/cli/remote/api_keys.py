"""`homeport api-key`: one's own keys for the REST API."""

import click

from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import API_KEY
from homeport.cli.remote.secrets import check_delivery, deliver_secret
from homeport.cli.remote.verbs import add_delete, add_list, add_show, change, given, json_option, key_options, over_the_api


@click.group("api-key")
def api_key() -> None:
    """Make, rename and revoke your own API keys, over the REST API."""


add_list(api_key, API_KEY)
add_show(api_key, API_KEY)


@api_key.command("add")
@click.argument("name")
@key_options
@over_the_api
def add(api: Api, name: str, *, days: int | None, networks: tuple[str, ...], key_out: str | None) -> None:
    """Make an API key and hand it out, once: at a terminal, or with --key-out.

    It ends when the key with which this command asks ends, at the latest.
    """
    check_delivery(key_out, "The API key")
    made = api.send("POST", API_KEY.path, given(name=name, days=days, networks=list(networks) or None)).body
    deliver_secret(made["apiKey"], key_out, "The API key")
    click.echo(f"It works until {made['expiresAt']}, from {', '.join(made['networks']) or 'everywhere'}.", err=True)


@api_key.command()
@click.argument("name")
@click.argument("new_name")
@json_option
@over_the_api
def rename(api: Api, name: str, new_name: str, *, as_json: bool) -> None:
    """Call an API key NEW_NAME. NAME is its name or its id."""
    change(api, API_KEY, name, {"name": new_name}, as_json=as_json)


add_delete(api_key, API_KEY, "What uses it is refused, and so are the keys that were made with it.", "revoke")
