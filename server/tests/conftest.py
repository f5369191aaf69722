"""What every test of the server can ask for: a real database of each kind, a clock to set, repeatable ids."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from tests.support import house
from tests.support.logs import known
from tests.support.tables import Kept, Templates

from homeport.foundation.kernel.entropy import SystemEntropy


class SetClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.present = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.present

    def forward(self, **amount: float) -> None:
        self.present += timedelta(**amount)


class CountingEntropy:
    """Ids and secrets that differ from one another and are the same in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"01a20a00-0000-7000-8000-{next(self._numbers):012x}"

    def token(self, size: int = 32) -> str:
        text = hashlib.sha256(str(next(self._numbers)).encode()).hexdigest() * 2
        return known("a token", text[: -(-size * 4 // 3)])

    def digits(self, count: int) -> str:
        return f"{next(self._numbers) * 7919 % 10**count:0{count}d}"

    def user_code(self) -> str:
        number = next(self._numbers)
        letters = "".join("BCDFGHJKLMNPQRSTVWXZ"[number // 20**place % 20] for place in range(8))
        return f"{letters[:4]}-{letters[4:]}"


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def entropy():
    return CountingEntropy()


@pytest.fixture(scope="session")
def _templates(tmp_path_factory):
    return Templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def _kept(postgresql):
    return Kept(postgresql)


@pytest.fixture
def sqlite_database(tmp_path, _templates):
    """An empty SQLite database with the tables of all slices that the test imported."""
    database = _templates.copy(tmp_path)
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """The same on SQLite and on PostgreSQL, one after the other."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
    else:
        found = request.getfixturevalue("_kept").open()
        yield found
        found.dispose()


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory):
    return tmp_path_factory.mktemp("migrated") / "homeport.sqlite"


@pytest.fixture
def sqlite_house(tmp_path, _migrated, clock):
    """The whole server in this process, on SQLite; see tests/support/house.py."""
    opened = house.on_sqlite(tmp_path, _migrated, clock, SystemEntropy())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory, _migrated):
    """One for all tests of a file, on SQLite, with its own clock; each test brings its own people and devices."""
    opened = house.on_sqlite(tmp_path_factory.mktemp("shared"), _migrated, SetClock(), SystemEntropy())
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def each_house(request, tmp_path_factory, _migrated):
    """One for all tests of a file on SQLite, then one on PostgreSQL."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        opened = house.on_sqlite(folder, _migrated, SetClock(), SystemEntropy())
    else:
        opened = house.on_postgresql(folder, request.getfixturevalue("postgresql"), SetClock(), SystemEntropy())
    yield opened
    opened.close()


@pytest.fixture
def postgresql_house(tmp_path, postgresql, clock):
    """The same on PostgreSQL."""
    opened = house.on_postgresql(tmp_path, postgresql, clock, SystemEntropy())
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_house(request):
    """The same on SQLite and on PostgreSQL, one after the other."""
    return request.getfixturevalue(f"{request.param}_house")
