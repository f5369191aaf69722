"""The command `homeport-simulators`; each simulator is imported only when it is asked for."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
@click.version_option(package_name="homeport-simulators")
def main() -> None:
    """Stand-ins for the services Homeport talks to, with scriptable faults."""


def _origin(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise click.BadParameter("an issuer is an address without a path, such as https://acme.okta.example")
    return value


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8081, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one."
)
@click.option("--issuer", callback=_origin, help="Public address, when it differs from the one it listens on.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False), help="Certificate chain (PEM); needs --tls-key.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="Private key of the certificate (PEM).")
@click.option("--demo", is_flag=True, help="Start with an app, four people and groups.")
@click.option("--client-id", help="Client id of the demo app; made up if absent.")
@click.option("--client-secret", help="Client secret of the demo app; made up if absent.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Sign-in redirect URI of the demo app; may be repeated.")
@click.option("--password", help="Password of the demo people; made up if absent.")
def okta(
    *,
    host: str,
    port: int,
    issuer: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    demo: bool,
    client_id: str | None,
    client_secret: str | None,
    redirect_uris: tuple[str, ...],
    password: str | None,
) -> None:
    """Run an Okta-shaped identity provider.

    Prints one line of JSON when it listens: its issuer, the address of its control API and, with --demo, the credentials.
    """
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key go together.")
    if not demo and (client_id or client_secret or redirect_uris or password):
        raise click.UsageError("--client-id, --client-secret, --redirect-uri and --password describe the demo; add --demo.")
    from homeport_simulators.okta.demo import Demo  # noqa: PLC0415  # the other commands start without it
    from homeport_simulators.okta.serve import Listen, serve  # noqa: PLC0415  # the same

    listen = Listen(host=host, port=port, issuer=issuer, tls_cert=tls_cert, tls_key=tls_key)
    people = Demo(client_id=client_id, client_secret=client_secret, password=password, redirect_uris=redirect_uris)
    try:
        serve(listen, people if demo else None, _print_line)
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {host} port {port}: {error.strerror or error}.") from error


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; whoever reaches it reads every mail.")
@click.option(
    "--port", default=8082, show_default=True, type=click.IntRange(0, 65535), help="Port of the page; 0 picks a free one."
)
@click.option(
    "--smtp-port", default=0, type=click.IntRange(0, 65535), help="Port that takes mail; 0, the default, picks a free one."
)
def mail(*, host: str, port: int, smtp_port: int) -> None:
    """Run a mail server that delivers nothing and shows every mail on a page.

    Prints one line of JSON when it listens: the page, and where it takes mail.
    """
    from homeport_simulators.mail.serve import serve  # noqa: PLC0415  # the other commands start without it

    try:
        serve(host, port, smtp_port, _print_line)
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {host}: {error.strerror or error}.") from error


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8083, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one."
)
@click.option("--folder", required=True, type=_FOLDER, help="Where the authority that vouches for the Macs is kept.")
@click.option("--serial", "serials", multiple=True, help="Serial number that is assigned to the server; may be repeated.")
def apple(*, host: str, port: int, folder: Path, serials: tuple[str, ...]) -> None:
    """Run Apple's enrolment service (ADE) with one organization's server.

    Prints one line of JSON when it listens: its address, its control API, and the certificate of the authority that vouches for
    simulated Macs.
    """
    from homeport_simulators.apple.ade_service import AdeService  # noqa: PLC0415  # the other commands start without it
    from homeport_simulators.apple.mac import DeviceAuthority  # noqa: PLC0415  # the same
    from homeport_simulators.apple.serve import serve  # noqa: PLC0415  # the same

    service = AdeService()
    service.add(*serials)
    authority = str(DeviceAuthority.make(folder).certificate)
    try:
        serve(host, port, service, lambda ready: _print_line({**ready, "device_authority": authority}))
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {host} port {port}: {error.strerror or error}.") from error


@main.command()
@click.option("--apple", "address", default="http://127.0.0.1:8083", show_default=True, help="Address of `apple`.")
@click.option("--folder", required=True, type=_FOLDER, help="The folder of `apple`; the Mac's own is made in it.")
@click.option("--serial", required=True, help="Its serial number.")
@click.option("--user", required=True, help="Who signs in with the provider.")
@click.option("--password", prompt=True, hide_input=True, help="Their password there; asked for if absent.")
def mac(*, address: str, folder: Path, serial: str, user: str, password: str) -> None:
    """Boot one new Mac, sign its person in, and end with their account.

    The server must trust the authority of `apple` and use its address as Apple's service.
    """
    from homeport_simulators.apple.first_day import FirstDay, NotSetUp  # noqa: PLC0415  # the other commands start without it
    from homeport_simulators.apple.mac import Refused  # noqa: PLC0415  # the same
    from homeport_simulators.apple.scep import ScepRefused  # noqa: PLC0415  # the same
    from homeport_simulators.apple.web_view import NoProfile  # noqa: PLC0415  # the same

    day = FirstDay(f"{address.rstrip('/')}/_control", folder, folder / "macs", click.echo)
    try:
        account = day.run(serial, user, password)
    except (NotSetUp, NoProfile, Refused, ScepRefused, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{serial} is set up: the account {account.name} belongs to {user}.")


@main.command()
def faults() -> None:
    """Print the catalogue of the Okta simulator's faults as a Markdown table."""
    from homeport_simulators.okta.faults.catalogue import as_markdown  # noqa: PLC0415  # the other commands start without it

    click.echo(as_markdown())


def _print_line(ready: dict[str, Any]) -> None:
    click.echo(json.dumps(ready))
