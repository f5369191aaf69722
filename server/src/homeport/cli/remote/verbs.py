"""What the commands of all kinds share: the options that say which server is asked, and the verbs list, show and delete."""

import functools
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from homeport.cli.plainly import Misuse, Refusal
from homeport.cli.remote.access import Wanted, find
from homeport.cli.remote.connection import Api, JsonObject
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.showing import show_list, show_one

Command = Callable[..., None]
_FILTER = re.compile(r"(?P<field>[A-Za-z_.]+)(?P<sign>!=|>=|<=|=|~|>|<)(?P<value>.*)", re.DOTALL)
_OPERATORS = {"=": "$eq", "!=": "$ne", "~": "$contains", ">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte"}
SERVER_OPTIONS = ("url", "key_file", "ca_file", "profile", "timeout")
"""The options that say which server is asked, and how."""
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Write JSON for programs, with the REST API's own field names."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask first.")


def over_the_api(command: Command) -> Command:
    """Give a command the options that say which server is asked, and an `api` that asks it."""

    @click.option("--url", metavar="URL", help="The server, such as https://id.example.com (HOMEPORT_URL).")
    @click.option(
        "--key-file",
        metavar="FILE",
        help="File of the API key; - reads it from standard input. The key itself is never an argument.",
    )
    @click.option(
        "--ca-file",
        type=click.Path(path_type=Path),
        help="The only certificates to believe, in PEM form, instead of the system's (HOMEPORT_CA_FILE).",
    )
    @click.option("--profile", metavar="NAME", help="What homeport login stored under this name (HOMEPORT_PROFILE).")
    @click.option(
        "--timeout",
        type=click.FloatRange(min=0.1, max=3600),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="The longest that one answer may take.",
    )
    @functools.wraps(command)
    def asking(
        *args: Any,
        url: str | None,
        key_file: str | None,
        ca_file: Path | None,
        profile: str | None,
        timeout: float,
        **options: Any,
    ) -> None:
        api = Api(find(Wanted(url, key_file, ca_file, profile)), timeout)
        try:
            command(*args, api=api, **options)
        finally:
            api.close()

    return asking


def list_options(command: Command) -> Command:
    """Give a command the options that narrow and order a list."""
    for option in (
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N of them."),
        click.option("--sort", metavar="FIELD", help="Order by this field of the REST API; -FIELD the other way round."),
        click.option("--search", metavar="WORDS", help="Only those in which all words occur."),
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="FIELD=VALUE",
            help="Only those; also !=, ~ (contains), <, <=, >, >=. May be given again.",
        ),
    ):
        command = option(command)
    return command


def policy_options(command: Command) -> Command:
    """Let a command take what a device or a group says of ssh and sudo."""
    sudo = click.Choice(["INHERIT", "PASSCODE", "BROWSER", "NEVER"])
    command = click.option("--sudo", type=sudo, help="What sudo asks for; INHERIT says nothing.")(command)
    ssh = click.Choice(["INHERIT", "KEY", "BROWSER", "PASSCODE"])
    return click.option("--ssh", type=ssh, help="What opens a session over ssh; INHERIT says nothing.")(command)


def key_options(command: Command) -> Command:
    """Let a command that makes a key take how long it lasts, where it works, and where its text goes."""
    for option in (
        click.option(
            "--key-out", metavar="FILE", help="New file for the key, readable by you only; - writes it to standard output."
        ),
        click.option(
            "--from",
            "networks",
            multiple=True,
            metavar="NETWORK",
            help="An address or network it works from. May be given again.",
        ),
        click.option("--days", type=click.IntRange(1, 365), metavar="N", help="After how many days it expires; 90 unless said."),
    ):
        command = option(command)
    return command


def refuse_both(first: str | None, second: str | None, one: str, other: str, *, needed: bool = False) -> None:
    """Raise Misuse when both of two ways to say something were used, or neither where one is needed."""
    if first is not None and second is not None:
        raise Misuse(f"Give {one} or {other}, not both.")
    if needed and first is None and second is None:
        raise Misuse(f"Give {one} or {other}.")


def query_of(filters: Iterable[str], search: str | None, sort: str | None) -> tuple[tuple[str, str], ...]:
    """Return the options as the REST API's query parameters; raise a usage error for a filter of another form."""
    query = []
    for text in filters:
        found = _FILTER.fullmatch(text)
        if found:
            query.append(("filter", f"{found['field']}:{_OPERATORS[found['sign']]}:{found['value']}"))
        elif re.fullmatch(r"[A-Za-z_.]+:\$[A-Za-z]+:.*", text, re.DOTALL):
            query.append(("filter", text))
        else:
            raise click.BadParameter(f"“{text}” is not of the form FIELD=VALUE.", param_hint="--filter")
    if search:
        query.append(("search", search))
    if sort:
        query.append(("sort", sort))
    return tuple(query)


def add_list(group: click.Group, kind: Kind) -> None:
    """Add `list`."""

    def show(api: Api, *, as_json: bool, limit: int | None = None, filters: tuple[str, ...] = (), **options: str | None) -> None:
        query = query_of(filters, options.get("search"), options.get("sort"))
        show_list(kind, kind.all(api, query, limit), as_json=as_json)

    command = json_option(over_the_api(show))
    group.command("list", help=f"List {kind.plural}.")(list_options(command) if kind.paged else command)


def add_show(group: click.Group, kind: Kind) -> None:
    """Add `show NAME`."""

    @click.argument("name", metavar="NAME")
    @json_option
    @over_the_api
    def show(api: Api, name: str, *, as_json: bool) -> None:
        show_one(kind.columns, kind.find(api, name), as_json=as_json)

    group.command("show", help=f"Show one {kind.word}. NAME is {_called(kind)}, or its id.")(show)


def add_delete(group: click.Group, kind: Kind, what_follows: str, verb: str = "delete") -> None:
    """Add `delete NAME`, which asks first at a terminal and elsewhere wants --yes."""

    @click.argument("name", metavar="NAME")
    @yes_option
    @over_the_api
    def delete(api: Api, name: str, *, yes: bool) -> None:
        found = kind.find(api, name)
        etag = kind.read(api, found).etag if kind.by_id else ""
        confirm(f"{verb.capitalize()} {kind.word} “{kind.name_of(found)}”? {what_follows}", yes=yes)
        api.send("DELETE", kind.path_of(found), etag=etag)
        click.echo(f"{kind.word[0].upper()}{kind.word[1:]} “{kind.name_of(found)}” is {verb}d.", err=True)

    group.command(verb, help=f"{verb.capitalize()} one {kind.word}. {what_follows} NAME is {_called(kind)}, or its id.")(delete)


def change(api: Api, kind: Kind, name: str, body: JsonObject, *, as_json: bool) -> None:
    """Change what the body holds, unless somebody else changes the thing meanwhile, and show the result."""
    if not body:
        raise Misuse("Nothing to change was given. --help says what can be.")
    row = kind.find(api, name)
    answer = api.send("PUT", kind.path_of(row), body, etag=kind.read(api, row).etag)
    if not isinstance(answer.body, dict):
        raise Refusal(f"The server did not say what the {kind.word} is now.")
    show_one(kind.columns, answer.body, as_json=as_json)


def given(**fields: Any) -> JsonObject:
    """Return the fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def confirm(question: str, *, yes: bool) -> None:
    """Go on only with a yes: from the option, or from somebody at the terminal."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misuse("Nobody can be asked here. Give --yes to go on without a question.")
    if not click.confirm(question, err=True):
        raise Refusal("Nothing was changed.")


def _called(kind: Kind) -> str:
    words = {
        "user": "a user name or an e-mail address",
        "device": "a name, a host name or a serial number",
        "enrolment key": "its name",
        "identity provider": "its name",
    }
    return words.get(kind.word, "its name")
