"""`homeport sealing-key`: the sealing key, which opens the secrets in the database."""

from pathlib import Path

import click

from homeport.cli.local import data_option, opened
from homeport.cli.plainly import said_plainly
from homeport.settings import Settings


@click.group("sealing-key")
def sealing_key() -> None:
    """Look after the sealing key, which opens the secrets in the database."""


@sealing_key.command("rotate")
@data_option
def key_rotate(data: Path | None) -> None:
    """Seal every secret in the database anew with a fresh sealing key. No server may be running.

    May be interrupted at any moment and run again. Other replicas need a copy of the new key file before they start.
    """
    from homeport.bootstrap.rotation import rotate  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.serve import held  # noqa: PLC0415 - the same

    with said_plainly(), held(Settings.read(None, data=data).data), opened(data=data) as (home, actor):
        count = rotate(home, actor)
        path = home.parts.settings.sealing_key
    click.echo(f"{count} secrets are sealed with a fresh key now; it is in {path}.")
    click.echo(
        "The earlier key opens nothing any more but backups made before now: keep your copy of it as long as you keep those."
    )
