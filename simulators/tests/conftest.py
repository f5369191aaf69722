from collections.abc import Iterator

import pytest

from homeport_simulators.okta.demo import Demo
from homeport_simulators.okta.serve import running

CALLBACK = "http://localhost:8080/oauth/callback/acme"


@pytest.fixture(scope="module")
def ready() -> Iterator[dict]:
    with running(demo=Demo(redirect_uris=[CALLBACK])) as line:
        yield line
