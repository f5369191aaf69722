"""How the privileged half asks the network half: to begin a sign-in, and to redeem the number a person typed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from homeport_agent.accounts.framing import FramingError, receive, send
from homeport_agent.accounts.listener import connect
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

SOCKET = "agent.sock"
ANSWER_SECONDS = 45.0


@dataclass(frozen=True)
class NetworkHalf:
    """A caller of the network half; ``peers`` are the users who may be it."""

    root: Root
    peers: Collection[int]

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask one thing; a Refusal when the network half is gone, late, or says no."""
        try:
            with connect(self.root.agent_run, SOCKET, peers=self.peers, seconds=ANSWER_SECONDS) as connection:
                send(connection, request)
                answer = receive(connection)
        except (OSError, EOFError, FramingError) as error:
            raise Refusal(
                Reason.SERVER_UNREACHABLE,
                "The part of the agent that talks to the server does not answer. Try again in a moment.",
            ) from error
        refused = answer.get("refused")
        if isinstance(refused, dict):
            sign_in_id = refused.get("sign_in_id")
            raise Refusal(
                str(refused.get("reason", Reason.SERVER_ANSWER_INVALID)),
                str(refused.get("message", "The sign-in was refused.")),
                sign_in_id=sign_in_id if isinstance(sign_in_id, str) else None,
            )
        return answer
