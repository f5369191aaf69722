"""REST routes for sessions: of administrators under /api/users/{id}/sessions, of users under /api/systemusers/{id}/sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.routes import Router
from homeport.foundation.http.wire import PathId
from homeport.trust.signin.password.actions import Sessions
from homeport.trust.signin.password.model import Session
from homeport.trust.signin.password.schemas import SessionBody, SessionList


@dataclass(frozen=True, slots=True)
class SessionsApi:
    """The REST edge of the sessions of one kind of owners, `called` so, which can be seen and ended."""

    work: Work[Sessions]
    prefix: str = "/api/users"
    called: str = "an administrator"
    tag: str = "Administrators"

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix=f"{self.prefix}/{{id}}/sessions", tags=[self.tag])
        router.get("", summary=f"List the sessions of {self.called}")(self.list)
        router.delete("", summary=f"End all sessions of {self.called}")(self.end_all)
        router.delete("/{session_id}", summary=f"End a session of {self.called}")(self.end)
        return router

    def list(self, actor: ApiActor, id: PathId) -> SessionList:  # noqa: A002 - the name of the other routes
        """Return the living sessions, the last used first."""
        with self.work.read() as sessions:
            sessions.owners.get(actor, id)
            return _list(sessions.list_of(actor, id))

    def end_all(self, actor: ApiActor, id: PathId) -> SessionList:  # noqa: A002 - the name of the other routes
        """End all sessions and return which they were."""
        with self.work.write() as sessions:
            sessions.owners.get(actor, id)
            found = sessions.list_of(actor, id)
            sessions.end_all_of(actor, id)
            return _list(found)

    def end(self, actor: ApiActor, id: PathId, session_id: PathId) -> SessionBody:  # noqa: A002 - the name of the other routes
        """End a session and return which it was."""
        with self.work.write() as sessions:
            actor.require(sessions.whose.permission)
            return SessionBody.of(sessions.end_one(actor, session_id, of=id))


def _list(found: Sequence[Session]) -> SessionList:
    return SessionList(totalCount=len(found), sessions=[SessionBody.of(one) for one in found])
