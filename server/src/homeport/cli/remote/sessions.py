"""`sessions` and `end-sessions` of administrators and of users: where somebody is signed in to their portal, and ending it."""

import click

from homeport.cli.remote.connection import Api
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import SESSION
from homeport.cli.remote.showing import show_list
from homeport.cli.remote.verbs import confirm, json_option, over_the_api, yes_option


def add_sessions(group: click.Group, owner: Kind, portal: str) -> None:
    """Add the commands to those of one kind of owners."""

    @group.command(help=f"List the sessions of {owner.article} {owner.word} in the {portal}.")
    @click.argument("name")
    @json_option
    @over_the_api
    def sessions(api: Api, name: str, *, as_json: bool) -> None:
        kind = below(api, owner, name, SESSION, "sessions")
        show_list(kind, kind.all(api), as_json=as_json)

    @group.command("end-sessions", help=f"End the sessions of {owner.article} {owner.word} in the {portal}.")
    @click.argument("name")
    @click.option("--session", "only", metavar="ID", help="Only this one.")
    @yes_option
    @over_the_api
    def end_sessions(api: Api, name: str, only: str | None, *, yes: bool) -> None:
        kind = below(api, owner, name, SESSION, "sessions")
        confirm(f"End {'this session' if only else 'all sessions'} of “{name}”?", yes=yes)
        remove_some(api, kind, only, "ended")


def below(api: Api, owner: Kind, name: str, kind: Kind, path: str) -> Kind:
    """Return a kind of thing as it is found below one thing, which is looked up."""
    return kind.at(f"{owner.path_of(owner.find(api, name))}/{path}")


def remove_some(api: Api, kind: Kind, only: str | None, verb: str) -> None:
    """Delete one of several things by its id, or all of them, and say how many."""
    answer = api.send("DELETE", f"{kind.path}/{only}" if only else kind.path).body
    count = 1 if only else answer["totalCount"]
    click.echo(f"{count} {kind.word if count == 1 else kind.plural} {verb}.", err=True)
