"""The cookies of a way in, and who the session's cookie stands for."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import SignInRequired, origin_of
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.trust.signin.password.actions import Sessions


@dataclass(frozen=True, slots=True)
class Cookies:
    """A way in's three cookies. `code` holds the token of a sign-in between password and code; it opens no page but that one."""

    session: str
    browser: str
    code: str


@dataclass(frozen=True, slots=True)
class SessionAuthenticator:
    """Reads the session cookie; what `app.state.authenticate_session` holds.

    Whoever must set up a second factor first is led to `set_up`; nothing but `open_without_factor` works for them.
    """

    work: Work[Sessions]
    clock: Clock
    cookie: str
    set_up: str
    open_without_factor: tuple[str, ...]

    def __call__(self, request: Request) -> Actor | None:
        """Return whose session the request carries, or None."""
        token = request.cookies.get(self.cookie, "")
        if not token:
            return None
        with self.work.read() as sessions:
            session = sessions.find(token)
            actor = sessions.actor(session, origin_of(request)) if session is not None else None
        if session is not None and actor is None:
            with self.work.write() as sessions:
                sessions.end_denied(session, origin_of(request))
        if session is not None and actor is not None and session.to_touch(self.clock.now()):
            with self.work.write() as sessions:
                sessions.touch(session)
        if actor is not None and actor.lacks_factor and request.url.path not in self.open_without_factor:
            raise SignInRequired(self.set_up)
        return actor


def set_cookie(answer: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set one of the cookies of the way in."""
    # Secure also on http://localhost: browsers count it as trustworthy.
    answer.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def delete_cookie(answer: Response, name: str) -> None:
    """Make the browser forget one of the cookies of the way in."""
    answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
