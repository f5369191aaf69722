"""`homeport enrollment-key`: what lets devices join."""

from datetime import UTC, datetime, timedelta

import click

from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import DEVICE_GROUP, ENROLLMENT_KEY
from homeport.cli.remote.secrets import check_delivery, deliver_secret
from homeport.cli.remote.showing import show_one
from homeport.cli.remote.verbs import add_list, add_show, confirm, given, json_option, over_the_api, yes_option


@click.group("enrollment-key")
def enrollment_key() -> None:
    """Make and revoke the keys with which devices join, over the REST API."""


add_list(enrollment_key, ENROLLMENT_KEY)
add_show(enrollment_key, ENROLLMENT_KEY)


@enrollment_key.command("add")
@click.argument("name")
@click.option(
    "--max-uses", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="How many devices it enrols."
)
@click.option("--days", type=click.IntRange(1, 365), metavar="N", help="After how many days it expires; 7 unless said.")
@click.option("--group", metavar="NAME", help="The device group that its devices join.")
@click.option("--key-out", metavar="FILE", help="New file for the key, readable by you only; - writes it to standard output.")
@over_the_api
def add(api: Api, name: str, *, max_uses: int, days: int | None, group: str | None, key_out: str | None) -> None:
    """Make an enrolment key and hand it out, once: at a terminal, or with --key-out."""
    check_delivery(key_out, "The enrolment key")
    expires = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds") if days else None
    group_id = DEVICE_GROUP.find(api, group)[DEVICE_GROUP.id] if group else None
    body = given(name=name, maxUses=max_uses, expiresAt=expires, deviceGroupId=group_id)
    made = api.send("POST", ENROLLMENT_KEY.path, body).body
    deliver_secret(made["key"], key_out, "The enrolment key")
    click.echo(f"It enrols {max_uses} {'device' if max_uses == 1 else 'devices'} until {made['expiresAt']}.", err=True)


@enrollment_key.command()
@click.argument("name")
@yes_option
@json_option
@over_the_api
def revoke(api: Api, name: str, *, yes: bool, as_json: bool) -> None:
    """Make an enrolment key unusable; devices that it enrolled stay. NAME is its name or its id."""
    found = ENROLLMENT_KEY.find(api, name)
    confirm(f"Revoke enrolment key “{ENROLLMENT_KEY.name_of(found)}”? It cannot be made usable again.", yes=yes)
    show_one(ENROLLMENT_KEY.columns, api.send("DELETE", ENROLLMENT_KEY.path_of(found)).body, as_json=as_json)
