"""`homeport audit verify`: the proof that nobody changed the audit log."""

import sys
from pathlib import Path

import click

from homeport.cli.local import data_option, opened, require_database
from homeport.cli.plainly import said_plainly


@click.group()
def audit() -> None:
    """Look after the audit log."""


@audit.command("verify")
@data_option
def audit_verify(data: Path | None) -> None:
    """Prove that nobody changed the audit log. Exit status 1 when somebody did."""
    with said_plainly():
        require_database(data)
        with opened(data=data) as (home, _actor):
            verdict = home.audit_sealer.verify()
    for sentence in (*verdict.remarks, *verdict.problems):
        click.echo(sentence)
    click.echo(f"{verdict.entries} entries in {verdict.batches} sealed batches, {verdict.unsealed} not sealed yet.")
    click.echo("The audit log holds." if verdict.holds else "The audit log does NOT hold.")
    sys.exit(0 if verdict.holds else 1)
