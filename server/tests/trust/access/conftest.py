"""Administrators who sign in by the real sign-in, in a real house."""

import pytest
from tests.support.access import Scene


@pytest.fixture
def scene(each_house):
    """Empty again, on SQLite and on PostgreSQL."""
    each_house.empty()
    return Scene(each_house)
