"""`homeport provisioning` and `homeport enrollment`: the settings of how accounts and devices come to be."""

from typing import Any

import click

from homeport.cli.plainly import Misuse
from homeport.cli.remote.connection import Api
from homeport.cli.remote.kinds import DEVICE_GROUP, Column, Kind
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import given, json_option, over_the_api

SETTING = Kind(
    word="provisioning setting",
    path="/api/v2/devices/settings/signinwithjumpcloud",
    rows="settings",
    id="osFamily",
    names=("osFamily",),
    paged=False,
    columns=(
        Column("osFamily", "System"),
        Column("enabled", "Enabled"),
        Column("defaultPermission", "Permission"),
        Column("severalUsers", "Several people"),
        Column("leaseDays", "Days without contact"),
        Column("ssh", "Over ssh"),
        Column("sudo", "With sudo"),
    ),
)
ENROLLMENT = "/api/v2/devices/settings/enrollment"
WAITING = (
    Column("newDevicesWaitForApproval", "New devices wait for approval"),
    Column("defaultDeviceGroupId", "Group that they join"),
)


@click.group()
def provisioning() -> None:
    """Decide whether people may make their own accounts on devices, over the REST API."""


@provisioning.command("show")
@json_option
@over_the_api
def show(api: Api, *, as_json: bool) -> None:
    """Show the settings of Linux, macOS and Windows."""
    show_list(SETTING, SETTING.all(api), as_json=as_json)


@provisioning.command("set")
@click.argument("system", type=click.Choice(["LINUX", "MACOS", "WINDOWS"], case_sensitive=False))
@click.option("--enabled/--disabled", default=None, help="Whether people may make their accounts.")
@click.option("--permission", type=click.Choice(["STANDARD", "ADMIN"]), help="What a new account may do.")
@click.option("--several-users/--first-user-only", default=None, help="Who may get onto a device.")
@click.option("--lease-days", type=click.IntRange(1, 90), metavar="N", help="How long an account works without contact.")
@click.option("--ssh", type=click.Choice(["KEY", "BROWSER", "PASSCODE"]), help="What opens a session over ssh.")
@click.option("--sudo", type=click.Choice(["PASSCODE", "BROWSER", "NEVER"]), help="What sudo asks for.")
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
) -> None:
    """Change the settings of one system."""
    body: dict[str, Any] = given(
        enabled=enabled, defaultPermission=permission, severalUsers=several_users, leaseDays=lease_days, ssh=ssh, sudo=sudo
    )
    if not body:
        raise Misuse("Nothing to change was given. --help says what can be.")
    api.send("PUT", SETTING.path, {"settings": [{"osFamily": system.upper(), **body}]})
    found = [row for row in SETTING.all(api) if row.get("osFamily") == system.upper()]
    show_list(SETTING, found, as_json=False)


@click.group()
def enrollment() -> None:
    """Decide how devices join, over the REST API."""


@enrollment.command("show")
@json_option
@over_the_api
def show_enrollment(api: Api, *, as_json: bool) -> None:
    """Show whether new devices wait for approval, and the id of the group that they join."""
    show_one(WAITING, api.get(ENROLLMENT).body, as_json=as_json)


@enrollment.command("set")
@click.option("--wait-for-approval/--no-approval", "waiting", default=None, help="Whether new devices wait for approval.")
@click.option("--group", metavar="NAME", help="The device group that they join unless their key names one; '' for none.")
@json_option
@over_the_api
def set_enrollment(api: Api, *, waiting: bool | None, group: str | None, as_json: bool) -> None:
    """Decide how devices join that enrol from now on."""
    if waiting is None and group is None:
        raise Misuse("Nothing to change was given. --help says what can be.")
    present = api.get(ENROLLMENT).body
    body = {"newDevicesWaitForApproval": present["newDevicesWaitForApproval"] if waiting is None else waiting}
    if group is not None:
        body["defaultDeviceGroupId"] = DEVICE_GROUP.find(api, group)[DEVICE_GROUP.id] if group else None
    api.send("PUT", ENROLLMENT, body)
    show_one(WAITING, api.get(ENROLLMENT).body, as_json=as_json)
