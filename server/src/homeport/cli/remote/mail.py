"""`homeport mail`: the mail server and what was sent, over the REST API."""

import click

from homeport.cli.plainly import Misuse
from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import MAIL, MAIL_SERVER, MAIL_SERVER_COLUMNS
from homeport.cli.remote.secrets import read_secret
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import confirm, given, json_option, list_options, over_the_api, query_of, yes_option


@click.group()
def mail() -> None:
    """Look after the mail server, and see what was sent, over the REST API."""


@mail.command()
@json_option
@over_the_api
def show(api: Api, *, as_json: bool) -> None:
    """Show the mail server, without its password."""
    found = api.get(MAIL_SERVER).body
    if as_json or found["configured"]:
        show_one(MAIL_SERVER_COLUMNS, found, as_json=as_json)
    else:
        click.echo("No mail server is configured. Set one: homeport mail set --host HOST --sender ADDRESS", err=True)


@mail.command("set")
@click.option("--host", metavar="HOST", help="Such as smtp.example.com.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Usually 587 for starttls, 465 for tls, 25 for none.")
@click.option("--tls", type=click.Choice(["starttls", "tls", "none"]), help="How the connection is protected.")
@click.option("--username", metavar="TEXT", help="User name; '' where the server asks for none.")
@click.option(
    "--password-file",
    metavar="FILE",
    help="File of the password; - reads it from standard input. Another host or user name wants it again.",
)
@click.option("--sender", metavar="ADDRESS", help="The address that mail comes from.")
@json_option
@over_the_api
def set_(api: Api, *, password_file: str | None, as_json: bool, **fields: str | int | None) -> None:
    """Set the mail server, or change what is given of it."""
    body = given(**fields, password=None if password_file is None else read_secret(password_file, "--password-file"))
    if not body:
        raise Misuse("Nothing to change was given. --help says what can be.")
    answer = api.send("PUT", MAIL_SERVER, body, etag=api.get(MAIL_SERVER).etag)
    show_one(MAIL_SERVER_COLUMNS, answer.body, as_json=as_json)


@mail.command()
@yes_option
@over_the_api
def remove(api: Api, *, yes: bool) -> None:
    """Send no mail any more; one-time links are then shown to administrators, who hand them over."""
    confirm("Remove the mail server? Nobody can then reset a forgotten password alone.", yes=yes)
    api.send("DELETE", MAIL_SERVER)
    click.echo("The mail server is removed.", err=True)


@mail.command()
@click.argument("recipient")
@json_option
@over_the_api
def test(api: Api, recipient: str, *, as_json: bool) -> None:
    """Put a test for RECIPIENT into the outbox. homeport mail sent then says what became of it."""
    show_one(MAIL.columns, api.send("POST", f"{MAIL_SERVER}/test", {"recipient": recipient}).body, as_json=as_json)


@mail.command()
@list_options
@json_option
@over_the_api
def sent(api: Api, *, as_json: bool, limit: int | None, filters: tuple[str, ...], search: str | None, sort: str | None) -> None:
    """List what was sent in the last 30 days, or waits, the newest first, with the mail server's answer."""
    show_list(MAIL, MAIL.all(api, query_of(filters, search, sort), limit), as_json=as_json)
