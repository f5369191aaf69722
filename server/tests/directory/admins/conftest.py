from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher
from tests.support.access import decisions_over
from tests.support.factor import set_up

from homeport.directory.admins.actions import (
    AdministratorActions,
    AdministratorLinks,
    Administrators,
    ApiKeys,
    Factors,
    Roles,
    ServiceAccounts,
)
from homeport.directory.admins.model import (
    BILLING,
    REQUIRED_FOR,
    AdministratorChanged,
    AdministratorDeleted,
    AdministratorFactorReset,
    AdministratorPasswordChanged,
    AdministratorProofChanged,
    AdministratorSuspended,
)
from homeport.directory.admins.store.administrators import AdministratorSql, LinkSql
from homeport.directory.admins.store.api_keys import ApiKeySql
from homeport.directory.admins.store.argon2id import Argon2id
from homeport.directory.admins.store.factors import FactorSql
from homeport.directory.admins.store.roles import RoleSql
from homeport.directory.admins.store.service_accounts import ServiceAccountSql
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.store import AuditStore
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.sealing.sealer import Sealer

ROOT = system("root")
SEALER = Sealer({"one": bytes(32)})
PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def hasher():
    """Real argon2id, as cheap as it gets."""
    return Argon2id(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class House:
    """The administrators over one database, and the events they published."""

    database: object
    build: object
    events: list

    def do(self, action):
        with self.database.write() as unit:
            return action(self.build(unit))

    def administrator(self, email="ada@example.com", role=BILLING, *, api_keys=False, password=PASSWORD, factor=True):
        def make(actions):
            token = actions.links.issue(ROOT) if role == BILLING else actions.links.invite(ROOT, email, role)
            made = actions.links.accept(token, email=email, firstname="", lastname="", password=password)
            if factor and role in REQUIRED_FOR:
                set_up(actions, made, actions.keys.clock)
            return actions.administrators.change(ROOT, made.id, role=role, api_keys_allowed=api_keys)

        return self.do(make)

    def audit(self):
        entries = self.do(lambda actions: actions.keys.audit.search(ROOT, Listing(sort=("id",), limit=1000))).items
        return [(entry.event_type, entry.success) for entry in entries]


@pytest.fixture
def build(clock, entropy, hasher):
    def over(unit):
        audit = Audit(AuditStore(unit.connection), clock, entropy)
        administrators, links, factors = AdministratorSql(unit.connection), LinkSql(unit.connection), FactorSql(unit.connection)
        roles = RoleSql(unit.connection)
        return AdministratorActions(
            Administrators(administrators, links, audit, clock, unit, decisions_over(unit), roles),
            AdministratorLinks(links, administrators, factors, hasher, audit, clock, entropy, unit, roles),
            ApiKeys(ApiKeySql(unit.connection), administrators, audit, clock, entropy),
            Factors(factors, administrators, SEALER, audit, clock, entropy, unit, "Acme"),
            Roles(roles, links, audit, clock, entropy, unit),
            ServiceAccounts(ServiceAccountSql(unit.connection), roles, audit, clock, entropy),
        )

    return over


@pytest.fixture
def house(database, build):
    found = House(database, build, [])
    for kind in (
        AdministratorChanged,
        AdministratorDeleted,
        AdministratorPasswordChanged,
        AdministratorFactorReset,
        AdministratorProofChanged,
        AdministratorSuspended,
    ):
        database.subscriptions.subscribe(kind, lambda _unit, event: found.events.append(event))
    return found


@pytest.fixture
def sqlite_house(sqlite_database, build):
    return House(sqlite_database, build, [])
