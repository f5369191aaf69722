"""Where the links and forms of a page lead, and whether somebody may go there."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cache

from tests.support.routes.needs import NEEDS

from homeport.foundation.kernel.permissions import Permission


def not_allowed(known: tuple[str, ...], page: str, held: AbstractSet[Permission]) -> Iterator[str]:
    """The links and forms of a page that lead where these permissions do not; `known` are the routes."""
    links = [("GET", path) for path in re.findall(r'<a [^>]*href="(/admin[^"#?]*)', page)]
    for form in re.findall(r"<form [^>]*>", page):
        action = re.search(r'action="(/[^"#?]*)', form)
        if action and 'method="post"' in form:
            links.append(("POST", action[1]))
    for method, path in dict.fromkeys(links):
        if not {Permission(name) for name in NEEDS.get(_target(known, method, path), "").split()} <= held:
            yield f"{method} {path}"


@cache
def _target(known: tuple[str, ...], method: str, path: str) -> str:
    """The route of an address; the router prefers what is written out, and so does the order of the routes."""
    return next((one for one in known if _pattern(one).fullmatch(f"{method} {path}")), "")


@cache
def _pattern(route: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", route))
