"""`homeport event-destination`: where the audit log's entries are sent to, over the REST API."""

import json

import click

from homeport.cli.plainly import Refusal, printable
from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import EVENT_DESTINATION, TEST_OUTCOME
from homeport.cli.remote.secrets import check_delivery, deliver_secret, read_secret
from homeport.cli.remote.showing import show_one
from homeport.cli.remote.verbs import add_delete, add_list, add_show, change, given, json_option, over_the_api, refuse_both

ADDRESS_FILE = "File of the address, for one that holds a secret; - reads it from standard input."
batches_option = click.option(
    "--batches/--one-by-one", "batched", default=None, help="Of a webhook: many events in one request, or one in each."
)


@click.group("event-destination")
def event_destination() -> None:
    """Look after event destinations, over the REST API."""


add_list(event_destination, EVENT_DESTINATION)
add_show(event_destination, EVENT_DESTINATION)


@event_destination.command("add")
@click.argument("name")
@click.argument("address", required=False)
@click.option(
    "--kind", type=click.Choice(["webhook", "syslog"]), default="webhook", show_default=True, help="How it takes events."
)
@click.option("--address-file", metavar="FILE", help=ADDRESS_FILE)
@batches_option
@click.option("--from-start", is_flag=True, help="Send it what was recorded before, too.")
@click.option("--secret-out", metavar="FILE", help="New file for a webhook's secret, readable by you only; - writes it out.")
@json_option
@over_the_api
def add(
    api: Api,
    name: str,
    address: str | None,
    *,
    kind: str,
    address_file: str | None,
    batched: bool | None,
    from_start: bool,
    secret_out: str | None,
    as_json: bool,
) -> None:
    """Send events to ADDRESS: https://… of a webhook, tls://host:port of a syslog collector.

    The secret with which a webhook's events are signed is handed out, once: at a terminal, or with --secret-out.
    """
    refuse_both(address, address_file, "ADDRESS", "--address-file", needed=True)
    if kind == "webhook":
        check_delivery(secret_out, "The secret", "--secret-out")
    where = address if address_file is None else read_secret(address_file, "--address-file")
    body = given(name=name, kind=kind, address=where, batched=batched, fromStart=from_start or None)
    made = api.send("POST", EVENT_DESTINATION.path, body).body
    secret = made.pop("secret", "")
    if secret:
        deliver_secret(secret, secret_out, "The secret")
    if kind == "syslog" or secret_out not in {None, "-"}:  # else the secret alone is on standard output
        show_one(EVENT_DESTINATION.columns, made, as_json=as_json)


@event_destination.command("set")
@click.argument("name")
@click.option("--rename", metavar="TEXT", help="Another name.")
@click.option("--address", metavar="ADDRESS", help="Another address.")
@click.option("--address-file", metavar="FILE", help=ADDRESS_FILE)
@batches_option
@json_option
@over_the_api
def set_(
    api: Api,
    name: str,
    *,
    rename: str | None,
    address: str | None,
    address_file: str | None,
    batched: bool | None,
    as_json: bool,
) -> None:
    """Change an event destination. NAME is its name or its id."""
    refuse_both(address, address_file, "--address", "--address-file")
    where = address if address_file is None else read_secret(address_file, "--address-file")
    change(api, EVENT_DESTINATION, name, given(name=rename, address=where, batched=batched), as_json=as_json)


@event_destination.command()
@click.argument("name")
@json_option
@over_the_api
def pause(api: Api, name: str, *, as_json: bool) -> None:
    """Send nothing there for now; what is recorded meanwhile is sent after `resume`."""
    change(api, EVENT_DESTINATION, name, {"enabled": False}, as_json=as_json)


@event_destination.command()
@click.argument("name")
@json_option
@over_the_api
def resume(api: Api, name: str, *, as_json: bool) -> None:
    """Go on sending to a destination that was paused."""
    change(api, EVENT_DESTINATION, name, {"enabled": True}, as_json=as_json)


@event_destination.command("renew-secret")
@click.argument("name")
@click.option("--secret-out", metavar="FILE", help="New file for the secret, readable by you only; - writes it out.")
@over_the_api
def renew_secret(api: Api, name: str, *, secret_out: str | None) -> None:
    """Give a webhook another secret, which signs everything from now on, and hand it out, once."""
    check_delivery(secret_out, "The secret", "--secret-out")
    found = EVENT_DESTINATION.find(api, name)
    deliver_secret(api.send("POST", f"{EVENT_DESTINATION.path_of(found)}/secret").body["secret"], secret_out, "The secret")


@event_destination.command()
@click.argument("name")
@json_option
@over_the_api
def test(api: Api, name: str, *, as_json: bool) -> None:
    """Send a test event now. Exit status 1 when it was not taken."""
    found = EVENT_DESTINATION.find(api, name)
    outcome = api.send("POST", f"{EVENT_DESTINATION.path_of(found)}/test").body
    if as_json:
        click.echo(json.dumps(outcome, indent=2))
    else:
        show_one(TEST_OUTCOME, outcome, as_json=False)
    if not outcome["taken"]:
        raise Refusal(f"“{EVENT_DESTINATION.name_of(found)}” did not take it: {printable(outcome['failure'])}")


add_delete(event_destination, EVENT_DESTINATION, "It gets nothing more, also of what waits.")
