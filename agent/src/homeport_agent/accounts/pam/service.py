"""The socket of the PAM module: for root only, so many conversations at once and not more."""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from homeport_agent.accounts.listener import Listener
from homeport_agent.accounts.pam.conversation import Conversations
from homeport_agent.accounts.pam.frames import FrameError
from homeport_agent.accounts.pam.talk import BrokenOffError, Hello, Result, Talk
from homeport_agent.root import Root

SOCKET = "pam.sock"
_SECONDS = 600.0
_MOST_OPEN = 128
_MOST_OF_ONE = 8
"""Conversations that one far address, or one name, may hold at once; who waits in them holds up nobody else."""


@dataclass
class PamService:
    """Answers each connection with one conversation."""

    conversations: Conversations
    _held: Counter[str] = field(default_factory=Counter, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def listen(self, root: Root, owner: int) -> Listener:
        """Open the socket; ``owner`` is root, except in a user namespace."""
        return Listener(root.run, SOCKET, self._serve, owner=owner, peers={0, owner}, most=_MOST_OPEN, silence=_SECONDS)

    def _serve(self, connection: socket.socket) -> None:
        talk = Talk(connection, _SECONDS)
        with contextlib.suppress(BrokenOffError, FrameError, EOFError, TimeoutError):
            hello = talk.hello()
            with self._counted(hello) as many:
                talk.result(Result.AUTHINFO_UNAVAIL if many else self.conversations.hold(talk, hello))

    @contextlib.contextmanager
    def _counted(self, hello: Hello) -> Iterator[bool]:
        names = [f"user {hello.user}", *([f"from {hello.rhost}"] if hello.rhost else [])]
        with self._lock:
            self._held.update(names)
            many = any(self._held[name] > _MOST_OF_ONE for name in names)
        try:
            yield many
        finally:
            with self._lock:
                self._held.subtract(names)
                self._held += Counter()  # drops the names that hold none
