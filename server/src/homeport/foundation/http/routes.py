"""Routes that are made when they are used: a start makes hundreds of them, and most processes are asked for a few.

FastAPI looks at every parameter of a route, and makes validators of them, as soon as the route is named. That was a quarter of
a start. Here a route first knows only what finding it takes: its path and its methods. The pattern of its path is compiled
when a request's path has the words that the route's begins with.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match, compile_path, get_name
from starlette.types import Scope

_PATTERN = ("path_regex", "path_format", "param_convertors")
"""What Starlette makes of a path, by the names under which a route keeps it."""


class Route(APIRoute):
    """A route that FastAPI makes when somebody asks for more than its path and methods: its first request, or the OpenAPI document.

    A route that cannot be made says so then; the tests ask every route.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.told = (path, endpoint, options)
        self.making = Lock()
        self.path, self.endpoint = path, endpoint
        self.name = options.get("name") or get_name(endpoint)
        self.methods = {method.upper() for method in options.get("methods") or ("GET",)}
        self.include_in_schema = options.get("include_in_schema", True)
        self.beginning = path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether the route answers. A request asks this of hundreds, and few of them need more than a look at their words.

        The beginning is looked for anywhere, since a router around this one, or a proxy's root path, may stand before it.
        """
        if self.beginning not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

    def __getattr__(self, name: str) -> Any:
        """Make the rest of the route, when it is asked for what was not made yet."""
        if "told" not in vars(self):
            raise AttributeError(name)
        if name in _PATTERN:
            vars(self).update(zip(_PATTERN, compile_path(self.path), strict=True))
            return vars(self)[name]
        with self.making:
            if "app" not in vars(self):
                path, endpoint, options = self.told
                vars(self).update(vars(APIRoute(path, endpoint, **options)))  # at once: another thread never sees half a route
        if name not in vars(self):
            raise AttributeError(name)
        return vars(self)[name]


class Router(APIRouter):
    """FastAPI's router, with routes that are made when they are used.

    One inside another gives its routes away, `outer.routes.extend(inner.routes)`: with `include_router` FastAPI makes each of them a
    second time, and looks through them three times at every request.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, **options)
