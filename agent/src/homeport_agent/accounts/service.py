"""The privileged half's socket: one lock per root, peers checked, one answer to one request."""

import contextlib
import fcntl
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from homeport_agent import __version__
from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.framing import FramingError, receive, send
from homeport_agent.accounts.journal import Journal, utc_text
from homeport_agent.accounts.ledger import Ledger
from homeport_agent.accounts.linux import LinuxBackend
from homeport_agent.accounts.orders import Pin
from homeport_agent.durable import make_private_folder, read_json
from homeport_agent.refusals import Refusal
from homeport_agent.root import Root

SOCKET = "accounts.sock"
_LOCK = "accounts.lock"
_SILENCE_SECONDS = 10.0
_MOST_CONNECTIONS = 32


@contextlib.contextmanager
def short_name(folder: Path, name: str) -> Iterator[str]:
    """Give a name for ``folder/name`` that fits into the 107 bytes of a socket's address, however long the folder's is."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def read_pin(root: Root) -> Pin | None:
    """Read what enrolment pinned; None before enrolment."""
    content = read_json(root.accounts_state / "pin.json")
    return Pin(content["device_id"], content["order_root"]) if content else None


def read_allowed_groups(root: Root) -> frozenset[str]:
    """Read the groups that the owner of the device lets orders use; none without the file or when it is damaged."""
    try:
        listed = (read_json(root.agent_settings) or {}).get("allowed_groups", [])
    except Refusal:
        return frozenset()
    return frozenset(name for name in listed if isinstance(name, str)) if isinstance(listed, list) else frozenset()


def make_applier(root: Root, clock: Callable[[], float]) -> Applier:
    """Wire the privileged half for one root, with the Linux backend."""
    make_private_folder(root.accounts_state)
    return Applier(
        pin=lambda: read_pin(root),
        ledger=Ledger.load(root.accounts_state / "ledger.json"),
        journal=Journal(root.accounts_state / "journal.jsonl", clock),
        backend=LinuxBackend(root),
        allowed_groups=lambda: read_allowed_groups(root),
        clock=clock,
    )


def try_lock(root: Root) -> int | None:
    """Take the lock of the one privileged half of ``root``; None while another has it."""
    root.run.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(root.run / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


class Service:
    """Listens for the network half. Who holds it has the lock of :func:`try_lock` and passes it in."""

    def __init__(self, root: Root, lock: int, *, agent_uid: int, clock: Callable[[], float] = time.time) -> None:
        self._lock = lock
        self._peers = {0, agent_uid}
        self._applier = make_applier(root, clock)
        self._applier.repair()
        (root.run / SOCKET).unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short_name(root.run, SOCKET) as name:
            self._listener.bind(name)
        (root.run / SOCKET).chmod(0o600)
        os.chown(root.run / SOCKET, agent_uid, -1)
        self._listener.listen(_MOST_CONNECTIONS)
        self._path = root.run / SOCKET
        self._slots = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._busy = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name="homeport-accounts", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if not self._slots.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(_SILENCE_SECONDS)
                if _peer_uid(connection) in self._peers:
                    self._answer_all(connection)
        except OSError:
            return
        finally:
            self._slots.release()

    def _answer_all(self, connection: socket.socket) -> None:
        while True:
            try:
                request = receive(connection)
            except EOFError:
                return
            except FramingError as error:
                send(connection, {"error": str(error)})
                return
            with self._busy:
                answer = self._answer(request)
            send(connection, answer)
            if "error" in answer:
                return

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("do"):
            case "apply":
                return {"receipt": self._applier.apply(request.get("order"), request.get("order_key"))}
            case "set_passcode":
                try:
                    self._applier.set_passcode(request.get("order_id"), request.get("passcode"))
                except Refusal as refusal:
                    return {"ok": False, "reason": refusal.reason, "message": refusal.message}
                return {"ok": True}
            case "accounts":
                return {"accounts": self._applier.accounts()}
            case "status":
                return self._status()
            case _:
                return {"error": "no such request"}

    def _status(self) -> dict[str, Any]:
        ledger = self._applier.ledger
        pin = self._applier.pin()
        epoch, counter = ledger.sequence
        return {
            "device_id": pin.device_id if pin else None,
            "epoch": epoch,
            "counter": counter,
            "highest_time": utc_text(ledger.highest_time),
            "version": __version__,
        }

    def close(self) -> None:
        """Stop listening once the order at hand is finished."""
        with self._busy:
            self._path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            os.close(self._lock)


def _peer_uid(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])
