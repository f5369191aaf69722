"""`homeport login` and `logout`: keep the server's address and the key in a file that only its owner can read."""

import os
from pathlib import Path

import click

from homeport.cli.plainly import Refusal
from homeport.cli.remote.access import Access, checked_key, normal_url, profile_file, write_profile
from homeport.cli.remote.connection import Api, Refused
from homeport.cli.remote.secrets import ask_secret, read_secret

_FORBIDDEN = 403


@click.command()
@click.option("--url", metavar="URL", help="The server, such as https://id.example.com (HOMEPORT_URL).")
@click.option(
    "--key-file", metavar="FILE", help="File of the API key; - reads it from standard input. Without it the key is asked for."
)
@click.option("--ca-file", type=click.Path(path_type=Path), help="The only certificates to believe, in PEM form.")
@click.option("--profile", metavar="NAME", default="default", show_default=True, help="The name under which it is stored.")
def login(url: str | None, key_file: str | None, ca_file: Path | None, profile: str) -> None:
    """Store a server's address and an API key for the commands that follow, after trying them.

    They go into ~/.config/homeport/NAME.toml, which only you can read.
    """
    profile_file(profile, os.environ)  # a bad name is refused before anything is asked
    typed = url or os.environ.get("HOMEPORT_URL", "") or click.prompt("The server's address", err=True)
    origin = normal_url(typed)
    key = read_secret(key_file, "--key-file") if key_file is not None else ask_secret("API key (not shown)", "--key-file")
    access = Access(origin, checked_key(key), ca_file)
    _try(access)
    path = write_profile(profile, access, os.environ)
    click.echo(f"{origin} takes the key. It is kept in {path}.", err=True)


@click.command()
@click.option("--profile", metavar="NAME", default="default", show_default=True, help="The name under which it is stored.")
def logout(profile: str) -> None:
    """Forget what login stored. The key itself works until it is revoked under SETTINGS > API Keys."""
    path = profile_file(profile, os.environ)
    try:
        path.unlink()
    except FileNotFoundError:
        raise Refusal(f"There is no profile “{profile}”.") from None
    click.echo(f"{path} is removed. The key works until it is revoked under SETTINGS > API Keys.", err=True)


def _try(access: Access) -> None:
    """Raise Failure when the server does not take the key; what the key may do is another question."""
    api = Api(access)
    try:
        api.get("/api/systemusers", [("limit", "1")])
    except Refused as refused:
        if refused.code != _FORBIDDEN:
            raise
    finally:
        api.close()
