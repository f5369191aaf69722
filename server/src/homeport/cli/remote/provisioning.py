"""`homeport provisioning` and `homeport enrollment`: the settings of how accounts and devices come to be."""

from typing import Any

import click

from homeport.cli.plainly import Misuse, Refusal, printable
from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kinds import (
    DEVICE_GROUP,
    ENROLLMENT,
    ENROLLMENT_COLUMNS,
    PROVISIONING_RULE,
    PROVISIONING_SETTING,
    USER_GROUP,
)
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import confirm, given, json_option, over_the_api, yes_option


@click.group()
def provisioning() -> None:
    """Decide whether people may make their own accounts on devices, over the REST API."""


@provisioning.command("show")
@json_option
@over_the_api
def show(api: Api, *, as_json: bool) -> None:
    """Show the settings of Linux, macOS and Windows."""
    show_list(PROVISIONING_SETTING, PROVISIONING_SETTING.all(api), as_json=as_json)


@provisioning.command("set")
@click.argument("system", type=click.Choice(["LINUX", "MACOS", "WINDOWS"], case_sensitive=False))
@click.option("--enabled/--disabled", default=None, help="Whether people may make their accounts.")
@click.option("--permission", type=click.Choice(["STANDARD", "ADMIN"]), help="What a new account may do.")
@click.option("--several-users/--first-user-only", default=None, help="Who may get onto a device.")
@click.option("--lease-days", type=click.IntRange(1, 90), metavar="N", help="How long an account works without contact.")
@click.option("--ssh", type=click.Choice(["KEY", "BROWSER", "PASSCODE"]), help="What opens a session over ssh.")
@click.option("--sudo", type=click.Choice(["PASSCODE", "BROWSER", "NEVER"]), help="What sudo asks for.")
@click.option(
    "--existing-account", type=click.Choice(["REFUSE", "TAKE_OVER"]), help="What becomes of a local account of the name."
)
@over_the_api
def set_(
    api: Api,
    system: str,
    *,
    enabled: bool | None,
    permission: str | None,
    several_users: bool | None,
    lease_days: int | None,
    ssh: str | None,
    sudo: str | None,
    existing_account: str | None,
) -> None:
    """Change the settings of one system."""
    body: dict[str, Any] = given(
        enabled=enabled,
        defaultPermission=permission,
        severalUsers=several_users,
        leaseDays=lease_days,
        ssh=ssh,
        sudo=sudo,
        existingAccount=existing_account,
    )
    if not body:
        raise Misuse("Nothing to change was given. --help says what can be.")
    api.send("PUT", PROVISIONING_SETTING.path, {"settings": [{"osFamily": system.upper(), **body}]})
    found = [row for row in PROVISIONING_SETTING.all(api) if row.get("osFamily") == system.upper()]
    show_list(PROVISIONING_SETTING, found, as_json=False)


system_option = click.option(
    "--system",
    type=click.Choice(["LINUX", "MACOS", "WINDOWS"], case_sensitive=False),
    default="LINUX",
    show_default=True,
    help="The system whose rules are meant.",
)


@provisioning.command()
@system_option
@json_option
@over_the_api
def rules(api: Api, *, system: str, as_json: bool) -> None:
    """List what user groups get instead of a system's settings."""
    found = _rules(api, system)[0]
    rows = ({**rule, "name": USER_GROUP.read(api, {"id": rule["userGroupId"]}).body["name"]} for rule in found)
    show_list(PROVISIONING_RULE, rows, as_json=as_json)


@provisioning.command("rule")
@click.argument("group")
@click.option("--admin/--standard", "admin", default=None, help="Administrator rights for its members, or none by this rule.")
@click.option("--lease-days", type=click.IntRange(1, 90), metavar="N", help="How long their accounts work without contact.")
@system_option
@over_the_api
def set_rule(api: Api, group: str, *, admin: bool | None, lease_days: int | None, system: str) -> None:
    """Decide what the members of user group GROUP get; what is not given stays as it is."""
    found = USER_GROUP.find(api, group)
    present, etag = _rules(api, system)
    rule = next((dict(one) for one in present if one["userGroupId"] == found["id"]), {"userGroupId": found["id"]})
    if admin is not None:
        rule["permission"] = "ADMIN" if admin else None
    if lease_days is not None:
        rule["leaseDays"] = lease_days
    if admin is None and lease_days is None:
        raise Misuse("Nothing to change was given. --help says what can be.")
    if not rule.get("permission") and not rule.get("leaseDays"):
        raise Misuse(f"Such a rule would say nothing. Remove it: homeport provisioning remove-rule {group}")
    _send_rules(api, system, [*(one for one in present if one["userGroupId"] != found["id"]), rule], etag)
    click.echo(f"The rule of “{found['name']}” is saved.", err=True)


@provisioning.command("remove-rule")
@click.argument("group")
@system_option
@yes_option
@over_the_api
def remove_rule(api: Api, group: str, *, system: str, yes: bool) -> None:
    """Give the members of user group GROUP what everybody gets."""
    found = USER_GROUP.find(api, group)
    present, etag = _rules(api, system)
    left = [one for one in present if one["userGroupId"] != found["id"]]
    if len(left) == len(present):
        raise Refusal(f"“{printable(found['name'])}” has no rule. See them all: homeport provisioning rules")
    confirm(f"Remove the rule of “{printable(found['name'])}”? Its members get what everybody gets.", yes=yes)
    _send_rules(api, system, left, etag)
    click.echo(f"The rule of “{found['name']}” is removed.", err=True)


def _rules(api: Api, system: str) -> tuple[list[JsonObject], str]:
    answer = api.get(PROVISIONING_SETTING.path)
    setting = next(one for one in answer.body["settings"] if one["osFamily"] == system.upper())
    return setting["groups"], answer.etag


def _send_rules(api: Api, system: str, rules: list[JsonObject], etag: str) -> None:
    api.send("PUT", PROVISIONING_SETTING.path, {"settings": [{"osFamily": system.upper(), "groups": rules}]}, etag=etag)


@click.group()
def enrollment() -> None:
    """Decide how devices join, over the REST API."""


@enrollment.command("show")
@json_option
@over_the_api
def show_enrollment(api: Api, *, as_json: bool) -> None:
    """Show whether new devices wait for approval, and the id of the group that they join."""
    show_one(ENROLLMENT_COLUMNS, api.get(ENROLLMENT).body, as_json=as_json)


@enrollment.command("set")
@click.option("--wait-for-approval/--no-approval", "waiting", default=None, help="Whether new devices wait for approval.")
@click.option("--group", metavar="NAME", help="The device group that they join unless their key names one; '' for none.")
@json_option
@over_the_api
def set_enrollment(api: Api, *, waiting: bool | None, group: str | None, as_json: bool) -> None:
    """Decide how devices join that enrol from now on."""
    if waiting is None and group is None:
        raise Misuse("Nothing to change was given. --help says what can be.")
    read = api.get(ENROLLMENT)
    present = read.body
    body = {"newDevicesWaitForApproval": present["newDevicesWaitForApproval"] if waiting is None else waiting}
    if group is not None:
        body["defaultDeviceGroupId"] = DEVICE_GROUP.find(api, group)[DEVICE_GROUP.id] if group else None
    api.send("PUT", ENROLLMENT, body, etag=read.etag)
    show_one(ENROLLMENT_COLUMNS, api.get(ENROLLMENT).body, as_json=as_json)
