from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher
from tests.support.access import decisions_over
from tests.support.factor import set_up

from homeport.directory.admins.actions import AdministratorLinks, Administrators, Factors
from homeport.directory.admins.model import (
    ADMINISTRATOR,
    BILLING,
    READ_ONLY,
    AdministratorDeleted,
    AdministratorFactorReset,
    AdministratorPasswordChanged,
    AdministratorProofChanged,
)
from homeport.directory.admins.store.administrators import AdministratorSql, LinkSql
from homeport.directory.admins.store.argon2id import Argon2id
from homeport.directory.admins.store.factors import FactorSql
from homeport.directory.admins.store.roles import RoleSql
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.store import AuditStore
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.sealing.sealer import Sealer
from homeport.trust.signin.passkeys.store import PasskeySql
from homeport.trust.signin.passkeys.tables import admin_passkeys
from homeport.trust.signin.password.actions import PasswordSignIn, Sessions
from homeport.trust.signin.password.actions.rules import AdminRules
from homeport.trust.signin.password.store import BrowserSql, ChallengeSql, SessionSql, ThrottleSql

ROOT = system("root")
SEALER = Sealer({"one": bytes(32)})
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

    def administrator(self, email="ada@example.com", role=ADMINISTRATOR):
        def make(actions):
            token = actions.links.issue(ROOT) if role == BILLING else actions.links.invite(ROOT, email, role)
            return actions.links.accept(token, email=email, firstname="Ada", lastname="", password=self.password)

        return self.do(make)

    def with_factor(self, email="ada@example.com", role=BILLING):
        """An administrator who has a second factor, and their authenticator app."""
        made = self.administrator(email, role)
        return made, self.do(lambda actions: set_up(actions, made, actions.clock))

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
        links, factor_rows = LinkSql(connection), FactorSql(connection)
        decisions, passkeys = decisions_over(unit), PasskeySql(connection, admin_passkeys)
        administrators = Administrators(rows, links, audit, clock, unit, decisions, RoleSql(connection))
        return PasswordSignIn(
            sessions=Sessions(
                SessionSql(connection), administrators, AdminRules(decisions, administrators, passkeys), audit, clock, entropy
            ),
            throttles=ThrottleSql(connection),
            browsers=BrowserSql(connection),
            challenges=ChallengeSql(connection),
            factors=Factors(factor_rows, rows, SEALER, audit, clock, entropy, unit, "Acme"),
            administrators=administrators,
            links=AdministratorLinks(links, rows, factor_rows, hasher, audit, clock, entropy, unit, RoleSql(connection)),
            decisions=decisions,
            passkeys=passkeys,
            audit=audit,
            clock=clock,
            entropy=entropy,
        )

    return over


def wire(database, build, hasher):
    def end(unit, event):
        build(unit).sessions.end_all(event.administrator_id)
        build(unit).forget_browsers(event.administrator_id)
        build(unit).forget_waiting(event.administrator_id)

    def end_others(unit, event):
        build(unit).sessions.end_all(event.administrator_id, but=event.session_id)
        build(unit).forget_waiting(event.administrator_id)

    for kind in (AdministratorDeleted, AdministratorPasswordChanged, AdministratorFactorReset):
        database.subscriptions.subscribe(kind, end)
    database.subscriptions.subscribe(AdministratorProofChanged, end_others)
    return House(database, build, hasher)


@pytest.fixture
def house(database, build, hasher):
    return wire(database, build, hasher)


@pytest.fixture
def sqlite_house(sqlite_database, build, hasher):
    return wire(sqlite_database, build, hasher)
