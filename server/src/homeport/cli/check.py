"""`homeport check`: whether this installation is well."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from homeport.cli.local import data_option, nothing_to_collect, public_url_option
from homeport.cli.plainly import said_plainly
from homeport.settings import Settings

MARKS = {"ok": ("ok", "green"), "attention": ("attention", "yellow"), "failed": ("FAILED", "red")}


@click.command()
@data_option
@public_url_option
@click.option("--json", "as_json", is_flag=True, help="Print the lines as JSON, for programs.")
def check(data: Path | None, public_url: str | None, *, as_json: bool) -> None:
    """Look at settings, database, keys, audit log, certificates, disk and provider, and say what to do.

    Exit status 1 when something failed; what only deserves attention does not count.
    """
    with nothing_to_collect():
        from homeport.bootstrap.checkup import look  # noqa: PLC0415 - a second of imports that --help does not need

    lines = []
    with said_plainly():
        for line in look(Settings.read(None, data=data, public_url=public_url)):
            lines.append(line)
            if not as_json:
                mark, colour = MARKS[line.state]
                click.echo(f"{click.style(f'{mark:<10}', fg=colour)} {line.name}: {line.sentence}")
                if line.remedy:
                    click.echo(f"{'':<10} → {line.remedy}")
    failed = sum(line.state == "failed" for line in lines)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "checks": [asdict(line) for line in lines]}, indent=2, ensure_ascii=False))
    sys.exit(1 if failed else 0)
