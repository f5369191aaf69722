"""The pages as text. A test compares them with what stands in docs/reference."""

import ast
import dataclasses
import inspect
from collections.abc import Callable, Mapping
from itertools import groupby, pairwise
from pathlib import Path

from tools.reference.command_line import commands, configuration
from tools.reference.events import events

from homeport import settings
from homeport.directory.admins.model import MEANS, ROLES
from homeport.foundation.kernel import permissions
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import ReasonCode

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
MADE = "This page is made from the code by `python -m tools.reference`; change the code, then run it again."


def reasons() -> str:
    """Every reason code with what the person and the administrator read."""
    rows = [f"| `{one.code}` | {_cell(one.person)} | {_cell(one.admin)} |" for one in ReasonCode]
    return _page(
        "Reason codes",
        "Why a sign-in or the approval of a device was refused. The person sees the first sentence with the sign-in's id; an administrator "
        "finds the id under INSIGHTS > Sign-ins, with the failed check and the remedy. Codes that arise on a device are in "
        "[protocols/device.md](../protocols/device.md).",
        ("code", "what the person reads", "what the administrator reads"),
        rows,
    )


def settings_page() -> str:
    """Every setting with its default and meaning."""
    meanings = documented(settings.Settings)
    rows = []
    for field in dataclasses.fields(settings.Settings):
        default = field.default
        written = ("off", "on")[default] if isinstance(default, bool) else default
        shown = "(empty)" if default in ("", None, ()) else f"`{written}`"
        rows.append(f"| `HOMEPORT_{field.name.upper()}` | {shown} | {_cell(meanings[field.name])} |")
    return _page(
        "Settings",
        "Environment variables of the server and its commands. A command line option of the same name wins.",
        ("variable", "default", "meaning"),
        rows,
    )


def permissions_page() -> str:
    """Which role has which permission."""
    names = list(ROLES)
    rows = [
        f"| `{one.value}` | {_cell(MEANS[one])} | " + " | ".join("yes" if one in ROLES[name] else "" for name in names) + " |"
        for one in Permission
    ]
    said = inspect.getdoc(permissions) or ""
    return _page("Permissions", said.splitlines()[0], ("permission", "what it opens", *names), rows)


def events_page() -> str:
    """Every event of the audit log, with the actions that record it."""
    rows = []
    for name, same in groupby(events(), key=lambda event: event.name):
        recorded = list(same)
        places = ", ".join(f"`{one}`" for one in sorted({one.slice for one in recorded}))
        said = "; ".join(dict.fromkeys(one.said for one in recorded if one.said))
        rows.append(f"| `{name}` | {places} | {_cell(said)} |")
    return _page(
        "Events",
        "What the audit log records under INSIGHTS > Directory Events, in exports, and as `event_type` in the API. Every entry has the actor, "
        "the address, the resource, and what changed from what to what. What a device reported of an order ends in its outcome, "
        "which `*` stands for. How to search them: [Read the audit log](../how-to/read-the-audit-log.md).",
        ("event", "recorded in", "by the action that says of itself"),
        rows,
    )


def documented(kind: type) -> Mapping[str, str]:
    """The string below each field of a class; a field without one is missing."""
    tree = ast.parse(inspect.getsource(kind))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    found = {}
    for field, after in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            found[field.target.id] = " ".join(ast.literal_eval(after.value).split())
    return found


def _page(title: str, said: str, head: tuple[str, ...], rows: list[str]) -> str:
    lines = [f"# {title}", "", said, "", MADE, "", f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "reasons.md": reasons,
    "settings.md": settings_page,
    "permissions.md": permissions_page,
    "events.md": events_page,
    "commands.md": lambda: commands(MADE),
    "configuration.md": lambda: configuration(MADE),
}
