"""`homeport export`, `homeport plan` and `homeport apply`."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homeport.cli.plainly import DIFFERENT, Failure, printable
from homeport.cli.remote.connection import Api
from homeport.cli.remote.verbs import confirm, json_option, over_the_api, yes_option

if TYPE_CHECKING:
    from homeport.cli.configuration.planning import Difference, Plan, Step

SIGNS = {"create": ("+", "green"), "change": ("~", "yellow"), "delete": ("-", "red")}
file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
delete_option = click.option(
    "--delete", "deleting", is_flag=True, help="Also delete what is there and not in the sections of the file."
)
secrets_option = click.option(
    "--send-secrets",
    "sending_secrets",
    is_flag=True,
    help="Send the client secrets too, as after a rotation; they cannot be compared.",
)


@click.command("export")
@click.option("--users", is_flag=True, help="Also the users, and who is in which user group.")
@click.option(
    "--devices",
    is_flag=True,
    help="Also which device is in which device group, by its id, and what single devices say of ssh and sudo.",
)
@over_the_api
def export_(api: Api, *, users: bool, devices: bool) -> None:
    """Write the present configuration as TOML to standard output, without secrets."""
    from homeport.cli.configuration.writing import export  # noqa: PLC0415 - --help does not need it

    click.echo(export(api, lambda line: click.echo(line, err=True), people=users, devices=devices), nl=False)


@click.command("plan")
@file_argument
@delete_option
@secrets_option
@json_option
@over_the_api
def plan_(api: Api, file: Path, *, deleting: bool, sending_secrets: bool, as_json: bool) -> None:
    """Show what apply would change. Exit status 0 when there is nothing to change, 4 when there is."""
    from homeport.cli.configuration.planning import plan  # noqa: PLC0415 - --help does not need it
    from homeport.cli.configuration.reading import read  # noqa: PLC0415 - the same

    found = plan(api, read(file), deleting=deleting, sending_secrets=sending_secrets)
    if as_json:
        click.echo(json.dumps(_json(found, 0), indent=2, ensure_ascii=False))
    else:
        _show(found)
    if found.steps:
        raise click.exceptions.Exit(DIFFERENT)


@click.command("apply")
@file_argument
@delete_option
@secrets_option
@yes_option
@json_option
@over_the_api
def apply_(api: Api, file: Path, *, deleting: bool, sending_secrets: bool, yes: bool, as_json: bool) -> None:
    """Make the server as FILE says, after showing what changes. What the file leaves out is left alone."""
    from homeport.cli.configuration.applying import apply, check_secrets  # noqa: PLC0415 - --help does not need it
    from homeport.cli.configuration.planning import plan  # noqa: PLC0415 - the same
    from homeport.cli.configuration.reading import read  # noqa: PLC0415 - the same

    found = plan(api, read(file), deleting=deleting, sending_secrets=sending_secrets)
    check_secrets(found, file.parent)
    done: list[str] = []
    if not as_json:
        _show(found)
    if found.steps:
        confirm(f"Carry out {_counted(len(found.steps), 'step')}?", yes=yes)
    try:
        apply(api, found, file.parent, done.append if as_json else lambda line: click.echo(line, err=True))
    except Failure:
        if as_json:
            click.echo(json.dumps(_json(found, len(done)), indent=2, ensure_ascii=False))
        raise
    if as_json:
        click.echo(json.dumps(_json(found, len(done)), indent=2, ensure_ascii=False))


def _show(found: "Plan") -> None:
    for step in found.steps:
        sign, colour = SIGNS[step.action]
        click.echo(_coloured(f"{sign} {step.what}", colour))
        for one in step.differences:
            click.echo(f"    {one.field}: {_difference(step, one)}")
    counts = {action: sum(step.action == action for step in found.steps) for action in SIGNS}
    said = ", ".join(f"{number} to {action}" for action, number in counts.items() if number)
    click.echo(f"{_counted(len(found.steps), 'step')}: {said}." if found.steps else "Nothing to change.")
    if found.left_alone:
        others = ", ".join(_counted(number, word) for word, number in found.left_alone.items())
        click.echo(f"Not in the file and left alone: {others}. --delete would delete them.")


def _difference(step: "Step", one: "Difference") -> str:
    match one.new:
        case {"env": place}:
            return f"from the environment variable {printable(place)}"
        case {"file": place}:
            return f"from the file {printable(place)}"
    if step.action == "create":
        return _text(one.new)
    if isinstance(one.new, list):
        joining = [f"+{printable(name)}" for name in one.new if name not in (one.old or ())]
        return ", ".join([*joining, *(f"-{printable(name)}" for name in one.old or () if name not in one.new)])
    return f"{_text(one.old)} → {_text(one.new)}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(printable(one) for one in value) or "(none)"
    return "(nothing)" if value is None else printable(json.dumps(value, ensure_ascii=False))


def _json(found: "Plan", done: int) -> dict[str, Any]:
    """Return the plan for programs; a secret's place stands in it, never the secret."""
    steps = [
        {
            "action": step.action,
            "section": step.part.section.name,
            "name": step.name,
            "changes": [{"field": one.field, "from": one.old, "to": one.new} for one in step.differences],
            "done": number < done,
        }
        for number, step in enumerate(found.steps)
    ]
    return {"steps": steps, "leftAlone": found.left_alone}


def _counted(number: int, word: str) -> str:
    return f"{number} {word if number == 1 else f'{word}s'}"


def _coloured(text: str, colour: str) -> str:
    return text if os.environ.get("NO_COLOR") or not sys.stdout.isatty() else click.style(text, fg=colour)
