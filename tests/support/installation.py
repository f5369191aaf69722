"""An installation with its data folder and its command line, filled with what a backup is asked about."""

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from sqlalchemy import select

from homeport.bootstrap.home import Home
from homeport.channels.linux.tables import orders
from homeport.cli import main
from homeport.directory.devices.model import After, DeviceFacts, OSFamily, ProvisioningSetting
from homeport.directory.devices.tables import bindings
from homeport.directory.people.model import UserState
from homeport.foundation.database.columns import metadata
from homeport.foundation.kernel.actor import Origin, system
from homeport.settings import Settings

ACTOR = system("operator")


class Place:
    """One installation's data folder, with its command line."""

    def __init__(self, settings):
        self.settings = settings
        self.opened = []

    def home(self):
        home = Home(self.settings)
        self.opened.append(home)
        return home

    def close(self):
        for home in self.opened:
            home.parts.database.dispose()
        self.opened.clear()

    @property
    def environment(self):
        return {
            "HOMEPORT_DATA": str(self.settings.data),
            "HOMEPORT_DATABASE_URL": self.settings.database_url,
            "HOMEPORT_PUBLIC_URL": self.settings.public_url,
        }

    def run(self, *words):
        self.close()
        done = CliRunner().invoke(main, [str(word) for word in words], env=self.environment)
        assert done.exception is None or isinstance(done.exception, SystemExit), "".join(
            traceback.format_exception(done.exception)
        )
        return done

    def rows(self):
        home = self.home()
        with home.parts.database.read() as unit:
            return {
                table.name: {tuple(map(str, row)) for row in unit.connection.execute(select(table))}
                for table in metadata.sorted_tables
            }

    def scalar(self, query):
        with self.home().parts.database.read() as unit:
            return unit.connection.execute(query).scalar_one()

    def orders(self):
        """Kind and user name of the orders that wait, in sequence."""
        with self.home().parts.database.read() as unit:
            found = unit.connection.execute(
                select(orders).where(orders.c.state == "pending").order_by(orders.c.epoch, orders.c.counter)
            )
            return [(row.kind, row.account["username"]) for row in found]


@dataclass
class Original:
    """An installation that was filled once, and of which each test has a copy."""

    data: Path
    database: Any
    device: Any
    bound: Any


def settings_for(data, database):
    return Settings(data=data, database_url=database.sqlalchemy_url if database else "", public_url="http://localhost:8080")


def fill(data, database):
    """One device with an active, a suspended and a removed account; every order was carried out."""
    place = Place(settings_for(data, database))
    home = place.home()
    with home.work.write() as actions:
        actions.provisioning.set(ACTOR, ProvisioningSetting(OSFamily.LINUX, enabled=True, several_users=True))
        _, text = actions.enrollment_keys.create(ACTOR, "lab")
        device, _ = actions.enrollment.enroll(text, {"kty": "EC"}, "t" * 43, DeviceFacts(hostname="lab-1", os="linux"), Origin())
        for name in ("ada", "bob", "cyd"):
            user = actions.people.create(ACTOR, username=name, email=f"{name}@acme.example", firstname=name.title(), lastname="X")
            actions.bindings.admit(user, device, f"s-{name}")
    bound = {binding.username: binding for binding in live(home, device)}
    with home.work.write() as actions:
        actions.people.change_state(ACTOR, bound["bob"].user_id, UserState.SUSPENDED)
        actions.bindings.remove(ACTOR, bound["cyd"].id, After.LOCK)
    settle(home)
    home.audit_sealer.seal()
    place.close()
    return Original(data, database, device, bound)


def live(home, device):
    with home.work.read() as actions:
        return actions.bindings.live_on(device.id)


def settle(home):
    """The devices carry out whatever waits."""
    seen = {"bind": "present", "activate": "present", "suspend": "suspended", "unbind": "removed"}
    with home.parts.database.write() as unit:
        for order in unit.connection.execute(select(orders).where(orders.c.state == "pending").order_by(orders.c.counter)).all():
            unit.connection.execute(orders.update().where(orders.c.id == order.id).values(state="done"))
            unit.connection.execute(bindings.update().where(bindings.c.id == order.binding_id).values(observed=seen[order.kind]))
