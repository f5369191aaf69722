"""`homeport idp`: the identity provider."""

import click

from homeport.cli.plainly import printable
from homeport.cli.remote.connection import Api
from homeport.cli.remote.kind import Kind
from homeport.cli.remote.kinds import CLIENT_SECRET, PROVIDER, PROVIDER_HEALTH
from homeport.cli.remote.secrets import read_secret
from homeport.cli.remote.showing import show_list, show_one
from homeport.cli.remote.verbs import (
    add_delete,
    add_list,
    add_show,
    change,
    confirm,
    given,
    json_option,
    over_the_api,
    yes_option,
)

SECRET = "File of the client secret; - reads it from standard input."  # noqa: S105 - the help of an option
SECOND = "File of a second client secret, which is tried when the first is refused; - reads it from standard input."
DOMAINS = "An e-mail domain whose people sign in with it. May be given again."


@click.group()
def idp() -> None:
    """Look after the identity provider, over the REST API."""


add_list(idp, PROVIDER)
add_show(idp, PROVIDER)


@idp.command("add")
@click.argument("address", metavar="URL")
@click.option("--name", required=True, metavar="TEXT", help="What people call it, such as Okta.")
@click.option("--type", "kind", type=click.Choice(["OKTA", "OIDC"]), default="OKTA", show_default=True, help="Which kind it is.")
@click.option("--client-id", required=True, metavar="TEXT", help="The client ID that the provider gave.")
@click.option("--secret-file", required=True, metavar="FILE", help=SECRET)
@click.option("--email-domain", "domains", multiple=True, metavar="DOMAIN", help=DOMAINS)
@json_option
@over_the_api
def add(
    api: Api, address: str, *, name: str, kind: str, client_id: str, secret_file: str, domains: tuple[str, ...], as_json: bool
) -> None:
    """Try the provider at URL and, when every check is passed, let people sign in with it."""
    body = {
        "name": name,
        "type": kind,
        "oidc": {"url": address, "clientId": client_id, "clientSecret": read_secret(secret_file, "--secret-file")},
        **given(emailDomains=list(domains) or None),
    }
    show_one(PROVIDER.columns, api.send("POST", PROVIDER.path, body).body, as_json=as_json)


@idp.command("set")
@click.argument("name")
@click.option("--rename", "new_name", metavar="TEXT", help="Another name.")
@click.option("--address", metavar="URL", help="Another address; it needs --secret-file too.")
@click.option("--client-id", metavar="TEXT", help="Another client ID.")
@click.option("--secret-file", metavar="FILE", help=SECRET)
@click.option("--second-secret-file", metavar="FILE", help=SECOND)
@click.option("--drop-second-secret", is_flag=True, help="Forget the second client secret.")
@click.option("--email-domain", "domains", multiple=True, metavar="DOMAIN", help=f"{DOMAINS} Replaces those of today.")
@json_option
@over_the_api
def set_(
    api: Api,
    name: str,
    *,
    new_name: str | None,
    address: str | None,
    client_id: str | None,
    secret_file: str | None,
    second_secret_file: str | None,
    drop_second_secret: bool,
    domains: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change the identity provider, when every check is passed. NAME is its name or its id."""
    if drop_second_secret and second_secret_file is not None:
        raise click.UsageError("Give --second-secret-file or --drop-second-secret, not both.")
    second = read_secret(second_secret_file, "--second-secret-file") if second_secret_file is not None else None
    oidc = given(
        url=address,
        clientId=client_id,
        clientSecret=read_secret(secret_file, "--secret-file") if secret_file is not None else None,
        secondClientSecret="" if drop_second_secret else second,
    )
    change(api, PROVIDER, name, given(name=new_name, oidc=oidc or None, emailDomains=list(domains) or None), as_json=as_json)


@idp.command()
@click.argument("name")
@json_option
@over_the_api
def health(api: Api, name: str, *, as_json: bool) -> None:
    """Show how an identity provider is doing: what was fetched and when, what fails, the clocks. NAME is its name or its id."""
    found = api.get(f"{PROVIDER.path_of(PROVIDER.find(api, name))}/health").body
    show_one(PROVIDER_HEALTH, found, as_json=as_json)
    if not as_json:
        for problem in found["problems"]:
            click.echo(
                printable(f"{'Stops sign-ins' if problem['stops'] else 'Attention'}: {problem['message']} {problem['remedy']}")
            )


@idp.command()
@click.argument("name")
@json_option
@over_the_api
def secrets(api: Api, name: str, *, as_json: bool) -> None:
    """List the client secrets in the order in which they are tried, without the secrets."""
    kind = _secrets_of(api, name)
    show_list(kind, kind.all(api), as_json=as_json)


@idp.command("add-secret")
@click.argument("name")
@click.option("--secret-file", required=True, metavar="FILE", help=SECOND)
@json_option
@over_the_api
def add_secret(api: Api, name: str, *, secret_file: str, as_json: bool) -> None:
    """Add a second client secret, so that one can be rotated without an outage, when the provider takes it."""
    change(api, PROVIDER, name, {"oidc": {"secondClientSecret": read_secret(secret_file, "--secret-file")}}, as_json=as_json)


@idp.command("promote-secret")
@click.argument("name")
@json_option
@over_the_api
def promote_secret(api: Api, name: str, *, as_json: bool) -> None:
    """Try the second client secret first from now on."""
    kind = _secrets_of(api, name)
    api.send("POST", f"{kind.path}/promote")
    show_list(kind, kind.all(api), as_json=as_json)


@idp.command("remove-secret")
@click.argument("name")
@click.argument("slot", type=click.Choice(["first", "second"]))
@yes_option
@json_option
@over_the_api
def remove_secret(api: Api, name: str, slot: str, *, yes: bool, as_json: bool) -> None:
    """Forget one of two client secrets."""
    kind = _secrets_of(api, name)
    confirm(f"Remove the {slot} client secret of “{name}”? Homeport cannot show it again.", yes=yes)
    api.send("DELETE", f"{kind.path}/{slot}")
    show_list(kind, kind.all(api), as_json=as_json)


def _secrets_of(api: Api, name: str) -> Kind:
    return CLIENT_SECRET.at(f"{PROVIDER.path_of(PROVIDER.find(api, name))}/client-secrets")


add_delete(idp, PROVIDER, "Nobody can sign in with it any more; the links of its people become inactive.")
