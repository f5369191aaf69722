"""The gallery: every macro on a few pages, rendered through the real environment and served with the real policy."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import Filter, ListState, Pager
from homeport.foundation.ui.navigation import Navigation, Shell
from homeport.foundation.ui.templates import PACKAGE, Templates

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'"
GALLERY = Path(__file__).parent / "gallery"
AT = datetime(2026, 11, 23, 21, 55, 7, 42000, tzinfo=UTC)
FILTERS = (
    Filter("state", "State", (("STAGED", "Staged"), ("ACTIVATED", "Activated"), ("SUSPENDED", "Suspended"))),
    Filter("source", "Source", (("okta", "Okta"), ("local", "Homeport"))),
)


def request_for(address: str) -> Request:
    path, _, query = address.partition("?")
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"host", b"id.example.com")],
            "scheme": "https",
            "server": ("id.example.com", 443),
        }
    )


def shell() -> Shell:
    menu = Navigation()
    for section, label, path, icon in (
        ("HOME", "Home", "/admin", "home"),
        ("USER MANAGEMENT", "Users", "/admin/users", "users"),
        ("DEVICE MANAGEMENT", "Devices", "/admin/devices", "device-laptop"),
        ("DEVICE MANAGEMENT", "Add a Device", "/admin/devices/add", "plus"),
        ("DIRECTORY INTEGRATIONS", "Identity Providers", "/admin/identity-providers", "key"),
        ("INSIGHTS", "Sign-ins", "/admin/sign-ins", "login-2"),
        ("INSIGHTS", "Directory Events", "/admin/events", "list-details"),
        ("SETTINGS", "Administrators", "/admin/administrators", "user-shield"),
        ("SETTINGS", "API Keys", "/admin/api-keys", "api"),
    ):
        menu.register(section, label, path, "view", icon=icon)
    return Shell(
        organization="Example Org",
        name="Ada Lovelace",
        role="Administrator with Billing",
        permissions=frozenset({"view"}),
        navigation=menu,
    )


def failed_form() -> FormState:
    form = FormState.showing(
        name="Okta", url="https://example.okta.com/oauth2/default", domains="example.com", users="first", enabled=True
    )
    form.fail("client_id", "Enter the client ID that Okta shows under General.")
    form.fail(
        "domains", "gmail.com is a public mail domain: anyone can have such an address. Enter a domain of your organization."
    )
    form.refuse("Okta refused the client's credentials: invalid_client. Check that the secret belongs to this client.")
    return form


def people() -> list[dict[str, Any]]:
    names = [
        "Ada Lovelace",
        "Alan Turing",
        "Barbara Liskov",
        "Edsger Dijkstra",
        "Grace Hopper",
        "Katherine Johnson",
        "Radia Perlman",
    ]
    states = [("Activated", "ok"), ("Suspended", "error"), ("Staged", "off")]
    return [
        {
            "name": name,
            "email": f"{name.split()[0].lower()}@example.com",
            "word": states[number % 3][0],
            "kind": states[number % 3][1],
            "devices": number,
            "at": AT if number % 2 else None,
        }
        for number, name in enumerate(names)
    ]


def gallery_pages(templates: Templates) -> dict[str, str]:
    """Render the pages of the gallery, by name."""
    listing = request_for("/admin/users?q=a+state:activated&source=okta&sort=-name&page=2")
    state = ListState.of(listing, filters=FILTERS, sorts=("name", "email", "seen"), default_sort="name")
    at = request_for("/admin/identity-providers/okta")
    saved = FormState.showing(name="Okta", url="https://example.okta.com", users="many")
    saved.confirm(["Name: Okta → Okta EU", "Client ID changed"])
    answers = {
        "values": templates.render("gallery/values.html", at, at=AT),
        "list": templates.render("gallery/list.html", listing, list=state, rows=people(), pager=Pager(total=1204, page=2)),
        "form": templates.render("gallery/form.html", at, form=failed_form()),
        "saved": templates.render("gallery/form.html", at, form=saved),
        "signin": templates.render("gallery/signin.html", at, shell=Shell(organization="Example Org"), form=FormState()),
        "confirm": templates.render(
            "ui/confirm.html",
            at,
            title="Delete Okta EU",
            sentence="People can no longer sign in with this identity provider.",
            impacts=[
                "412 users lose their link to Okta",
                "318 devices keep their accounts and local passcodes",
                "3 open sign-ins are refused at once",
            ],
            action="#",
            verb="Yes, Delete",
            cancel="#",
        ),
        "portal": templates.render("gallery/portal.html", at, shell=replace(shell(), home="/portal", portal="")),
        "missing": templates.error(
            at,
            status=404,
            title="There is no such user",
            cause="The user was deleted, or the address is wrong.",
            remedy="Look for the person in the list of users.",
            back=("Users", "/admin/users"),
            shell=shell(),
        ),
        "error": templates.error(
            at,
            status=403,
            title="This device was not approved",
            cause="The sign-in with Okta was older than 5 minutes.",
            remedy="Go back to the machine and start again.",
            reference="0193e7c2-7f3a-7c11",
            back=("Back to My Devices", "/portal"),
            shell=Shell(organization="Example Org"),
        ),
    }
    return {name: bytes(answer.body).decode() for name, answer in answers.items()}


@contextmanager
def serving(templates: Templates) -> Iterator[str]:
    """Serve the gallery on a free port of this machine."""
    fragments = iter(range(1, 1000))

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(gallery_pages(templates)[request.path_params["name"]], headers={"content-security-policy": POLICY})

    async def fragment(_request: Request) -> HTMLResponse:
        return HTMLResponse(f"<p>Asked {next(fragments)} times</p>")

    routes = [Mount("/static", app=templates.assets), Route("/fragment", fragment), Route("/{name}", page)]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=60)


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates(Assets(), shell_for=lambda _request: shell(), packages=(PACKAGE, GALLERY))


@pytest.fixture(scope="session")
def gallery(templates: Templates) -> dict[str, str]:
    """The HTML of every page of the gallery, by name."""
    return gallery_pages(templates)


@pytest.fixture(scope="session")
def address(templates: Templates) -> Iterator[str]:
    """Where the gallery is served."""
    with serving(templates) as found:
        yield found


@pytest.fixture
def at() -> datetime:
    return AT
