"""`homeport migrate`, `backup` and `restore`: the database as a whole."""

import getpass
import sys
from pathlib import Path
from typing import Never

import click

from homeport.cli.local import data_option, nothing_to_collect, opened
from homeport.cli.plainly import said_plainly
from homeport.settings import Settings


@click.command()
@click.option("--pending", is_flag=True, help="Change nothing; exit status 1 when there is something to do.")
@data_option
def migrate(data: Path | None, *, pending: bool) -> None:
    """Bring the database's schema up to this version's."""
    with nothing_to_collect():
        from homeport.foundation.database import schema  # noqa: PLC0415 - a second of imports that --help does not need
        from homeport.foundation.database.engine import Database  # noqa: PLC0415 - the same

    with said_plainly():
        settings = Settings.read(None, data=data)
        if pending:
            _tell_pending(settings)
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        before, after = schema.migrate(Database(settings.database))
    click.echo(f"The schema is {after} now." if before != after else f"The schema was {after} already.")


def _tell_pending(settings: Settings) -> Never:
    from homeport.foundation.database import schema  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.foundation.database.engine import Database  # noqa: PLC0415 - the same
    from homeport.foundation.database.revision import head  # noqa: PLC0415 - the same

    found: str | None = None
    if settings.database_url or (settings.data / "homeport.sqlite").exists():  # opening would make the file
        database = Database(settings.database)
        with database.engine.connect() as connection:
            found = schema.present(connection)
        database.dispose()
    if found is None:
        click.echo("There is no database yet; it gets its schema at the first start.")
        sys.exit(0)
    click.echo(f"The database has schema {found}, this version's is {head()}.")
    sys.exit(1 if found < head() else 0)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--with-keys", is_flag=True, help="Put the sealing key and the audit key into the file, so that it opens itself.")
@data_option
def backup(file: Path, data: Path | None, *, with_keys: bool) -> None:
    """Write the whole database into FILE, readable by its owner only, while the server goes on serving."""
    from homeport import backup as backups  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.directory.audit.model import Resource  # noqa: PLC0415 - the same

    with said_plainly(), opened(data=data) as (home, actor):
        settings = home.parts.settings
        keys = {path.name: path.read_text() for path in (settings.sealing_key, settings.audit_key)} if with_keys else {}
        rows = backups.write(home.parts.database, file.absolute(), keys=keys, now=home.parts.clock.now())
        with home.work.write() as actions:
            actions.audit.record(
                actor, "backup_made", resource=Resource("database", "", str(file)), details={"with_keys": with_keys}
            )
    click.echo(f"{rows} rows are in {file}.")
    if with_keys:
        click.echo("The sealing key and the audit key are in it too: whoever can read the file can read every secret.")
    else:
        click.echo(
            f"The keys are not in it. Keep copies of {settings.sealing_key} and {settings.audit_key} elsewhere, or give --with-keys."
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Put the backup in the place of a database that is there.")
@data_option
def restore(file: Path, data: Path | None, *, replace: bool) -> None:
    """Put the backup FILE back, whole or not at all. The server must not be running."""
    with nothing_to_collect():
        from homeport.backup import BackupError  # noqa: PLC0415 - a second of imports that --help does not need
        from homeport.bootstrap.restore import restore as put_back  # noqa: PLC0415 - the same
        from homeport.foundation.kernel.actor import system  # noqa: PLC0415 - the same
        from homeport.serve import AlreadyServing, held  # noqa: PLC0415 - the same

    with said_plainly():
        settings = Settings.read(None, data=data)
        try:
            with held(settings.data):
                done = put_back(settings, file.absolute(), system(getpass.getuser()), replace=replace)
        except AlreadyServing as error:
            raise BackupError(f"A server is running on {settings.data}. Stop it, restore, then start it again.") from error
    click.echo(f"The database is as it was at {done.made_at.isoformat(timespec='seconds')}: {done.rows} rows.")
    for sentence in done.carried:
        click.echo(f"Kept of the database that was replaced: {sentence}.")
    if not done.carried:
        click.echo("Nothing decided after the backup is known any more: suspend again whom you suspended since.")
    click.echo(
        f"Order epoch {done.epoch}: {done.orders} orders tell the devices again. All sessions and open sign-ins were ended."
    )
    click.echo("The gap in the audit log is signed for: homeport audit verify names it.")
