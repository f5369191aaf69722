"""Administrators who sign in by the real sign-in, in a real house."""

from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from tests.support.factor import set_up
from tests.support.house import ADMIN

from homeport.directory.admins.model import BILLING, Administrator, actor_of
from homeport.foundation.kernel.actor import Origin, system
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action, InList, Mode, Not, Portal, Targets
from homeport.trust.signin.password.model import CodeAsked, ShutOut, SignedIn

OFFICE, HOME = "192.0.2.7", "198.51.100.4"


@dataclass
class Scene:
    """One installation, and what people do in it."""

    house: object
    apps: dict = field(default_factory=dict)
    numbers: count = field(default_factory=count)

    def do(self, deed):
        return self.house.do(deed)

    def administrator(self, name="", role=BILLING, *, factor=False):
        name = name or f"a{next(self.numbers)}"
        now = self.house.clock.now()
        made = Administrator(self.house.entropy.new_id(), f"{name}@example.com", "", "", role, "x", True, 1, now, now)

        def add(act):
            act.administrators.administrators.add(made)
            if factor:
                self.apps[made.id] = set_up(act, made, self.house.clock)

        self.do(add)
        return made

    def actor(self, administrator, address=OFFICE):
        """The administrator as the one who changes something from there."""
        now = self.house.clock.now()
        session = {"session_id": "s", "authenticated_at": now, "permissions": system("x").permissions}
        return replace(actor_of(administrator, Origin(address)), **session)

    def sign_in(self, administrator, address=OFFICE, *, device_key=""):
        """Go the whole way with the right password and, where it is asked, the right code."""
        origin = Origin(address, client_key=device_key)
        attempt = self.do(lambda act: act.password_sign_in.begin(administrator.email, origin))
        got = self.do(lambda act: act.password_sign_in.finish(attempt, origin, verified=True))
        if isinstance(got, CodeAsked):
            code = self.apps[administrator.id].code()
            got = self.do(lambda act: act.password_sign_in.give_code(got.token, code, origin))
        return got

    def gets_in(self, administrator, address=OFFICE, **how):
        got = self.sign_in(administrator, address, **how)
        assert isinstance(got, (SignedIn, ShutOut)), got
        return isinstance(got, SignedIn)

    def policy(self, name="Deny", action=Action.DENY, *, by=ADMIN, portal=Portal.ADMIN, **more):
        return self.do(lambda act: act.access_policies.create(by, portal, Wanted(name, action, **more)))

    def office(self):
        return self.do(lambda act: act.ip_lists.create(ADMIN, name="Office", networks=["192.0.2.0/24"]))

    def audited(self, event_type):
        rows = self.house.sql("SELECT event_type, success, reason FROM audit_entries ORDER BY id")
        return [(bool(row[1]), row[2]) for row in rows if row[0] == event_type]


def outside(office):
    return Not(InList((office.id,)))


def all_but(*administrators):
    return Targets(excluded_people=tuple(one.id for one in administrators))


__all__ = ["HOME", "OFFICE", "Mode", "Scene", "all_but", "outside"]


@pytest.fixture
def scene(each_house):
    """Empty again, on SQLite and on PostgreSQL."""
    each_house.empty()
    return Scene(each_house)
