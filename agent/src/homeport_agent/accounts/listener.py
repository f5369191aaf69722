"""A unix socket that answers known users only: peers checked by the kernel's word, connections counted, silence ended."""

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path


@contextlib.contextmanager
def short_name(folder: Path, name: str) -> Iterator[str]:
    """Give a name for ``folder/name`` that fits into the 107 bytes of a socket's address, however long the folder's is."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def peer_uid(connection: socket.socket) -> int:
    """Whose process is at the other end (``SO_PEERCRED``, unix(7)); for a client, who listened."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def connect(folder: Path, name: str, *, peers: Collection[int], seconds: float) -> socket.socket:
    """Connect to ``folder/name``; OSError when nobody listens, or somebody who is not one of ``peers``."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        with short_name(folder, name) as address:
            connection.connect(address)
        if peer_uid(connection) not in peers:
            raise PermissionError("the socket is served by a user it does not belong to")
    except OSError:
        connection.close()
        raise
    return connection


class Listener:
    """Serves ``folder/name``, a socket of mode 0600 that belongs to ``owner``; each connection gets a thread of its own."""

    def __init__(
        self,
        folder: Path,
        name: str,
        serve: Callable[[socket.socket], None],
        *,
        owner: int,
        peers: Collection[int],
        most: int,
        silence: float,
    ) -> None:
        self._path = folder / name
        self._serve = serve
        self._peers = frozenset(peers)
        self._silence = silence
        self._slots = threading.BoundedSemaphore(most)
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short_name(folder, name) as address:
            self._listener.bind(address)
        self._path.chmod(0o600)
        if owner != os.geteuid():
            os.chown(self._path, owner, -1)
        self._listener.listen(most)
        threading.Thread(target=self._accept, name=name, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if not self._slots.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._serve_one, args=[connection], daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(self._silence)
                if peer_uid(connection) in self._peers:
                    self._serve(connection)
        except OSError:
            return
        finally:
            self._slots.release()

    def close(self) -> None:
        """Stop listening; connections that are open go on to their end."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
