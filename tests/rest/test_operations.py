"""Nothing that the API offers is forgotten by the contract test."""

import pytest
from tests.rest.operations import BODIES, PLACES
from tests.support import house

from homeport.foundation.kernel.clock import SystemClock
from homeport.foundation.kernel.entropy import SystemEntropy


@pytest.fixture
def offered(tmp_path):
    opened = house.on_sqlite(tmp_path, tmp_path / "migrated.sqlite", SystemClock(), SystemEntropy())
    yield opened.client.get("/api/openapi.json").json()["paths"]
    opened.close()


def test_each_path_that_names_something_has_a_place_and_each_body_a_right_one(offered):
    named = {path for path in offered if "{" in path}
    assert [path for path in named if not path.startswith(tuple(beginning for beginning, _ in PLACES))] == []
    bodies = {
        f"{method.upper()} {path}" for path, methods in offered.items() for method in methods if "requestBody" in methods[method]
    }
    assert bodies == set(BODIES)
