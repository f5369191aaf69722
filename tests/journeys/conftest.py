"""What the journeys share: one installation of each worker, set up once by an administrator in the browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.journeys.approval import Person
from tests.journeys.installation import Installation, install
from tests.journeys.machine import Machine, set_up
from tests.journeys.portal import Portal
from tests.support.processes import Programs

PEOPLE = (("Ada", "Lovelace"), ("Grace", "Hopper"), ("Alan", "Turing"), ("Katherine", "Johnson"))


@pytest.fixture(scope="session")
def _worker_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Programs() as programs:
        yield install(tmp_path_factory.mktemp("homeport"), programs)


@pytest.fixture(scope="session")
def _prepared() -> set[str]:
    """The servers that an administrator has set up."""
    return set()


@pytest.fixture
def installation(_worker_installation: Installation, _prepared: set[str], new_context) -> Installation:
    """This worker's installation: Okta connected, Linux enabled for several people, four people in the directory."""
    if _worker_installation.server not in _prepared:
        portal = Portal(new_context().new_page(), _worker_installation)
        portal.accept_link(_worker_installation.admin_link())
        portal.add_okta()
        portal.allow_linux()
        for first, last in PEOPLE:
            portal.add_user(first.lower(), f"{first}.{last}@acme.example".lower(), first, last)
        _prepared.add(_worker_installation.server)
    _worker_installation.okta.sign_everyone_out()
    return _worker_installation


@pytest.fixture
def empty_installation(tmp_path: Path, programs: Programs) -> Installation:
    """An installation that nobody has set up yet; it ends with the test."""
    return install(tmp_path / "homeport", programs)


@pytest.fixture
def portal(installation: Installation, new_context) -> Portal:
    """A signed-in administrator."""
    portal = Portal(new_context().new_page(), installation)
    portal.sign_in()
    return portal


@pytest.fixture
def person(installation: Installation, new_context) -> Person:
    """Somebody with a fresh browser."""
    return Person(new_context().new_page(), installation)


@pytest.fixture
def new_machine(tmp_path: Path, programs: Programs) -> Callable[[str], Machine]:
    """`new_machine("lab-7")` lays out a machine that is not enrolled yet."""
    return lambda name: set_up(tmp_path, name, programs)


@pytest.fixture
def machine(portal: Portal, new_machine: Callable[[str], Machine], request: pytest.FixtureRequest) -> Machine:
    """An enrolled machine of this test's own, so that the limits per machine stay out of the way."""
    name = f"lab-{abs(hash(request.node.nodeid)) % 100000}"
    machine = new_machine(name)
    machine.enroll(portal.installation.server, portal.make_enrollment_key(name))
    return machine
