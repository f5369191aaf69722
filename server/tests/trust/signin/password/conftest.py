from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher

from homeport.directory.admins.actions import AdministratorLinks, Administrators
from homeport.directory.admins.model import BILLING, READ_ONLY, AdministratorDeleted, AdministratorPasswordChanged
from homeport.directory.admins.store.administrators import AdministratorSql, LinkSql
from homeport.directory.admins.store.argon2id import Argon2id
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.store import AuditStore
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.listing import Listing
from homeport.trust.signin.password.actions import PasswordSignIn, Sessions
from homeport.trust.signin.password.store import BrowserSql, SessionSql, ThrottleSql

ROOT = system("root")
HOME = Origin("192.0.2.7", "Firefox")


@dataclass
class House:
    """Signing in over one database, wired as bootstrap does."""

    database: object
    build: object
    hasher: object
    password: str = "correct horse battery"
    home: Origin = HOME
    root: object = ROOT

    def do(self, action):
        with self.database.write() as unit:
            return action(self.build(unit))

    def administrator(self, email="ada@example.com", role=BILLING):
        def make(actions):
            token = actions.links.issue(ROOT) if role == BILLING else actions.links.invite(ROOT, email, role)
            return actions.links.accept(token, email=email, firstname="Ada", lastname="", password=self.password)

        return self.do(make)

    def reader(self):
        return self.administrator("reader@example.com", READ_ONLY)

    def recovery(self):
        return self.do(lambda actions: actions.links.issue(ROOT))

    def sign_in(self, email="ada@example.com", password=None, *, origin=None, browser="", replacing=""):
        """Go through both steps, as the page does."""
        origin = origin or self.home
        attempt = self.do(lambda actions: actions.begin(email, origin, browser=browser))
        verified = self.hasher.verify(attempt.password_hash, self.password if password is None else password)
        return self.do(lambda actions: actions.finish(attempt, origin, verified=verified, replacing=replacing, browser=browser))

    def actor(self, token):
        return self.do(lambda actions: actions.sessions.authenticate(token, self.home))

    def audit(self):
        entries = self.do(lambda actions: actions.audit.search(ROOT, Listing(sort=("id",), limit=1000))).items
        return [(entry.event_type, entry.success, entry.reason, entry.actor_name) for entry in entries]


@pytest.fixture(scope="session")
def hasher():
    """Real argon2id, as cheap as it gets."""
    return Argon2id(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def build(clock, entropy, hasher):
    def over(unit):
        connection = unit.connection
        audit = Audit(AuditStore(connection), clock, entropy)
        rows = AdministratorSql(connection)
        administrators = Administrators(rows, audit, clock, unit)
        return PasswordSignIn(
            sessions=Sessions(SessionSql(connection), administrators, audit, clock, entropy),
            throttles=ThrottleSql(connection),
            browsers=BrowserSql(connection),
            administrators=administrators,
            links=AdministratorLinks(LinkSql(connection), rows, hasher, audit, clock, entropy, unit),
            audit=audit,
            clock=clock,
            entropy=entropy,
        )

    return over


def wire(database, build, hasher):
    def end(unit, event):
        build(unit).sessions.end_all(event.administrator_id)
        build(unit).forget_browsers(event.administrator_id)

    for kind in (AdministratorDeleted, AdministratorPasswordChanged):
        database.subscriptions.subscribe(kind, end)
    return House(database, build, hasher)


@pytest.fixture
def house(database, build, hasher):
    return wire(database, build, hasher)


@pytest.fixture
def sqlite_house(sqlite_database, build, hasher):
    return wire(sqlite_database, build, hasher)
