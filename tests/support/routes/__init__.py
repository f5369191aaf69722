"""What each guarded route of the server needs, in one place; `server/tests/architecture/test_roles.py` proves every line."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from fastapi import FastAPI
from tests.support.routes.bodies import BODIES
from tests.support.routes.needs import NEEDS
from tests.support.routes.sensitive import SENSITIVE

from homeport.foundation.http.actor import GUARDS

__all__ = ["BODIES", "NEEDS", "SENSITIVE", "guarded_routes"]


def guarded_routes(app: FastAPI, guards: Collection[Callable[..., Any]] = GUARDS) -> Iterator[str]:
    """Method and path of each route that asks who it is."""
    for route in _routes_of(app.routes):
        if hasattr(route, "dependant") and any(call in guards for call in _calls_of(route.dependant)):
            yield from (f"{method} {route.path}" for method in sorted(route.methods))


def _routes_of(routes: Any) -> Iterator[Any]:
    for route in routes:
        if hasattr(route, "original_router"):  # a router that FastAPI includes
            yield from _routes_of(route.original_router.routes)
        else:
            yield route


def _calls_of(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls_of(one)
