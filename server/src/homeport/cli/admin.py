"""`homeport admin link`: the way in when nobody is in yet, or nobody can get in any more. `cli.remote.administrators` adds the rest."""

import sys

import click

from homeport.cli.local import data_option, opened, public_url_option
from homeport.cli.plainly import fail, said_plainly


@click.group()
def admin() -> None:
    """Look after administrators over the REST API; `link` lets them in from the server itself."""


@admin.command("link")
@data_option
@public_url_option
def admin_link(**options: object) -> None:
    """Print a one-time link that makes an administrator with Billing, or resets one's password. It works for an hour."""
    if not sys.stdout.isatty():
        fail("The link is printed to a terminal only, so that it lands in no log. Run the command by hand.")
    with said_plainly(), opened(**options) as (home, actor):
        home.parts.settings.check_for_links()
        with home.work.write() as actions:
            token = actions.administrator_links.issue(actor)
        click.echo(f"Open this within an hour, once: {home.parts.settings.public_url}/admin/link/{token}")
