"""What the device tests share: one company and one installed Debian for each worker; a machine of its own for each test."""

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


@pytest.fixture
def ada(acme: Company) -> Person:
    """Somebody who may sign in on `lab` and never did."""
    return acme.new_person()


@pytest.fixture
def bea(acme: Company) -> Person:
    """Somebody else who may."""
    return acme.new_person()


@pytest.fixture
def lab(acme: Company, ada: Person, bea: Person, new_machine: Callable[[], Machine]) -> Iterator[Device]:
    """One enrolled machine whose agent runs and has heard of Ada and Bea."""
    with device(acme, new_machine(), ada, bea) as made:
        yield made
