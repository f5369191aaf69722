"""Administrators who sign in by the real sign-in in a real house; and the decisions, for tests that build a slice without bootstrap."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from tests.support.factor import set_up
from tests.support.house import ADMIN

from homeport.directory.admins.model import BILLING, Administrator, actor_of
from homeport.directory.admins.store.administrators import AdministratorSql
from homeport.foundation.database.engine import UnitOfWork
from homeport.foundation.kernel.actor import Actor, Origin, system
from homeport.trust.access.actions import Decisions, Wanted
from homeport.trust.access.model import Action, IpList, Policy, Portal
from homeport.trust.access.store.lists import IpListSql
from homeport.trust.access.store.places import Countries
from homeport.trust.access.store.policies import PolicySql
from homeport.trust.signin.password.model import CodeAsked, ShutOut, SignedIn


class NoDevices:
    """A directory without devices."""

    def with_key(self, thumbprint: str) -> str:  # noqa: ARG002 - the port's name
        return ""

    def with_browser(self, token: str) -> str:  # noqa: ARG002 - the port's name
        return ""


def decisions_over(unit: UnitOfWork) -> Decisions:
    """The real decisions, in a directory without devices and without a file of countries."""
    connection = unit.connection
    return Decisions(PolicySql(connection), IpListSql(connection), AdministratorSql(connection), Countries(), NoDevices())


OFFICE = "192.0.2.7"


@dataclass
class Scene:
    """One installation, and what people do in it."""

    house: Any
    apps: dict[str, Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def do(self, deed: Callable[[Any], Any]) -> Any:
        return self.house.do(deed)

    def administrator(self, name: str = "", role: str = BILLING, *, factor: bool = False) -> Administrator:
        name = name or f"a{next(self.numbers)}"
        now = self.house.clock.now()
        made = Administrator(self.house.entropy.new_id(), f"{name}@example.com", "", "", role, "x", True, 1, now, now)

        def add(act: Any) -> None:
            act.administrators.administrators.add(made)
            if factor:
                self.apps[made.id] = set_up(act, made, self.house.clock)

        self.do(add)
        return made

    def actor(self, administrator: Administrator, address: str = OFFICE) -> Actor:
        """The administrator as the one who changes something from there."""
        acting, now = actor_of(administrator, Origin(address)), self.house.clock.now()
        return replace(acting, session_id="s", authenticated_at=now, permissions=system("x").permissions)

    def sign_in(self, administrator: Administrator, address: str = OFFICE, *, device_key: str = "") -> Any:
        """Go the whole way with the right password and, where it is asked, the right code."""
        origin = Origin(address, client_key=device_key)
        attempt = self.do(lambda act: act.password_sign_in.begin(administrator.email, origin))
        got = self.do(lambda act: act.password_sign_in.finish(attempt, origin, verified=True))
        if isinstance(got, CodeAsked):
            code = self.apps[administrator.id].code()
            got = self.do(lambda act: act.password_sign_in.give_code(got.token, code, origin))
        return got

    def gets_in(self, administrator: Administrator, address: str = OFFICE, **how: str) -> bool:
        got = self.sign_in(administrator, address, **how)
        assert isinstance(got, (SignedIn, ShutOut)), got
        return isinstance(got, SignedIn)

    def policy(
        self,
        name: str = "Deny",
        action: Action = Action.DENY,
        *,
        by: Actor = ADMIN,
        portal: Portal = Portal.ADMIN,
        **more: Any,
    ) -> Policy:
        return self.do(lambda act: act.access_policies.create(by, portal, Wanted(name, action, **more)))

    def office(self) -> IpList:
        return self.do(lambda act: act.ip_lists.create(ADMIN, name="Office", networks=["192.0.2.0/24"]))

    def audited(self, event_type: str) -> list[tuple[bool, str]]:
        rows = self.house.sql("SELECT event_type, success, reason FROM audit_entries ORDER BY id")
        return [(bool(row[1]), row[2]) for row in rows if row[0] == event_type]
