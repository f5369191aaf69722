"""`homeport access-policy` and `homeport ip-list`: who may sign in to the portals, over the REST API."""

import json
from typing import Any

import click

from homeport.cli.plainly import Misuse, Refusal
from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kinds import ACCESS_POLICY, IP_LIST, POLICY_DEFAULT, POLICY_DEFAULTS, SIMULATION, USER, USER_GROUP
from homeport.cli.remote.showing import show_one
from homeport.cli.remote.verbs import add_delete, add_list, add_show, change, given, json_option, over_the_api

ACTIONS = click.Choice(["allow", "allow_with_mfa", "deny"])
PORTALS = click.Choice(["user_portal", "admin_portal"])
MODES = {"enabled": (False, False), "disabled": (True, False), "monitor": (False, True)}


@click.group("access-policy", help="Say who may sign in to the portals, over the REST API.")
def access_policy() -> None:
    """Group the commands of policies."""


add_list(access_policy, ACCESS_POLICY)
add_show(access_policy, ACCESS_POLICY)


@access_policy.command("add", help="Make a policy. Without --group, --user and --role it is for everybody.")
@click.argument("name")
@click.option("--portal", type=PORTALS, default="user_portal", show_default=True, help="What the policy guards.")
@click.option("--action", type=ACTIONS, required=True, help="What it does.")
@click.option("--mode", type=click.Choice(list(MODES)), default="monitor", show_default=True, help="Whether it counts.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--message", metavar="TEXT", help="What somebody reads whom it denies.")
@click.option(
    "--conditions", metavar="JSON", help='Such as {"not": {"deviceManaged": true}}; without it the policy always applies.'
)
@click.option("--group", "groups", multiple=True, metavar="NAME", help="For this user group. May be given again.")
@click.option("--user", "users", multiple=True, metavar="NAME", help="For this user. May be given again.")
@click.option(
    "--except-group", "but_groups", multiple=True, metavar="NAME", help="Leave this user group out. May be given again."
)
@click.option("--except-user", "but_users", multiple=True, metavar="NAME", help="Leave this user out. May be given again.")
@click.option("--role", "roles", multiple=True, help="For this role of administrators. May be given again.")
@click.option("--except-role", "but_roles", multiple=True, help="Leave this role of administrators out. May be given again.")
@json_option
@over_the_api
def add(api: Api, name: str, portal: str, action: str, mode: str, *, as_json: bool, **options: Any) -> None:
    """Make a policy."""
    disabled, monitor = MODES[mode]
    body = given(
        name=name,
        type=portal,
        disabled=disabled,
        monitorOnly=monitor,
        description=options["description"],
        effect=_effect(action, options["message"]),
        targets=_targets(api, portal, options),
        conditions=_json(options["conditions"]),
    )
    show_one(ACCESS_POLICY.columns, api.send("POST", ACCESS_POLICY.path, body).body, as_json=as_json)


@access_policy.command("set", help="Change a policy. NAME is its name or its id.")
@click.argument("name")
@click.option("--rename", metavar="TEXT", help="Another name.")
@click.option("--action", type=ACTIONS, help="What it does.")
@click.option("--mode", type=click.Choice(list(MODES)), help="Whether it counts; monitor only writes what it would have done.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--message", metavar="TEXT", help="What somebody reads whom it denies.")
@click.option("--conditions", metavar="JSON", help="When it applies; {} is always.")
@json_option
@over_the_api
def set_(api: Api, name: str, *, as_json: bool, **options: str | None) -> None:
    """Change a policy."""
    row = ACCESS_POLICY.find(api, name)
    present = ACCESS_POLICY.read(api, row)
    body = given(name=options["rename"], description=options["description"], conditions=_json(options["conditions"]))
    if options["mode"]:
        body["disabled"], body["monitorOnly"] = MODES[options["mode"]]
    if options["action"] or options["message"] is not None:
        before = present.body["effect"]
        denies, demands = before["action"] == "deny", before["obligations"]["mfa"]["required"]
        action = options["action"] or ("deny" if denies else "allow_with_mfa" if demands else "allow")
        said = before["custom_error_message"]
        body["effect"] = _effect(action, said["message"] if options["message"] is None else options["message"], said)
    if not body:
        raise Misuse("Nothing to change was given. --help says what can be.")
    answer = api.send("PATCH", ACCESS_POLICY.path_of(row), body, etag=present.etag)
    show_one(ACCESS_POLICY.columns, answer.body, as_json=as_json)


@access_policy.command("deny-user-portal", help="Make the policy that denies the user portal to everybody.")
@click.option("--message", metavar="TEXT", help="What people read.")
@json_option
@over_the_api
def deny_user_portal(api: Api, message: str | None, *, as_json: bool) -> None:
    """Deny the user portal."""
    body = {"name": "Deny the user portal", "type": "user_portal", "effect": _effect("deny", message)}
    show_one(ACCESS_POLICY.columns, api.send("POST", ACCESS_POLICY.path, body).body, as_json=as_json)


@access_policy.command("default", help="Show or set what happens at a portal when no policy applies.")
@click.argument("portal", type=PORTALS)
@click.argument("action", type=ACTIONS, required=False)
@json_option
@over_the_api
def default(api: Api, portal: str, action: str | None, *, as_json: bool) -> None:
    """Show or set a default."""
    if action:
        show_one(POLICY_DEFAULT, api.send("PUT", f"{POLICY_DEFAULTS}/{portal}", {"action": action}).body, as_json=as_json)
        return
    found = next(one for one in api.get(POLICY_DEFAULTS).body if one["type"] == portal)
    show_one(POLICY_DEFAULT, found, as_json=as_json)


@access_policy.command("simulate", help="Say what would happen to PERSON, and why. Changes nothing.")
@click.argument("person")
@click.option("--portal", type=PORTALS, default="user_portal", show_default=True, help="Where they sign in.")
@click.option("--from", "address", metavar="ADDRESS", help="From which address.")
@click.option("--country", metavar="CODE", help="From which country, instead of the one that the address belongs to.")
@click.option("--managed", is_flag=True, help="With an enrolled device.")
@json_option
@over_the_api
def simulate(
    api: Api, person: str, portal: str, address: str | None, country: str | None, *, managed: bool, as_json: bool
) -> None:
    """Ask the simulator."""
    body = given(person=person, type=portal, address=address, country=country, deviceManaged=managed)
    answer = api.send("POST", "/api/v2/authn/simulations", body).body
    show_one(SIMULATION, answer, as_json=as_json)
    if not as_json:
        for one in answer["policies"]:
            click.echo(f"{one['name']}: {one['because']}")


add_delete(access_policy, ACCESS_POLICY, "The other policies and the default decide at once.")


@click.group("ip-list", help="Look after IP lists, over the REST API.")
def ip_list() -> None:
    """Group the commands of IP lists."""


add_list(ip_list, IP_LIST)
add_show(ip_list, IP_LIST)


@ip_list.command("add", help="Make an IP list. Each NETWORK is an address, a network such as 203.0.113.0/24, or a range.")
@click.argument("name")
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK...")
@click.option("--description", metavar="TEXT", help="What it is for.")
@json_option
@over_the_api
def add_ip_list(api: Api, name: str, networks: tuple[str, ...], description: str | None, *, as_json: bool) -> None:
    """Make an IP list."""
    body = given(name=name, ips=list(networks), description=description)
    show_one(IP_LIST.columns, api.send("POST", IP_LIST.path, body).body, as_json=as_json)


@ip_list.command("set", help="Change an IP list. NAME is its name or its id; NETWORKS, if given, replace the present ones.")
@click.argument("name")
@click.argument("networks", nargs=-1, metavar="[NETWORK...]")
@click.option("--rename", metavar="TEXT", help="Another name.")
@click.option("--description", metavar="TEXT", help="Another description.")
@json_option
@over_the_api
def set_ip_list(
    api: Api, name: str, networks: tuple[str, ...], rename: str | None, description: str | None, *, as_json: bool
) -> None:
    """Change an IP list."""
    body = given(name=rename, description=description, ips=list(networks) or None)
    change(api, IP_LIST, name, body, as_json=as_json)


add_delete(ip_list, IP_LIST, "A list that a policy names cannot be deleted.")


def _effect(action: str, message: str | None, before: JsonObject | None = None) -> JsonObject:
    said = {**(before or {}), "enabled": True, "message": message or ""}
    obligations = {"mfa": {"required": action == "allow_with_mfa"}}
    return {"action": "deny" if action == "deny" else "allow", "obligations": obligations, "custom_error_message": said}


def _targets(api: Api, portal: str, options: JsonObject) -> JsonObject | None:
    groups, users, but_groups, but_users = (options[name] for name in ("groups", "users", "but_groups", "but_users"))
    roles, but_roles = options["roles"], options["but_roles"]
    if portal == "admin_portal" and any((groups, users, but_groups, but_users)):
        raise Misuse("A policy for the admin portal names roles: --role and --except-role.")
    if portal == "user_portal" and (roles or but_roles):
        raise Misuse("--role and --except-role are for the admin portal.")
    if not any((groups, users, but_groups, but_users, roles, but_roles)):
        return None
    if portal == "admin_portal":
        told = [[{"field": "role", "operator": "EQ", "value": role} for role in some] for some in (roles, but_roles)]
        return {"userAttributes": {"inclusions": told[0], "exclusions": told[1]}}
    ids = [[str(kind.find(api, one)[kind.id]) for one in some] for kind, some in (
        (USER_GROUP, groups), (USER_GROUP, but_groups), (USER, users), (USER, but_users)
    )]  # fmt: skip
    return {
        "userGroups": {"inclusions": ids[0], "exclusions": ids[1]},
        "users": {"inclusions": ids[2], "exclusions": ids[3]},
    }


def _json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refusal(f"The conditions are not JSON: {error}.") from error
