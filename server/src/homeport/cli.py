"""The command line: what runs the server and what opens the data locally."""

import getpass
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Never

import click

from homeport import __version__
from homeport.settings import Settings

if TYPE_CHECKING:
    from homeport.bootstrap.home import Home
    from homeport.foundation.kernel.actor import Actor


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="homeport")
def main() -> None:
    """Homeport connects your identity provider to your devices.

    Settings come from environment variables; docs/reference/settings.md lists them.
    """


@main.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
@click.option("--public-url", help="The address under which people reach Homeport (HOMEPORT_PUBLIC_URL).")
@click.option("--host", help="Address to listen on (HOMEPORT_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (HOMEPORT_PORT).")
@click.option("--tls-cert", type=click.Path(path_type=Path, exists=True), help="Certificate chain, PEM (HOMEPORT_TLS_CERT).")
@click.option("--tls-key", type=click.Path(path_type=Path, exists=True), help="Private key, PEM (HOMEPORT_TLS_KEY).")
def serve(**options: object) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    from homeport.bootstrap.home import Home  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.bootstrap.web import wrapped  # noqa: PLC0415 - the same
    from homeport.logs import configure  # noqa: PLC0415 - the same
    from homeport.serve import held, run  # noqa: PLC0415 - the same

    with _said_plainly():
        settings = Settings.read(None, **options)
        settings.check_for_serving()
        configure(settings.log_format)
        with held(settings.data, shared=bool(settings.database_url)):
            home = Home(settings)
            run(wrapped(home), settings, home.parts.wakeups.close)


@main.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".run/demo"),
    show_default=True,
    help="Where the demo lives; emptied at each start.",
)
@click.option("--port", default=8080, show_default=True, help="Port of the portal, on localhost.")
@click.option("--provider-port", default=8081, show_default=True, help="Port of the simulated Okta, on 127.0.0.1.")
def demo(folder: Path, port: int, provider_port: int) -> None:
    """Show the whole of Homeport on this machine, with a simulated Okta and a scratch folder as a Linux device."""
    from homeport.demo.programs import Programs  # noqa: PLC0415 - only here

    programs = Programs(folder.absolute(), port, provider_port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _said_plainly():
        try:
            programs.start()
            from homeport.demo.story import Demo  # noqa: PLC0415 - heavy, while the programs start

            Demo(programs).tell()
        except KeyboardInterrupt:
            click.echo("\nStopping.")
        finally:
            programs.stop()


@main.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
def migrate(data: Path | None) -> None:
    """Bring the database's schema up to this version's."""
    from homeport.foundation.database import schema  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.foundation.database.engine import Database  # noqa: PLC0415 - the same

    with _said_plainly():
        settings = Settings.read(None, data=data)
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        before, after = schema.migrate(Database(settings.database))
    click.echo(f"The schema is {after} now." if before != after else f"The schema was {after} already.")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--with-keys", is_flag=True, help="Put the sealing key and the audit key into the file, so that it opens itself.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
def backup(file: Path, data: Path | None, *, with_keys: bool) -> None:
    """Write the whole database into FILE, readable by its owner only, while the server goes on serving."""
    from homeport import backup as backups  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.directory.audit.model import Resource  # noqa: PLC0415 - the same

    with _said_plainly(), _home(data=data) as (home, actor):
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


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Put the backup in the place of a database that is there.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
def restore(file: Path, data: Path | None, *, replace: bool) -> None:
    """Put the backup FILE back, whole or not at all. The server must not be running."""
    from homeport.backup import BackupError  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.bootstrap.restore import restore as put_back  # noqa: PLC0415 - the same
    from homeport.foundation.kernel.actor import system  # noqa: PLC0415 - the same
    from homeport.serve import AlreadyServing, held  # noqa: PLC0415 - the same

    with _said_plainly():
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


@main.group()
def admin() -> None:
    """Let administrators in, from the server itself."""


@admin.command("link")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
@click.option("--public-url", help="The address under which people reach Homeport (HOMEPORT_PUBLIC_URL).")
def admin_link(**options: object) -> None:
    """Print a one-time link that makes an administrator with Billing, or resets one's password. It works for an hour."""
    if not sys.stdout.isatty():
        _fail("The link is printed to a terminal only, so that it lands in no log. Run the command by hand.")
    with _said_plainly(), _home(**options) as (home, actor):
        home.parts.settings.check_for_links()
        with home.work.write() as actions:
            token = actions.administrator_links.issue(actor)
        click.echo(f"Open this within an hour, once: {home.parts.settings.public_url}/admin/link/{token}")


@main.group()
def key() -> None:
    """Look after the sealing key, which opens the secrets in the database."""


@key.command("rotate")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
def key_rotate(data: Path | None) -> None:
    """Seal every secret in the database anew with a fresh sealing key. No server may be running.

    May be interrupted at any moment and run again. Other replicas need a copy of the new key file before they start.
    """
    from homeport.bootstrap.rotation import rotate  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.serve import held  # noqa: PLC0415 - the same

    with _said_plainly(), held(Settings.read(None, data=data).data), _home(data=data) as (home, actor):
        count = rotate(home, actor)
        path = home.parts.settings.sealing_key
    click.echo(f"{count} secrets are sealed with a fresh key now; it is in {path}.")
    click.echo(
        "The earlier key opens nothing any more but backups made before now: keep your copy of it as long as you keep those."
    )


@main.group()
def audit() -> None:
    """Look after the audit log."""


@audit.command("verify")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the keys (HOMEPORT_DATA).")
def audit_verify(data: Path | None) -> None:
    """Prove that nobody changed the audit log. Exit status 1 when somebody did."""
    with _said_plainly(), _home(data=data) as (home, _actor):
        verdict = home.audit_sealer.verify()
    for sentence in (*verdict.remarks, *verdict.problems):
        click.echo(sentence)
    click.echo(f"{verdict.entries} entries in {verdict.batches} sealed batches, {verdict.unsealed} not sealed yet.")
    click.echo("The audit log holds." if verdict.holds else "The audit log does NOT hold.")
    sys.exit(0 if verdict.holds else 1)


EXPECTED = frozenset(
    {
        "SettingsError",
        "SchemaError",
        "SealingKeyError",
        "AlreadyServing",
        "AuditKeyError",
        "BackupError",
        "DemoFailed",
        "AgentFailed",
    }
)
"""Errors that say in a sentence what is wrong and how to mend it, so that no stack trace is shown."""


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Turn expected errors into a sentence and exit status 2."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ in EXPECTED:
            _fail(str(error))
        if type(error).__name__ == "OperationalError":  # SQLAlchemy's, which --help need not import
            said = " ".join(str(getattr(error, "orig", error)).split())
            _fail(
                f"The database cannot be used: {said} Check that it runs and that HOMEPORT_DATABASE_URL or HOMEPORT_DATA names it."
            )
        raise


@contextmanager
def _home(**options: object) -> "Iterator[tuple[Home, Actor]]":
    """Open the data locally, beside a running server, as the actor `system:<unix user>`."""
    from homeport.bootstrap.home import Home  # noqa: PLC0415 - a second of imports that --help does not need
    from homeport.foundation.kernel.actor import system  # noqa: PLC0415 - the same

    home = Home(Settings.read(None, **options))
    try:
        yield home, system(getpass.getuser())
    finally:
        home.parts.database.dispose()


def _fail(sentence: str) -> Never:
    click.echo(f"homeport: {sentence}", err=True)
    sys.exit(2)
