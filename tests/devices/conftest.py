"""What the device tests share: one company and one installed Debian for each worker; a machine of its own for each test.

Where no test of a file leaves anything behind but accounts of its own people, they have one machine together: the file is marked
`shares_machine(people=…)`, with the number of people whom its tests bring. Before each test the wire is mended and both of our
processes run again. A terminal may have another number in each test.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.devices.company import Company, Person, Portal, company
from tests.devices.device import Device, device
from tests.support.debian.image import Layers, installed
from tests.support.debian.machine import Machine

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "shares_machine(people): the tests of the file share one machine that has heard of so many people"
    )


@pytest.fixture(scope="session")
def _company() -> Iterator[Company]:
    with company() as opened:
        yield opened


@pytest.fixture(scope="session")
def _layers() -> Iterator[Layers]:
    with installed() as layers:
        yield layers


@pytest.fixture
def acme(_company: Company) -> Company:
    """The worker's organization, set as a new test expects it."""
    _company.set_provisioning()
    return _company


@pytest.fixture(scope="session")
def portal(_company: Company) -> Iterator[Portal]:
    """An administrator's browser, signed in to the portal; once, since each sign-in waits for a fresh code of the authenticator."""
    browser = _company.open_portal()
    with contextlib.closing(browser.client):
        yield Portal(_company, browser)


@pytest.fixture
def new_machine(_layers: Layers, acme: Company) -> Iterator[Callable[[], Machine]]:
    """`new_machine()` boots another machine with the package installed, not enrolled yet."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Machine(_layers, f"lab-{next(_numbers)}", port=acme.port))


@pytest.fixture(scope="module")
def _machine_of_the_file(
    request: pytest.FixtureRequest, _layers: Layers, _company: Company
) -> Iterator[tuple[Device, Iterator[Person]]]:
    """The machine that the tests of a file share, and the people of whom it has heard."""
    _company.set_provisioning()
    mark = request.node.get_closest_marker("shares_machine")
    people = [_company.new_person() for _ in range(mark.kwargs["people"])]
    machine = Machine(_layers, f"lab-{next(_numbers)}", port=_company.port)
    with machine, device(_company, machine, *people) as made:
        yield made, iter(people)


@pytest.fixture
def _somebody(request: pytest.FixtureRequest, acme: Company) -> Callable[[], Person]:
    """Gives somebody who may sign in on `lab` and never did."""
    if request.node.get_closest_marker("shares_machine"):
        people = request.getfixturevalue("_machine_of_the_file")[1]
        return lambda: next(people)
    return acme.new_person


@pytest.fixture
def ada(_somebody: Callable[[], Person]) -> Person:
    """Somebody who may sign in on `lab` and never did."""
    return _somebody()


@pytest.fixture
def bea(_somebody: Callable[[], Person]) -> Person:
    """Somebody else who may."""
    return _somebody()


@pytest.fixture
def lab(request: pytest.FixtureRequest, acme: Company) -> Iterator[Device]:
    """One enrolled machine whose agent runs and has heard of Ada and Bea."""
    if request.node.get_closest_marker("shares_machine"):
        made, _ = request.getfixturevalue("_machine_of_the_file")
        made.mend()
        yield made
        return
    expected = [request.getfixturevalue(name) for name in ("ada", "bea")]
    with device(acme, request.getfixturevalue("new_machine")(), *expected) as made:
        yield made
