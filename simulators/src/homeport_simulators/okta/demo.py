"""The people, groups and the app of `--demo`."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeport_simulators.okta.directory import EVERYONE
from homeport_simulators.okta.org import Org

PEOPLE = {
    "ada.lovelace@acme.example": ("Engineering", "Linux Admins"),
    "grace.hopper@acme.example": ("Engineering",),
    "alan.turing@acme.example": ("Research",),
    "katherine.johnson@acme.example": ("Research",),
}


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What the demo starts from; missing secrets are made up."""

    client_id: str | None = None
    client_secret: str | None = None
    password: str | None = None
    redirect_uris: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What someone needs to know to use the demo."""

    client_id: str
    client_secret: str
    password: str
    users: list[str]


def load(org: Org, demo: Demo) -> Loaded:
    """Fill an empty org; everyone is assigned to the app through the group `Everyone`."""
    password = demo.password or org.ids.password()
    app = org.apps.add("Homeport", client_id=demo.client_id, client_secret=demo.client_secret)
    app.redirect_uris = list(demo.redirect_uris)
    everyone = org.directory.add_group(EVERYONE, description="All users in your organization")
    app.assigned_groups.add(everyone.id)
    for login, groups in PEOPLE.items():
        user = org.directory.add_user(now=org.clock.now(), password=password, profile={"login": login})
        org.directory.set_groups(user, list(groups))
    org.remember()
    return Loaded(client_id=app.client_id, client_secret=app.secrets[0].value, password=password, users=list(PEOPLE))
