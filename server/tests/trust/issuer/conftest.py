"""An installation in which a device can ask for tokens."""

import pytest


@pytest.fixture(scope="module")
def _prepared(shared_house):
    shared_house.provision()
    shared_house.connect()
    shared_house.user()
    return shared_house


@pytest.fixture
def ready(_prepared):
    """The whole server on SQLite: a provider, Linux enabled, one person; shared by the tests of a file."""
    return _prepared


@pytest.fixture
def client(ready):
    return ready.client


@pytest.fixture
def device(ready):
    """A device of this test's own."""
    return ready.device()


@pytest.fixture
def kept(ready, device):
    """`kept("state")` gives that column of the device's authorizations."""
    return lambda column: [
        row[0] for row in ready.sql(f"SELECT {column} FROM device_authorizations WHERE device_id = '{device.id}'")
    ]
