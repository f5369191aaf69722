"""The list of those who may sign in here: fetched from the server, handed to the privileged half when it changed."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from homeport_agent.client import Client, refusal_of
from homeport_agent.privileged import PrivilegedHalf
from homeport_agent.refusals import Reason, Refusal

_OK = 200
_NO_CONTENT = 204
_NOT_FOUND = 404
_MOST_PAGES = 40
_PART = 100
_EVERY_SECONDS = 600.0
_RETRY_SECONDS = 20.0


@dataclass
class People:
    """Keeps the privileged half's list like the server's."""

    monotonic: Callable[[], float] = time.monotonic
    _listed: list[dict[str, Any]] = field(default_factory=list, init=False)
    _digest: str = field(default="", init=False)
    _due: bool = field(default=True, init=False)
    _tried_at: float = field(default=float("-inf"), init=False)
    _done_at: float = field(default=float("-inf"), init=False)

    def bring_up_to_date(self, client: Client, accounts: PrivilegedHalf, *, fresh: bool) -> None:
        """Fetch list and policy when they are old or ``fresh`` news came, and hand them over.

        A Refusal leaves them due: they are tried again at a later call, 20 seconds after the last try at the earliest, or with new news.
        """
        now = self.monotonic()
        self._due = self._due or fresh or now - self._done_at > _EVERY_SECONDS
        try:
            if fresh or (self._due and now - self._tried_at > _RETRY_SECONDS):
                self._tried_at = now
                self._listed = self._fetch(client)
                self._digest = hashlib.sha256(json.dumps(self._listed, sort_keys=True).encode()).hexdigest()
                self._hand_policy_over(client, accounts)
                self._introduce_help_desk(client, accounts)
                self._due, self._done_at = False, now
        finally:  # trouble with the policy, such as an sshd that is out of order, must not keep people out
            if self._digest and accounts.call({"do": "status"}).get("roster") != self._digest:
                self._hand_over(accounts)

    def forget_all(self, accounts: PrivilegedHalf) -> None:
        """Empty the list: the device was deleted, so nobody signs in here for the first time, nor anew."""
        self._listed, self._digest = [], ""
        self._hand_over(accounts)

    def _hand_policy_over(self, client: Client, accounts: PrivilegedHalf) -> None:
        answer = client.agent_request("GET", "/agent/v1/policy")
        if answer.status == _NOT_FOUND:
            return  # a server that is older than this agent
        if answer.status != _OK:
            raise refusal_of(answer, "The server did not say how people may come in here")
        document = answer.document
        taken = accounts.call({"do": "policy", "policy": document.get("policy"), "order_key": document.get("order_key")})
        if taken.get("ok") is not True:
            raise Refusal(str(taken.get("reason")), str(taken.get("message")))

    def _introduce_help_desk(self, client: Client, accounts: PrivilegedHalf) -> None:
        """Carry the public keys of the server and of the privileged half to one another (docs/protocols/device.md section 9)."""
        own = accounts.call({"do": "help_desk"})
        answer = client.agent_request("POST", "/agent/v1/help-desk-key", {"public": own.get("public"), "place": own.get("place")})
        if answer.status in {_NOT_FOUND, _NO_CONTENT}:
            return  # a server that is older than this agent; or nothing new
        if answer.status != _OK:
            raise refusal_of(answer, "The server did not say how its help desk can help here")
        document = answer.document
        given = {"statement": document.get("statement"), "order_key": document.get("order_key")}
        taken = accounts.call({"do": "help_desk", **given})
        if taken.get("ok") is not True:
            raise Refusal(str(taken.get("reason")), str(taken.get("message")))

    def _fetch(self, client: Client) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        skip = 0
        for _ in range(_MOST_PAGES):
            answer = client.agent_request("GET", f"/agent/v1/people?skip={skip}")
            if answer.status != _OK:
                raise refusal_of(answer, "The server did not say who may sign in here")
            page = answer.document.get("people")
            if not isinstance(page, list):
                raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's list of people is none. It may need an update.")
            found += [entry for entry in page if isinstance(entry, dict)]
            following = answer.document.get("next")
            if not isinstance(following, int) or following <= skip:
                break
            skip = following
        return found

    def _hand_over(self, accounts: PrivilegedHalf) -> None:
        parts = [self._listed[first : first + _PART] for first in range(0, len(self._listed), _PART)] or [[]]
        for number, part in enumerate(parts):
            request: dict[str, Any] = {"do": "roster", "people": part, "first": number == 0}
            if number == len(parts) - 1:
                request["digest"] = self._digest
            accounts.call(request)
