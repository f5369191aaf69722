"""How a REST request proves by its API key whose it is."""

from fastapi import Request

from homeport.directory.admins.actions import ApiKeys
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock


class ApiKeyAuthenticator:
    """Reads the header `x-api-key`; what `app.state.authenticate_key` holds."""

    def __init__(self, work: Work[ApiKeys], clock: Clock) -> None:
        self.work = work
        self.clock = clock

    def __call__(self, request: Request) -> Actor | None:
        """Return whose key the request carries, or None."""
        text = request.headers.get("x-api-key", "")
        if not text:
            return None
        origin = origin_of(request)
        with self.work.read() as keys:
            check = keys.check(text, origin)
            actor = keys.actor(check, origin)
        if check.to_note(self.clock.now()):
            with self.work.write() as keys:
                keys.note(check, origin)
        return actor
