"""What the journeys share: one installation of each worker, set up once, with an administrator who signed in in the browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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


@dataclass
class Kept:
    """What a worker keeps from test to test: whether its installation is set up and filled, the administrator's cookies, a machine."""

    prepared: bool = False
    filled: bool = False
    signed_in: Any = None
    machine: Machine | None = None


@pytest.fixture(scope="session")
def _kept() -> Kept:
    return Kept()


@pytest.fixture
def installation(_worker_installation: Installation, _kept: Kept, new_context) -> Installation:
    """This worker's installation: Okta connected, Linux enabled for several people, four people in the directory."""
    if not _kept.prepared:
        portal = Portal(new_context().new_page(), _worker_installation)
        portal.accept_link(_worker_installation.link())
        _worker_installation.connect_okta()
        _worker_installation.allow_linux()
        _worker_installation.add_people(*PEOPLE)
        _kept.signed_in = portal.page.context.storage_state()
        _kept.prepared = True
    _worker_installation.okta.sign_everyone_out()
    return _worker_installation


@pytest.fixture
def empty_installation(tmp_path: Path, programs: Programs) -> Installation:
    """An installation that nobody has set up yet; it ends with the test."""
    return install(tmp_path / "homeport", programs)


@pytest.fixture
def portal(installation: Installation, _kept: Kept, new_context) -> Iterator[Portal]:
    """A signed-in administrator; what the test leaves of the session serves the next one, since a code is good once."""
    portal = Portal(new_context(storage_state=_kept.signed_in).new_page(), installation)
    portal.page.goto(f"{installation.server}/admin")
    if "/signin" in portal.page.url:  # giving the password again has replaced the session
        portal.sign_in()
    yield portal
    _kept.signed_in = portal.page.context.storage_state()


@pytest.fixture
def person(installation: Installation, new_context) -> Person:
    """Somebody with a fresh browser."""
    return Person(new_context().new_page(), installation)


@pytest.fixture
def new_machine(tmp_path: Path, programs: Programs) -> Callable[[str], Machine]:
    """`new_machine("lab-7")` lays out a machine that is not enrolled yet."""
    return lambda name: set_up(tmp_path, name, programs)


@pytest.fixture
def machine(portal: Portal, _kept: Kept, programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The worker's enrolled machine; its agent's daemon does not run."""
    if _kept.machine is None:
        machine = set_up(tmp_path_factory.mktemp("machines"), "lab-12", programs)
        machine.enroll(portal.installation.server, portal.make_enrollment_key("Room 12"))
        _kept.machine = machine
    return replace(_kept.machine, programs=programs)
