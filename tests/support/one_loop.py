"""One event loop for all of a worker's `TestClient`s, where Starlette starts and ends a loop and two threads for each request.

It is the faithful way too: a server answers all its requests in one loop. A client that is entered still has a loop of its own.
"""

import contextlib
from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi.testclient import TestClient

_open = contextlib.ExitStack()
_kept: list[BlockingPortal] = []


def portal() -> BlockingPortal:
    """Return the way into the loop, which begins with the first who asks."""
    if not _kept:
        _kept.append(_open.enter_context(start_blocking_portal()))
    return _kept[0]


@contextlib.contextmanager
def _entered_or_kept(client: TestClient) -> Iterator[BlockingPortal]:
    yield client.portal or portal()


def pytest_configure(config: pytest.Config) -> None:
    TestClient._portal_factory = _entered_or_kept


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the loop with the run; a run inside another, of `pytester`, ends it too, and the next request begins another."""
    _kept.clear()
    _open.close()
