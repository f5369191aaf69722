"""The network half's own socket: the privileged half comes here while a person waits at a prompt."""

import os
import socket
from dataclasses import dataclass
from typing import Any

from homeport_agent.accounts.framing import FramingError, receive, send
from homeport_agent.accounts.listener import Listener
from homeport_agent.accounts.network import SOCKET
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root
from homeport_agent.transactions import Transactions

_MOST_CONNECTIONS = 128
_SILENCE_SECONDS = 10.0
_MOST_NONCE = 100
_MOST_TEXT = 400


@dataclass(frozen=True)
class Front:
    """Answers ``begin`` and ``redeem`` (docs/protocols/device.md section 6)."""

    transactions: Transactions

    def listen(self, root: Root) -> Listener:
        """Open the socket for root and for ourselves."""
        root.agent_run.mkdir(mode=0o755, parents=True, exist_ok=True)
        own = os.geteuid()
        return Listener(
            root.agent_run, SOCKET, self._serve, owner=own, peers={0, own}, most=_MOST_CONNECTIONS, silence=_SILENCE_SECONDS
        )

    def _serve(self, connection: socket.socket) -> None:
        try:
            send(connection, self._answer(receive(connection)))
        except EOFError:
            return
        except FramingError as error:
            send(connection, {"refused": {"reason": Reason.SERVER_ANSWER_INVALID, "message": f"{error}."}})

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            nonce = _text(request, "nonce", _MOST_NONCE)
            match request.get("do"):
                case "begin":
                    return self.transactions.begin(nonce, _fields(request))
                case "redeem":
                    return self.transactions.redeem(nonce, _text(request, "number", _MOST_TEXT))
                case _:
                    raise FramingError("no such request")
        except Refusal as refusal:
            return {"refused": {"reason": refusal.reason, "message": refusal.message, "sign_in_id": refusal.sign_in_id}}


def _fields(request: dict[str, Any]) -> dict[str, str]:
    """Give the parameters of a device authorization (docs/protocols/device.md section 2)."""
    names = {"scope": "purpose", "nonce": "nonce", "user_id": "user_id", "place": "where", "message": "message"}
    fields = {parameter: _text(request, name, _MOST_TEXT) for parameter, name in names.items()}
    return {name: value for name, value in fields.items() if value}


def _text(request: dict[str, Any], name: str, most: int) -> str:
    value = request.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise FramingError(f"{name} is missing or too long")
    return value
