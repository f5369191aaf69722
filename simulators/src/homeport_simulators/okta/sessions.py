"""Sessions at the provider, in its own cookie."""

from starlette.requests import Request
from starlette.responses import Response

from homeport_simulators.okta.directory import Status, User
from homeport_simulators.okta.grants import Session
from homeport_simulators.okta.org import Org


def current(org: Org, request: Request) -> Session | None:
    """Return the browser's session, unless its user may no longer sign in."""
    session = org.grants.sessions.get(request.cookies.get(org.session_cookie, ""))
    if session is None:
        return None
    user = org.directory.users.get(session.user_id)
    return session if user is not None and user.status is Status.ACTIVE else None


def start(org: Org, user: User) -> Session:
    """Begin a session for a person who just proved their password."""
    session = Session(id=org.ids.token(), user_id=user.id, auth_time=org.clock.now())
    org.grants.sessions[session.id] = session
    return session


def set_cookie(org: Org, response: Response, session: Session) -> None:
    """Hand the browser its session; `Lax`, since the person arrives by a link from another site."""
    secure = org.issuer.startswith("https:")
    response.set_cookie(org.session_cookie, session.id, path="/", httponly=True, samesite="lax", secure=secure)


def end(org: Org, request: Request, response: Response) -> None:
    """Forget the browser's session on both sides."""
    org.grants.sessions.pop(request.cookies.get(org.session_cookie, ""), None)
    response.delete_cookie(org.session_cookie, path="/")
