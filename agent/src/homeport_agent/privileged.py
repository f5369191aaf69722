"""How the network half reaches the privileged half: by its socket, starting it in this process when nobody serves it."""

import contextlib
import os
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Self

from homeport_agent.accounts.framing import FramingError, receive, send
from homeport_agent.accounts.listener import connect
from homeport_agent.accounts.service import SOCKET, Service, try_lock
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

_ANSWER_SECONDS = 180.0
_WAIT_SECONDS = 60.0
_PAUSE = 0.1


@dataclass
class PrivilegedHalf:
    """A caller of the privileged half; ``with`` closes the one that it had to start itself.

    With ``waits`` it starts none, because it is a service of its own that may come up a moment later; within ``patience`` seconds.
    """

    root: Root
    waits: bool = False
    patience: float = _WAIT_SECONDS
    _service: Service | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the service that was started here, after the order it may be at."""
        if self._service:
            self._service.close()
            self._service = None

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask one thing. Every request may be asked twice without harm, so a lost answer is asked for again."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                with self._connect() as connection:
                    send(connection, request)
                    answer = receive(connection)
            except (OSError, EOFError, FramingError) as error:
                if time.monotonic() > deadline or isinstance(error, FramingError):
                    raise Refusal(
                        Reason.ACCOUNTS_UNREACHABLE,
                        "The part of the agent that changes accounts does not answer. Look at its log.",
                    ) from error
                self._start_if_free()
                time.sleep(_PAUSE)
                continue
            if "error" in answer:
                raise Refusal(
                    Reason.ACCOUNTS_UNREACHABLE,
                    f"The part of the agent that changes accounts did not understand: {answer['error']}.",
                )
            return answer

    def _connect(self) -> socket.socket:
        return connect(self.root.run, SOCKET, peers={0, os.geteuid()}, seconds=_ANSWER_SECONDS)

    def _start_if_free(self) -> None:
        if self._service is not None:
            return
        if self.waits:
            return
        if os.geteuid() != 0:
            raise Refusal(
                Reason.NOT_PERMITTED,
                "Changing accounts needs root. Run this command with sudo, or name a scratch root with --root.",
            )
        lock = try_lock(self.root)
        if lock is None:
            return
        try:
            self._service = Service(self.root, lock, agent_uid=os.geteuid())
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(lock)
            raise
