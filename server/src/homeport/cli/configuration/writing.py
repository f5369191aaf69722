"""Writes the present configuration as a file that `apply` takes."""

import re
from collections.abc import Callable
from typing import Any

from homeport.cli.configuration import form
from homeport.cli.configuration.parts import PARTS
from homeport.cli.configuration.reading import ALONE
from homeport.cli.configuration.sections import MEMBERS, Collection
from homeport.cli.remote.connection import Api, Refused

NOT_FOUND = 404
HEAD = """\
# Homeport's configuration, written by homeport export. What may stand here: docs/reference/configuration.md
# A section, a table or a key that is left out is left alone; homeport plan FILE shows what homeport apply FILE would change.
"""


def export(api: Api, say: Callable[[str], None], *, people: bool, devices: bool) -> str:
    """Return the configuration; with `people` also users and who is in which group.

    With `devices` also which device is in which group, and what single devices say. What a server of an older version does not have is
    left out, and `say` is told.
    """
    import tomli_w  # noqa: PLC0415 - only here

    document: dict[str, Any] = {"version": form.VERSION}
    for part in PARTS:
        section = part.section
        if (section is form.USERS and not people) or (section is form.DEVICES and not devices):
            continue
        members = isinstance(part, Collection) and {"user": people, "system": devices}.get(part.member, False)
        try:
            present = part.present(api, members=members)
        except Refused as refused:
            if refused.code != NOT_FOUND:
                raise
            say(f"Left out {section.name}: {refused.message}")
            continue
        tables = {name: _shown(section, name, dict(present[name].values)) for name in sorted(present)}
        if section is form.DEVICES:
            tables = {name: table for name, table in tables.items() if set(table.values()) != {"INHERIT"}}
        if tables and (section.key or tables[ALONE]):
            document[section.name] = tables if section.key else tables[ALONE]
    return HEAD + "\n" + tomli_w.dumps(document)


def _shown(section: form.Section, name: str, values: dict[str, Any]) -> dict[str, Any]:
    if section is form.EVENT_DESTINATIONS:
        values["address"] = {"env": f"{_shouted(name) or 'EVENT_DESTINATION'}_ADDRESS"}
    if section is form.IDENTITY_PROVIDERS:
        values["client_secret"] = {"env": f"{_shouted(name) or 'PROVIDER'}_CLIENT_SECRET"}
        if values.get("type") == "OKTA":
            values.pop("accept_missing_email_verified", None)
    ordered = [*(one.name for one in section.fields if one.name != MEMBERS), MEMBERS]
    return {
        one: values[one] for one in ordered if one in values
    }  # what is empty too: left out, a later change of it would be no news


def _shouted(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
