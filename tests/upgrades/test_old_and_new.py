"""An old agent with today's server, today's agent with an old server, and an old database in today's hands."""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from tests.faults.estate import estate, until
from tests.faults.person import sign_in
from tests.support.processes import Programs
from tests.upgrades.old_version import OldEstate, running, unpack

from homeport.bootstrap.home import Home
from homeport.directory.people.model import UserState
from homeport.foundation.database.revision import head
from homeport.settings import Settings

pytestmark = pytest.mark.xdist_group("upgrades")


@pytest.fixture(scope="module")
def old():
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="homeport-upgrades-", dir=base))
    folder.chmod(0o755)
    yield unpack(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def room(old):
    """A folder for one installation."""
    folder = Path(tempfile.mkdtemp(prefix="installation-", dir=old.parent))
    folder.chmod(0o755)
    return folder


def old_agent(old):
    return (*running(old, "agent"), sys.executable, "-m", "homeport_agent")


def bound(place, device, person):
    attempt = sign_in(place, device, person)
    assert attempt.outcome == "bound", attempt


def rows_of(url):
    """All rows of all tables, by table; each as a dict whose values compare the same before and after."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        found = {name: [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {name}"))] for name in names}
    engine.dispose()
    return found


def demand_everything(before, after):
    """Every row that was there is there, with every value it had in columns that are still there."""
    for name, rows in before.items():
        assert name in after, f"the table {name} is gone"
        kept = set(after[name][0]) if after[name] else set()
        here = [{column: repr(value) for column, value in row.items()} for row in after[name]]
        for row in rows:
            wanted = {column: repr(value) for column, value in row.items() if column in kept}
            assert any(wanted.items() <= one.items() for one in here), f"a row of {name} is gone or changed: {wanted}"
    filled = {name for name, rows in before.items() if rows}
    assert {"users", "identity_providers", "provisioning_settings", "audit_entries", "audit_batches", "order_keys"} <= filled


def test_an_old_agent_enrols_signs_in_suspends_and_reports_with_todays_server(old):
    with estate(people=2) as place:
        place.serve()
        (device,) = place.add_devices(1, words=old_agent(old))
        device.keep()
        bound(place, device, "ada")
        until(place.settled, "the old agent's report")
        assert set(device.accounts()) == {"ada"}
        place.set_state("ada", UserState.SUSPENDED)
        until(lambda: device.expired("ada") and place.settled(), "the suspension, and its report")
        place.set_state("ada", UserState.ACTIVATED)
        until(lambda: not device.expired("ada") and place.settled(), "the account's return, and its report")


def test_todays_agent_works_with_the_old_server_and_both_agents_go_on_after_the_migration(old, room):
    with Programs() as programs:
        place = OldEstate.open(room, old, programs)
        place.serve()
        first, second = place.by_the_old("key", "1", "+", "key", "1").split()
        young, aged = place.add("lab-young", first), place.add("lab-aged", second, old_agent(old))
        bound(place, young, "ada")
        bound(place, aged, "bea")
        until(place.settled, "both agents' reports")
        place.by_the_old("state", "ada", "SUSPENDED")
        place.nudge()
        until(lambda: young.expired("ada") and place.settled(), "the suspension by the old server")

        place.stop()  # first, because every question of an agent is noted at its device
        before = place.everything()
        refused = place.command("serve")
        assert refused.returncode == 2
        assert "homeport migrate" in refused.stderr
        migrated = place.upgrade()
        assert (migrated.returncode, migrated.stdout) == (0, f"The schema is {head()} now.\n")
        del before["alembic_version"]
        demand_everything(before, place.everything())
        verified = place.command("audit", "verify")
        assert verified.returncode == 0, verified.stdout
        place.serve()

        place.set_state("ada", UserState.ACTIVATED)
        place.set_state("bea", UserState.SUSPENDED)
        done = lambda: aged.expired("bea") and not young.expired("ada") and place.settled()  # noqa: E731 - read once
        until(done, "orders of today's server at devices of the old one")
        bound(place, aged, "cyd")
        bound(place, young, "cyd")
        until(place.settled, "both agents' reports")
        assert set(aged.accounts()) == {"bea", "cyd"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_old_database_is_migrated_with_everything_in_it(old, room, kind, request):
    url = request.getfixturevalue("empty_database").sqlalchemy_url if kind == "postgresql" else ""
    with Programs() as programs:
        place = OldEstate.open(room, old, programs, url, then=("state", "cyd", "SUSPENDED"))
        settings = Settings.read({**os.environ, **place.environment})
        before = rows_of(settings.database)
        assert place.upgrade().returncode == 0
        demand_everything(before, rows_of(settings.database))
        home = Home(settings)
        with contextlib.closing(home.parts.database.engine.raw_connection()):
            home.require_sealing_key()
        assert home.audit_sealer.verify().holds
        home.parts.database.dispose()
        assert place.command("migrate").stdout == f"The schema was {head()} already.\n"
