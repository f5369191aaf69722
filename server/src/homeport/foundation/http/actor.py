"""Who is asking: dependencies for routes. How a key or a session is checked is registered by bootstrap."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request

from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.errors import HomeportError, Unauthenticated


class SignInRequired(HomeportError):  # noqa: N818 - answered by a redirect, not by an error
    """A page needs an administrator to sign in first; `location` is where to."""

    def __init__(self, location: str) -> None:
        super().__init__("Sign in to continue.")
        self.location = location


DEVICE_COOKIE = "__Host-homeport-device"
"""Says that a device's agent began the sign-ins of this browser; `trust.access` hands it out and judges it."""
Authenticator = Callable[[Request], Actor | None]


def address_of(request: Request) -> str:
    """Return path and query of the request, as an address to come back to."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def origin_of(request: Request) -> Origin:
    """Return where the request came from, as the audit log keeps it. `client` was already corrected for trusted proxies."""
    address = request.client.host if request.client else ""
    client_key = request.scope.get("client_key", "")
    user_agent, request_id = request.headers.get("user-agent", "")[:300], request.scope.get("request_id", "")
    return Origin(address[:64], user_agent, request_id, client_key, request.cookies.get(DEVICE_COOKIE, "")[:100])


def _api_actor(request: Request) -> Actor:
    authenticate: Authenticator = request.app.state.authenticate_key
    actor = authenticate(request)
    if actor is None:
        raise Unauthenticated(
            "Send a valid API key in the header x-api-key. Keys are made in the admin portal under SETTINGS > API Keys."
        )
    return actor


def _page_actor(request: Request) -> Actor:
    authenticate: Authenticator = request.app.state.authenticate_session
    actor = authenticate(request)
    if actor is None:
        # Only a page that is read can be returned to; a form must be opened again.
        target = address_of(request) if request.method == "GET" else "/"
        raise SignInRequired(f"/signin?next={quote(target)}")
    request.state.actor = actor
    return actor


def _user_actor(request: Request) -> Actor:
    authenticate: Authenticator = request.app.state.authenticate_user
    actor = authenticate(request)
    if actor is None:
        target = address_of(request) if request.method == "GET" else "/user"
        raise SignInRequired(f"/user/signin?next={quote(target)}")
    request.state.actor = actor
    return actor


ApiActor = Annotated[Actor, Depends(_api_actor)]
"""A REST route's caller, by API key; 401 without one."""

PageActor = Annotated[Actor, Depends(_page_actor)]
"""A page's signed-in administrator, by session cookie; without one the answer is a redirect to the sign-in page."""

UserActor = Annotated[Actor, Depends(_user_actor)]
"""A page's signed-in user, in the user portal; without one the answer is a redirect to its sign-in page."""

GUARDS: tuple[Callable[..., Any], ...] = (_api_actor, _page_actor)
"""What the test over all routes accepts as a guard of what is administrators'."""
OWN_GUARDS: tuple[Callable[..., Any], ...] = (_user_actor,)
"""The guards of pages on which a user sees their own things; these pages ask for no permission."""
