"""How a REST request proves by its API key whose it is."""

from fastapi import Request

from homeport.directory.admins.actions import AdministratorActions
from homeport.directory.admins.model import ACCOUNT_KEY_PREFIX
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.clock import Clock


class ApiKeyAuthenticator:
    """Reads the header `x-api-key`; what `app.state.authenticate_key` holds."""

    def __init__(self, work: Work[AdministratorActions], clock: Clock) -> None:
        self.work = work
        self.clock = clock

    def __call__(self, request: Request) -> Actor | None:
        """Return whose key the request carries, an administrator's or a service account's, or None."""
        text = request.headers.get("x-api-key", "")
        if not text:
            return None
        origin = origin_of(request)
        if text.startswith(f"{ACCOUNT_KEY_PREFIX}_"):
            return self._account(text, origin)
        with self.work.read() as act:
            check = act.keys.check(text, origin)
            actor = act.keys.actor(check, origin)
        if check.to_note(self.clock.now()):
            with self.work.write() as act:
                act.keys.note(check, origin)
        return actor

    def _account(self, text: str, origin: Origin) -> Actor | None:
        with self.work.read() as act:
            check = act.accounts.check(text, origin)
            actor = act.accounts.actor(check, origin)
        if check.to_note(self.clock.now()):
            with self.work.write() as act:
                act.accounts.note(check, origin)
        return actor
