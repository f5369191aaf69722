"""The world of a worker: one server and one simulated Okta, shared by all hostile cases that leave it as it was."""

from collections.abc import Iterator

import pytest
from tests.hostile.scene import Scene
from tests.hostile.world import World
from tests.support.processes import Programs


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> Iterator[World]:
    with Programs() as programs:
        opened = World.open(tmp_path_factory.mktemp("world"), programs)
        yield opened
        opened.close()


@pytest.fixture
def scene(world) -> Iterator[Scene]:
    """A person and a machine nobody has used yet."""
    opened = Scene.open(world)
    yield opened
    opened.close()
