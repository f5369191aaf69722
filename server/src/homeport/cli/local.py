"""The data opened locally, beside a running server, by the commands that do not go over the REST API."""

import gc
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport.cli.plainly import fail
from homeport.settings import Settings

if TYPE_CHECKING:
    from homeport.bootstrap.home import Home
    from homeport.foundation.kernel.actor import Actor

data_option = click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
public_url_option = click.option("--public-url", help="The address under which people reach Homeport (HOMEPORT_PUBLIC_URL).")


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """Keep Python from looking for garbage while modules and routes are made, and ever after among them, since they all stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def opened(**options: object) -> "Iterator[tuple[Home, Actor]]":
    """Open the data locally, beside a running server, as the actor `system:<unix user>`."""
    with nothing_to_collect():
        from homeport.bootstrap.home import Home  # noqa: PLC0415 - a second of imports that --help does not need
        from homeport.foundation.kernel.actor import system  # noqa: PLC0415 - the same

    home = Home(Settings.read(None, **options))
    try:
        yield home, system(getpass.getuser())
    finally:
        home.parts.database.dispose()


def require_database(data: Path | None) -> None:
    """Say that a folder has no database, so that nobody takes an empty one for theirs: opening it would make one."""
    settings = Settings.read(None, data=data)
    if not settings.database_url and not (settings.data / "homeport.sqlite").exists():
        fail(f"There is no database in {settings.data}. Name the server's folder with --data or HOMEPORT_DATA.")
