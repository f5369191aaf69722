"""An installation whose devices ask for orders."""

import pytest


@pytest.fixture(scope="module")
def _prepared(each_house):
    each_house.provision()
    each_house.connect()
    each_house.user()
    return each_house


@pytest.fixture
def ready(_prepared):
    """The whole server with a provider, Linux enabled and one person; shared by the tests of a file, on both databases."""
    return _prepared


@pytest.fixture
def client(ready):
    return ready.client


@pytest.fixture
def device(ready):
    """A device of this test's own."""
    return ready.device()


@pytest.fixture
def order_token(ready, client):
    """`order_token(device)` signs ada in on a device and gives the token for the order."""

    def earn(device, name="ada"):
        _, code, number = ready.sign_in(device, name)
        answer = device.poll(client, code, number)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    return earn
