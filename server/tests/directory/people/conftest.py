import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.store import AuditStore
from homeport.directory.people.actions import Imports, People, PeopleActions, UserGroups
from homeport.directory.people.actions.import_rows import RowImport
from homeport.directory.people.api import PeopleApi, UserGroupsApi
from homeport.directory.people.jobs import KIND, ImportJob
from homeport.directory.people.model.imports import Meaning, Phase
from homeport.directory.people.pages import BulkPages, ImportPages, PeoplePages, UserGroupPages
from homeport.directory.people.store import ImportSql, UserGroupSql, UserSql
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.jobs.worker import Worker
from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates

ROOT = system("root")
BOSS = Actor(ActorKind.ADMINISTRATOR, "b", "boss@example.com", frozenset(Permission), role="Administrator with Billing")


class Usage:
    """Stands where the bindings will: says on how many devices each user has an account."""

    def __init__(self):
        self.counts, self.on_macs = {}, 0

    def count_bindings(self, user_id):
        return self.counts.get(user_id, 0)

    def count_bindings_of_all(self, user_ids):
        return sum(self.counts.get(user_id, 0) for user_id in user_ids)

    def count_unlockable(self, _user_ids):
        return self.on_macs

    def unix_ids(self, user_ids):
        return {user_id: 20000 + self.counts[user_id] for user_id in user_ids if user_id in self.counts}


@pytest.fixture
def usage():
    return Usage()


@pytest.fixture
def build(clock, entropy, usage):
    """Makes the actions over a unit of work, as bootstrap does."""

    def over(unit):
        audit = Audit(AuditStore(unit.connection), clock, entropy)
        return People(UserSql(unit.connection), usage, audit, clock, entropy, unit)

    return over


@pytest.fixture
def build_imports(clock, entropy, build, build_groups):
    """Makes the imports over a unit of work, as bootstrap does."""

    def over(unit):
        audit, store = Audit(AuditStore(unit.connection), clock, entropy), ImportSql(unit.connection)
        rows = RowImport(store, build(unit), build_groups(unit), audit, clock, entropy)
        return Imports(store, rows, Jobs(unit.connection, clock, entropy), audit, clock, entropy)

    return over


@pytest.fixture
def build_all(build, build_groups, build_imports):
    """Makes what the edges of the slice hold."""
    return lambda unit: PeopleActions(build(unit), build_groups(unit), build_imports(unit))


@pytest.fixture
def build_groups(clock, entropy):
    """Makes the actions on user groups over a unit of work, as bootstrap does."""

    def over(unit):
        audit = Audit(AuditStore(unit.connection), clock, entropy)
        return UserGroups(UserGroupSql(unit.connection), audit, clock, entropy, unit)

    return over


class Desk:
    """Somebody with files to import, over one database, and the worker that does it."""

    def __init__(self, database, clock, entropy, build_all, build_imports):
        self.database, self.build = database, build_all
        self.clock, job = clock, ImportJob(database, build_imports)
        self.worker = Worker(database, clock, entropy, {KIND: job}, {KIND: job.give_up})

    def do(self, deed):
        with self.database.write() as unit:
            return deed(self.build(unit))

    def upload(self, text):
        content = text.encode() if isinstance(text, str) else text
        size = max(50, len(content) // 100)  # some parts of every file, without ten thousand of a large one
        parts = [content[start : start + size] for start in range(0, len(content), size)]
        return self.do(lambda act: act.imports.upload(ROOT, "people.csv", parts))

    def check(self, text, **meant):
        one = self.upload(text)
        meaning = Meaning(one.meaning.encoding, one.meaning.delimiter, one.meaning.columns, **meant)
        self.do(lambda act: act.imports.check(ROOT, one.id, meaning))
        self.worker.run_due()
        return self.get(one.id)

    def run(self, text, **meant):
        one = self.check(text, **meant)
        assert one.phase is Phase.CHECKED, one.problem
        self.do(lambda act: act.imports.run(ROOT, one.id))
        self.worker.run_due()
        return self.get(one.id)

    def run_until_nothing_is_due(self):
        """Let the job be tried as often as it may be."""
        for _ in range(6):
            self.worker.run_due()
            self.clock.forward(hours=1)

    def get(self, import_id):
        return self.do(lambda act: act.imports.get(ROOT, import_id))

    def refused(self, one):
        return [(row.line, row.field) for row in self.do(lambda act: act.imports.refusals(ROOT, one.id))]

    def users(self):
        return {user.username: user for user in self.do(lambda act: act.people.list(ROOT, Listing(limit=5000))).items}

    def groups(self, username):
        user = self.users()[username]
        return [group.name for group in self.do(lambda act: act.groups.groups_of(ROOT, user.id))]


@pytest.fixture
def desk(database, clock, entropy, build_all, build_imports):
    return Desk(database, clock, entropy, build_all, build_imports)


@pytest.fixture
def sqlite_desk(sqlite_database, clock, entropy, build_all, build_imports):
    """For what the database has no part in."""
    return Desk(sqlite_database, clock, entropy, build_all, build_imports)


@pytest.fixture
def client(sqlite_database, build, build_all):
    """The slice's routes over HTTP; `client.app.state.who` is who asks."""
    app = FastAPI()
    app.state.authenticate_key = app.state.authenticate_session = lambda _request: app.state.who
    app.state.who = BOSS
    work, templates, panels = DatabaseWork(sqlite_database, build_all), Templates(Assets()), Panels()
    panels.register("user", lambda user, _actor: f"A panel about {user.username}.")
    for router in (
        PeopleApi(DatabaseWork(sqlite_database, build)).router(),
        UserGroupsApi(work).router(),
        ImportPages(work, templates).router(),
        BulkPages(work, templates).router(),
        UserGroupPages(work, templates, panels).router(),
        PeoplePages(work, templates, panels).router(),
    ):
        app.include_router(router)
    problems.install(app, lambda _request, status, title, detail: PlainTextResponse(f"{title}: {detail}", status))
    return TestClient(app, follow_redirects=False)
