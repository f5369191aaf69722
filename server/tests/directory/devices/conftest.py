"""The directory's real slices over a real database, with the event handlers that belong to devices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import HTMLResponse

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.store import AuditStore
from homeport.directory.devices.actions import (
    Access,
    Bindings,
    DeviceActions,
    DeviceGroups,
    Devices,
    Enrollment,
    EnrollmentKeys,
    Passcodes,
    Policies,
    Provisioning,
)
from homeport.directory.devices.api import AssociationsApi, DeviceGroupsApi, DevicesApi
from homeport.directory.devices.model import (
    Binding,
    BindingChanged,
    DesiredStateChanged,
    Device,
    DeviceApproved,
    DeviceDeleted,
    DeviceEnrolled,
    DeviceFacts,
    DeviceGroup,
    DevicePolicy,
    OSFamily,
    ProvisioningSetting,
    SshPolicy,
    Subject,
    SubjectKind,
    SudoPolicy,
    Target,
    TargetKind,
)
from homeport.directory.devices.pages import (
    AccessPages,
    AddDevicePages,
    DeviceGroupPages,
    DevicePages,
    DevicePanels,
    PolicyPages,
    ProvisioningPages,
    SelectedDevicesPages,
)
from homeport.directory.devices.store.access import AccessSql
from homeport.directory.devices.store.bindings import BindingSql
from homeport.directory.devices.store.devices import DeviceSql
from homeport.directory.devices.store.enrollment import EnrollmentKeySql
from homeport.directory.devices.store.groups import DeviceGroupSql
from homeport.directory.devices.store.policies import PolicySql
from homeport.directory.devices.store.provisioning import ProvisioningSql, UnixIdSql
from homeport.directory.people.actions import People, UserGroups
from homeport.directory.people.model import (
    User,
    UserActivated,
    UserDeleted,
    UserGroup,
    UserGroupDeleted,
    UserGroupMembersChanged,
    UserState,
    UserSuspended,
)
from homeport.directory.people.store import UserGroupSql, UserSql
from homeport.foundation.database.engine import Database, DatabaseWork, UnitOfWork
from homeport.foundation.http import problems
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin, system
from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.navigation import Shell
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates

ADMIN = system("admin")
FINGERPRINT = "order-root-fingerprint"
KEPT = (BindingChanged, DesiredStateChanged, DeviceApproved, DeviceDeleted, DeviceEnrolled)


def subject_of(who: User | UserGroup) -> Subject:
    return Subject(SubjectKind.USER if isinstance(who, User) else SubjectKind.USER_GROUP, who.id)


def target_of(to: Device | DeviceGroup) -> Target:
    return Target(TargetKind.DEVICE if isinstance(to, Device) else TargetKind.DEVICE_GROUP, to.id)


@dataclass
class Directory:
    """Everything below sign-in; `last_uid` narrows the range of uids."""

    database: Database
    clock: Any
    entropy: Any
    last_uid: int = 59_999
    events: list[Event] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        subscriptions = self.database.subscriptions
        for kind, verb in (
            (UserSuspended, "suspend_all_of_user"),
            (UserActivated, "activate_all_of_user"),
            (UserDeleted, "remove_all_of_user"),
        ):
            subscriptions.subscribe(kind, self._handler(verb))
        subscriptions.subscribe(UserDeleted, lambda unit, event: self.actions(unit).access.forget_user(event.user_id))
        subscriptions.subscribe(UserGroupDeleted, self._user_group_deleted)
        subscriptions.subscribe(UserGroupMembersChanged, self._user_group_changed)
        for kind in KEPT:
            subscriptions.subscribe(kind, lambda _unit, event: self.events.append(event))

    def _user_group_deleted(self, unit, event):
        actions = self.actions(unit)
        actions.access.forget_user_group(event.group_id)
        actions.provisioning.forget_user_group(event.group_id)

    def _user_group_changed(self, unit, event):
        actions, user_ids = self.actions(unit), event.added + event.removed
        actions.access.user_group_changed(event.group_id, user_ids)
        actions.provisioning.user_group_changed(event.group_id, user_ids)

    def _handler(self, verb):
        return lambda unit, event: getattr(self.actions(unit).bindings, verb)(event.user_id)

    def actions(self, unit: UnitOfWork) -> DeviceActions:
        connection = unit.connection
        audit = self.audit(unit)
        groups = DeviceGroupSql(connection)
        devices, bindings, keys = DeviceSql(connection), BindingSql(connection), EnrollmentKeySql(connection)
        settings, uids = ProvisioningSql(connection), UnixIdSql(connection, last=self.last_uid)
        access, users = AccessSql(connection), UserSql(connection)
        bound = Bindings(bindings, devices, uids, settings, users, access, self.clock, self.entropy, unit, audit)
        policies = Policies(PolicySql(connection), devices, groups, settings, self.clock, unit, audit)
        return DeviceActions(
            Devices(devices, groups, access, bound, policies, self.clock, unit, audit),
            EnrollmentKeys(keys, groups, self.clock, self.entropy, audit, lambda: FINGERPRINT),
            Enrollment(keys, devices, groups, self.clock, self.entropy, unit, audit),
            bound,
            Provisioning(settings, uids, bound, policies, audit),
            DeviceGroups(groups, devices, keys, access, bound, policies, self.clock, self.entropy, audit),
            Access(access, devices, groups, bound, policies, self.clock, audit),
            UserGroups(UserGroupSql(connection), audit, self.clock, self.entropy, unit),
            policies,
            Passcodes(bindings, devices, unit, audit),
        )

    def audit(self, unit: UnitOfWork) -> Audit:
        return Audit(AuditStore(unit.connection), self.clock, self.entropy)

    def people(self, unit: UnitOfWork) -> People:
        store = UserSql(unit.connection)
        return People(store, BindingSql(unit.connection), self.audit(unit), self.clock, self.entropy, unit)

    @property
    def work(self) -> DatabaseWork[DeviceActions]:
        return DatabaseWork(self.database, self.actions)

    def write(self):
        return self.work.write()

    def read(self):
        return self.work.read()

    @contextmanager
    def changing_people(self) -> Iterator[People]:
        with self.database.write() as unit:
            yield self.people(unit)

    def a_user(self, username: str = "", state: UserState = UserState.ACTIVATED) -> User:
        name = username or f"person{next(self._numbers)}"
        with self.changing_people() as people:
            return people.create(ADMIN, username=name, email=f"{name}@example.com", firstname="Ada", lastname="L", state=state)

    def set_state(self, user: User, state: UserState) -> User:
        with self.changing_people() as people:
            return people.change_state(ADMIN, user.id, state)

    def a_key(self, max_uses: int = 1, **more: Any) -> str:
        with self.write() as actions:
            return actions.keys.create(ADMIN, "Lab", max_uses, **more)[1]

    def a_device(self, key: str = "", *, thumbprint: str = "", machine_id: str = "") -> Device:
        number = next(self._numbers)
        facts = DeviceFacts(f"lab-{number}", f"S{number}", machine_id or f"machine{number}", "linux", "Debian GNU/Linux", "12")
        jwk = {"kty": "EC", "crv": "P-256", "x": f"x{number}", "y": f"y{number}"}
        text = key or self.a_key()
        with self.write() as actions:
            return actions.enrollment.enroll(text, jwk, thumbprint or f"{number:043d}", facts, Origin("192.0.2.7"))[0]

    def a_group(self, name: str = "", *devices: Device) -> DeviceGroup:
        with self.write() as actions:
            group = actions.groups.create(ADMIN, name or f"group {next(self._numbers)}")
            actions.groups.join(ADMIN, group.id, [device.id for device in devices])
        return group

    @contextmanager
    def changing_user_groups(self) -> Iterator[UserGroups]:
        with self.database.write() as unit:
            yield UserGroups(UserGroupSql(unit.connection), self.audit(unit), self.clock, self.entropy, unit)

    def a_user_group(self, name: str = "", *users: User) -> UserGroup:
        with self.changing_user_groups() as groups:
            group = groups.create(ADMIN, name=name or f"people {next(self._numbers)}")
            groups.add_members(ADMIN, group.id, [user.id for user in users])
        return group

    def assign(self, who: User | UserGroup, to: Device | DeviceGroup) -> bool:
        with self.write() as actions:
            return actions.access.assign(ADMIN, subject_of(who), target_of(to))

    def unassign(self, who: User | UserGroup, to: Device | DeviceGroup) -> bool:
        with self.write() as actions:
            return actions.access.unassign(ADMIN, subject_of(who), target_of(to))

    def limit(self, to: Device | DeviceGroup, *, limited: bool = True) -> None:
        with self.write() as actions:
            if isinstance(to, Device):
                actions.access.limit_device(ADMIN, to.id, limited=limited)
            else:
                actions.access.limit_group(ADMIN, to.id, limited=limited)

    def say(self, to: Device | DeviceGroup, ssh: SshPolicy | None = None, sudo: SudoPolicy | None = None) -> None:
        with self.write() as actions:
            actions.policies.set(ADMIN, target_of(to), DevicePolicy(ssh, sudo))

    def provision(self, **settings: Any) -> None:
        with self.write() as actions:
            actions.provisioning.set(ADMIN, ProvisioningSetting(OSFamily.LINUX, **{"enabled": True, **settings}))

    def admit(self, user: User, device: Device, sign_in_id: str = "s1") -> Any:
        with self.write() as actions:
            return actions.bindings.admit(user, device, sign_in_id)

    def binding(self, binding_id: str) -> Binding:
        with self.read() as actions:
            return actions.bindings.get(ADMIN, binding_id)

    def happened(self, kind: type[Event]) -> list[Any]:
        found = [event for event in self.events if type(event) is kind]
        self.events.clear()
        return found


@pytest.fixture
def admin():
    return ADMIN


@pytest.fixture
def directory(sqlite_database, clock, entropy):
    """The directory on SQLite, for rules that do not depend on the database."""
    return Directory(sqlite_database, clock, entropy)


@pytest.fixture
def each_directory(database, clock, entropy):
    """The directory on SQLite and on PostgreSQL, for stores and races."""
    return Directory(database, clock, entropy)


READER = Actor(
    ActorKind.ADMINISTRATOR,
    "reader",
    "reader",
    frozenset({Permission.DEVICES_READ, Permission.GROUPS_READ, Permission.PROVISIONING_READ}),
    role="Read Only",
)
MANAGER = Actor(
    ActorKind.ADMINISTRATOR,
    "m1",
    "manager",
    READER.permissions | {Permission.GROUPS_WRITE, Permission.DEVICES_WRITE},
    authenticated_at=READER.authenticated_at,
    role="Manager",
)
SINCE_LONG = replace(ADMIN, session_id="s", authenticated_at=datetime(2020, 1, 1, tzinfo=UTC))
CALLERS = {"admin": ADMIN, "admin since long": SINCE_LONG, "reader": READER, "manager": MANAGER}


@pytest.fixture(scope="session")
def templates():
    return Templates(
        Assets(),
        shell_for=lambda request: Shell(name="Ada", permissions=frozenset(one.value for one in request.state.actor.permissions)),
    )


@pytest.fixture
def panels(directory, templates):
    """The sections that other slices' pages show."""
    return DevicePanels(directory.work, templates)


@pytest.fixture
def caller(directory, templates):
    """Give a client of the slice's own routes that acts as `admin`, `reader` or nobody."""
    app = FastAPI()
    app.state.authenticate_key = lambda request: CALLERS.get(request.headers.get("x-api-key", ""))
    app.state.authenticate_session = lambda request: CALLERS.get(request.headers.get("x-test-session", ""))
    problems.install(app, lambda _request, status, title, detail: HTMLResponse(f"{title}: {detail}", status))
    sections = Panels()
    sections.register("device", lambda device, _actor: f"section about {device.name}")
    for part in (
        DevicesApi(directory.work),
        DeviceGroupsApi(directory.work),
        AssociationsApi(directory.work),
        AddDevicePages(directory.work, templates, "https://id.example.com"),
        SelectedDevicesPages(directory.work, templates),
        AccessPages(directory.work, templates, TargetKind.DEVICE),
        AccessPages(directory.work, templates, TargetKind.DEVICE_GROUP),
        PolicyPages(directory.work, templates, TargetKind.DEVICE),
        PolicyPages(directory.work, templates, TargetKind.DEVICE_GROUP),
        DevicePages(directory.work, templates, sections),
        DeviceGroupPages(directory.work, templates, sections),
        *(ProvisioningPages(directory.work, templates, family) for family in OSFamily),
    ):
        app.include_router(part.router())

    def client(name: str = "admin") -> TestClient:
        return TestClient(app, headers={"x-api-key": name, "x-test-session": name}, follow_redirects=False)

    return client
