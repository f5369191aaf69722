"""The pages about the command line: every command from click, every key of the configuration file from its form."""

from collections.abc import Iterator

import click

from homeport.cli import main
from homeport.cli.configuration.form import SECTIONS, VERSION, Section
from homeport.cli.remote.verbs import SERVER_OPTIONS

USE = (
    "Every command of `homeport`. How to use those that go over the REST API: "
    "[Use the command line](../how-to/use-the-command-line.md)."
)
KEEP = (
    "What `homeport export` writes and `homeport plan` and `homeport apply` read, in TOML. How to work with it: "
    "[Keep the configuration in a file](../how-to/keep-the-configuration-in-a-file.md)."
)
ORDER = (
    f"`version = {VERSION}` stands at the top. Every section, table and key may be left out: what is left out is left alone. The "
    "sections are carried out in the order below; what `--delete` deletes goes last, in the reverse order."
)
STATUSES = (
    ("0", "done; for `homeport plan`: there is nothing to change"),
    ("1", "refused: the server said no, what was named is not there, or you answered no"),
    ("2", "the command cannot be run as it was typed or set up: an option, a key, a file, an address"),
    ("3", "no Homeport answered as it should: the network, the certificate, the time, a fault of the server"),
    ("4", "`homeport plan` only: there is something to change"),
)


def commands(made: str) -> str:
    """Every command with its arguments and options."""
    lines = [
        "# Commands",
        "",
        USE,
        "",
        made,
        "",
        "## Exit statuses",
        "",
        "| status | meaning |",
        "|---|---|",
        *(f"| {status} | {meaning} |" for status, meaning in STATUSES),
        "",
        "## Options of every command that goes over the REST API",
        "",
        "| option | meaning |",
        "|---|---|",
        *(_option(option) for option in _options(_server_command()) if _is_of_the_server(option)),
        "",
        "## Commands",
        "",
    ]
    for path, command in _walk(main, ("homeport",)):
        lines += _command(path, command)
    return "\n".join(lines).rstrip() + "\n"


def configuration(made: str) -> str:
    """Every section and key of the file of export, plan and apply."""
    lines = [
        "# The configuration file",
        "",
        KEEP,
        "",
        made,
        "",
        ORDER,
        "",
    ]
    for section in SECTIONS:
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> Iterator[str]:
    title = f"[{section.name}.NAME]" if section.key else f"[{section.name}]"
    yield f"## `{title}`"
    yield ""
    names = f" `NAME` is {', '.join(f'`{name}`' for name in section.names)}." if section.names else ""
    key = f" `NAME` is the {section.key}, in quotes when it is more than letters, digits, `_` and `-`." if section.key else ""
    yield f"{section.says}{names or key}"
    yield ""
    yield "| key | value | meaning |"
    yield "|---|---|---|"
    for field in section.fields:
        needed = " A new one needs it." if field.needed else ""
        yield f"| `{field.name}` | {_cell(field.kind.says)} | {_cell(field.says)}{needed} |"
    yield ""


def _walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in sorted(group.commands):
        command = group.commands[name]
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))


def _command(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(path))
    if isinstance(command, click.Group):
        yield f"### {' '.join(path[1:])}"
        yield ""
        yield _paragraphs(command)
        yield ""
        return
    over = any(option.name == "timeout" for option in _options(command))  # login has an address, too, and asks for itself
    arguments = " ".join(one.make_metavar(context) for one in command.params if isinstance(one, click.Argument))
    yield f"{'#' * (len(path) + 1)} `{' '.join((*path, arguments)).strip()}`"
    yield ""
    yield _paragraphs(command) + (" Goes over the REST API." if over else "")
    yield ""
    own = [option for option in _options(command) if not (over and _is_of_the_server(option))]
    if own:
        yield "| option | meaning |"
        yield "|---|---|"
        yield from (_option(option) for option in own)
        yield ""


def _option(option: click.Option) -> str:
    context = click.Context(click.Command("homeport"))
    metavar = "" if option.is_flag else f" {option.make_metavar(context)}"
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if metavar:
        names = f"`{option.opts[0]}{metavar.replace('|', ' or ')}`"
    default = f" {option.default:g} unless said." if isinstance(option.default, float) else ""
    if option.show_default and not option.is_flag and not default:
        default = f" `{option.default}` unless said."
    return f"| {names} | {_cell(option.help or '')}{default} |"


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


def _is_of_the_server(option: click.Option) -> bool:
    return option.name in SERVER_OPTIONS


def _server_command() -> click.Command:
    group = main.commands["user"]
    assert isinstance(group, click.Group)
    return group.commands["list"]


def _paragraphs(command: click.Command) -> str:
    text = (command.help or "").strip()
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")
