"""Routes that are made when they are used: a start makes hundreds of them, and most processes are asked for a few.

FastAPI looks at every parameter of a route, and makes validators of them, as soon as the route is named. That was a quarter of
a start. Here a route first knows only what finding it takes: its path and its methods. The pattern of its path is compiled
when a request's path has the words that the route's begins with.
"""

import json
from collections.abc import Callable, Coroutine
from threading import Lock
from typing import Any

from fastapi import APIRouter, Request, params
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match, compile_path, get_name
from starlette.types import Scope

from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.texts import HALF_A_CHARACTER, is_whole

_PATTERN = ("path_regex", "path_format", "param_convertors")
"""What Starlette makes of a path, by the names under which a route keeps it."""


class _Made(APIRoute):
    """A route as FastAPI makes it, that refuses a JSON body whose texts are none before anything looks at them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request. A form is left out: percent signs and parts of files cannot spell half a character."""
        handle = super().get_route_handler()
        if self.body_field is None or isinstance(self.body_field.field_info, params.Form):
            return handle

        async def answer(request: Request) -> Response:
            _require_texts(await request.body())  # which the request keeps for its next reader
            return await handle(request)

        return answer


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
                vars(self).update(vars(_Made(path, endpoint, **options)))  # at once: another thread never sees half a route
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


def _require_texts(body: bytes) -> None:
    """Raise Invalid for JSON that is no UTF-8 (RFC 8259, section 8.1) or spells half a character; what is no JSON is told later."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("The request's body is no UTF-8. Write JSON as UTF-8, without halves of characters.") from error
    if "\\u" not in text and "\x00" not in text:  # the latter is what UTF-16 looks like
        return
    try:
        whole = is_whole(json.loads(body))
    except (ValueError, RecursionError):
        return
    if not whole:
        raise Invalid(HALF_A_CHARACTER)
