"""`homeport serve` and `homeport demo`: what runs until it is stopped."""

import signal
import sys
from pathlib import Path

import click

from homeport.cli.local import data_option, nothing_to_collect, public_url_option
from homeport.cli.plainly import said_plainly
from homeport.settings import Settings


@click.command()
@data_option
@public_url_option
@click.option("--host", help="Address to listen on (HOMEPORT_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (HOMEPORT_PORT).")
@click.option("--tls-cert", type=click.Path(path_type=Path, exists=True), help="Certificate chain, PEM (HOMEPORT_TLS_CERT).")
@click.option("--tls-key", type=click.Path(path_type=Path, exists=True), help="Private key, PEM (HOMEPORT_TLS_KEY).")
def serve(**options: object) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    with nothing_to_collect():
        from homeport.bootstrap.home import Home  # noqa: PLC0415 - a second of imports that --help does not need
        from homeport.bootstrap.web import wrapped  # noqa: PLC0415 - the same
        from homeport.logs import configure  # noqa: PLC0415 - the same
        from homeport.serve import held, run  # noqa: PLC0415 - the same

    with said_plainly():
        settings = Settings.read(None, **options)
        settings.check_for_serving()
        configure(settings.log_format)
        with held(settings.data, shared=bool(settings.database_url)):
            with nothing_to_collect():
                home = Home(settings)
                app = wrapped(home)
            run(app, settings, home.parts.wakeups.close)


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".run/demo"),
    show_default=True,
    help="Where the demo lives; emptied at each start.",
)
@click.option("--port", default=8080, show_default=True, help="Port of the portal, on localhost.")
@click.option("--provider-port", default=8081, show_default=True, help="Port of the simulated Okta, on 127.0.0.1.")
@click.option("--mail-port", default=8082, show_default=True, help="Port of the page that shows every mail, on 127.0.0.1.")
@click.option("--apple-port", default=8083, show_default=True, help="Port of Apple's simulated service for Macs, on 127.0.0.1.")
def demo(folder: Path, port: int, provider_port: int, mail_port: int, apple_port: int) -> None:
    """Show the whole of Homeport on this machine, with a simulated Okta, a scratch folder as a Linux device, and a Mac to boot."""
    from homeport.demo.programs import Programs  # noqa: PLC0415 - only here

    programs = Programs(folder.absolute(), port, provider_port, mail_port, apple_port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with said_plainly():
        try:
            programs.start()
            from homeport.demo.story import Demo  # noqa: PLC0415 - heavy, while the programs start

            Demo(programs).tell()
        except KeyboardInterrupt:
            click.echo("\nStopping.")
        finally:
            programs.stop()
