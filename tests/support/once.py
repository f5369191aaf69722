"""What the frameworks make anew for each application, and tests make hundreds of applications: made when it is used, and once.

A server that runs makes one application and pays once; `tests/journeys` and all that start a real server look at that.
"""

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from fastapi._compat.v2 import ModelField
from jinja2 import Environment
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from homeport.foundation.http import routes

if TYPE_CHECKING:
    import pytest  # which `warm` does without


def _adapters_when_used() -> None:
    """Let a field of a route make its pydantic adapter when the first request comes, and not for all routes of each application."""
    make = ModelField.__post_init__

    def adapter(field: ModelField) -> Any:
        make(field)  # puts the adapter where this property keeps it
        return vars(field)["_type_adapter"]

    kept = cached_property(adapter)
    kept.__set_name__(ModelField, "_type_adapter")
    ModelField._type_adapter = kept
    ModelField.__post_init__ = lambda _field: None


def _paths_compiled_once() -> None:
    """Keep the pattern that a route's path is: all applications have the same five hundred."""
    routes.compile_path = cache(routes.compile_path)


def templates_compiled_once() -> None:
    """Keep the code that Jinja makes of a template: it follows from the text and the rules of the environment."""
    make, kept = Environment.compile, {}

    def compiled(rules: Environment, source: Any, name: Any = None, filename: Any = None, **more: Any) -> Any:
        written = (rules.autoescape, rules.trim_blocks, rules.lstrip_blocks, rules.undefined, *rules.filters, *rules.tests)
        key = (source, name, filename, *more.items(), written)
        if not isinstance(source, str):
            return make(rules, source, name, filename, **more)
        if key not in kept:
            kept[key] = make(rules, source, name, filename, **more)
        return kept[key]

    Environment.compile = compiled


class Statements:
    """The compiled statements of all engines: a dialect counts for what it is, not for the engine that made it."""

    def __init__(self) -> None:
        self._kept = LRUCache(4000)

    def get(self, key: tuple[Any, ...]) -> Any:
        return self._kept.get(_of_any_engine(key))

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self._kept[_of_any_engine(key)] = compiled

    def clear(self) -> None:
        self._kept.clear()


def _of_any_engine(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *statement = key
    return (dialect.name, dialect.driver, getattr(dialect, "server_version_info", None), *statement)


def _statements_compiled_once() -> None:
    """Keep the SQL that SQLAlchemy makes of a statement beyond the engine, since a test has an engine of its own."""
    kept = Statements()
    Engine._compiled_cache = property(lambda _engine: kept, lambda _engine, _own: None)


def pytest_configure(config: "pytest.Config") -> None:
    if not hasattr(ModelField, "_type_adapter"):
        _adapters_when_used()
        _paths_compiled_once()
        templates_compiled_once()
        _statements_compiled_once()
