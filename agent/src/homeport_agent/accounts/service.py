"""The privileged half: one lock per root, its two sockets, one answer to one request of the network half."""

import contextlib
import fcntl
import os
import pwd
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from homeport_agent import __version__
from homeport_agent.accounts.adoption import Given, WrongPasscode
from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.backend import AccountBackend
from homeport_agent.accounts.framing import FramingError, receive, send
from homeport_agent.accounts.help_desk import HelpDesk, Wish
from homeport_agent.accounts.journal import Journal, utc_text
from homeport_agent.accounts.ledger import Ledger
from homeport_agent.accounts.linux import LinuxBackend
from homeport_agent.accounts.listener import Listener, peer_uid
from homeport_agent.accounts.model import After
from homeport_agent.accounts.network import NetworkHalf
from homeport_agent.accounts.orders import Pin
from homeport_agent.accounts.pam.conversation import Conversations
from homeport_agent.accounts.pam.service import PamService
from homeport_agent.accounts.policy import Enforcer, read_policy
from homeport_agent.accounts.records import Records
from homeport_agent.accounts.roster import Roster
from homeport_agent.durable import make_private_folder, read_json
from homeport_agent.refusals import Refusal
from homeport_agent.root import Root

SOCKET = "accounts.sock"
_LOCK = "accounts.lock"
_SILENCE_SECONDS = 10.0
_MOST_CONNECTIONS = 32


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


def resolves(root: Root, username: str) -> bool:
    """Whether the system knows the name, as sshd asks before it authenticates anybody."""
    if not root.is_system:
        return LinuxBackend(root).find(username) is not None
    try:
        pwd.getpwnam(username)
    except KeyError:
        return False
    return True


def _is_free(backend: AccountBackend, name: str, number: int) -> bool:
    taken = (backend.find(name), backend.gid_of_group(name), backend.name_of_uid(number), backend.group_of_gid(number))
    return all(holder is None for holder in taken)


def make_enforcer(root: Root) -> Enforcer:
    """Wire what writes the policy, and have it written; a machine whose sshd or sudo is out of order keeps its own."""

    def run(words: list[str], given: str) -> None:
        if root.is_system:
            LinuxBackend(root).check_by(words, given)

    enforcer = Enforcer(root, run)
    if root.is_system:
        with contextlib.suppress(Refusal, OSError):
            enforcer.write(enforcer.policy)
    return enforcer


def make_applier(root: Root, clock: Callable[[], float], records: Records | None = None) -> Applier:
    """Wire the privileged half for one root, with the Linux backend."""
    make_private_folder(root.accounts_state)
    return Applier(
        pin=lambda: read_pin(root),
        ledger=Ledger.load(root.accounts_state / "ledger.json"),
        journal=Journal(root.accounts_state / "journal.jsonl", clock),
        backend=LinuxBackend(root, records),
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
    """Listens for the network half and for PAM. Who holds it has the lock of :func:`try_lock` and passes it in."""

    def __init__(self, root: Root, lock: int, *, agent_uid: int, clock: Callable[[], float] = time.time) -> None:
        self._lock = lock
        self._records = Records(root)
        self._applier = make_applier(root, clock, self._records)
        self._applier.repair()
        self._help_desk = HelpDesk(root.accounts_state / "help-desk.json", self._applier, clock)
        self._help_desk.repair()
        self._busy = threading.Lock()
        self._roster = Roster.load(root.accounts_state / "roster.json")
        self._publish()
        self._enforcer = make_enforcer(root)
        owner = os.geteuid()
        network = NetworkHalf(root, peers={owner, agent_uid})
        conversations = Conversations(
            self._applier,
            self._roster,
            network,
            resolves=lambda name: resolves(root, name),
            policy=lambda: self._enforcer.policy,
            help_desk=self._help_desk,
            clock=clock,
        )
        self._listeners = [
            Listener(
                root.run,
                SOCKET,
                self._answer_all,
                owner=agent_uid,
                peers={0, agent_uid},
                most=_MOST_CONNECTIONS,
                silence=_SILENCE_SECONDS,
            ),
            PamService(conversations).listen(root, owner),
        ]

    def _answer_all(self, connection: socket.socket) -> None:
        # Only who could set any passcode anyway may set one here: the network half must not, however it came to an order.
        trusted = peer_uid(connection) == os.geteuid()
        while True:
            try:
                request = receive(connection)
            except EOFError:
                return
            except FramingError as error:
                send(connection, {"error": str(error)})
                return
            with self._busy:
                answer = self._answer(request, trusted=trusted)
            send(connection, answer)
            if "error" in answer:
                return

    def _answer(self, request: dict[str, Any], *, trusted: bool) -> dict[str, Any]:
        match request.get("do"):
            case "apply":
                return {"receipt": self._applier.apply(request.get("order"), request.get("order_key"))}
            case "take_over" | "set_passcode" | "challenge" | "unlock" | "unbind" if trusted:
                return self._answer_root(request)
            case "roster":
                digest = request.get("digest")
                first, last = request.get("first") is True, digest if isinstance(digest, str) else None
                taken = self._roster.take(request.get("people"), first=first, digest=last)
                self._publish()
                return {"taken": taken}
            case "policy":
                return self._take_policy(request.get("policy"), request.get("order_key"))
            case "help_desk":
                return self._take_help_desk(request)
            case "notices":
                return {"notices": self._applier.ledger.notices}
            case "told":
                ids = request.get("ids")
                self._applier.told({one for one in ids if isinstance(one, str)} if isinstance(ids, list) else set())
                return {"ok": True}
            case "accounts":
                return {"accounts": self._applier.accounts()}
            case "status":
                return self._status()
            case _:
                return {"error": "no such request"}

    def _take_over(self, request: dict[str, Any]) -> dict[str, Any]:
        username, passcode = request.get("username"), request.get("passcode")
        if not isinstance(username, str) or not isinstance(passcode, str):
            return {"error": "no such request"}
        try:
            return {"receipt": self._applier.apply(request.get("order"), request.get("order_key"), Given(username, passcode))}
        except WrongPasscode as wrong:
            return {"wrong": {"message": wrong.message, "tries_left": wrong.tries_left}}

    def _answer_root(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what only root may ask for."""
        try:
            match request["do"]:
                case "take_over":
                    return self._take_over(request)
                case "set_passcode":
                    self._applier.set_passcode(request.get("order_id"), request.get("passcode"))
                    return {"ok": True}
                case "unbind":
                    after = After(str(request.get("after")))
                    return {"ok": True, "receipt": self._applier.unbind(str(request.get("username")), after)}
                case "challenge":
                    return {"ok": True, "challenge": self._help_desk.challenge(self._user_id_of(request), Wish.RENEW)}
                case _:
                    day = self._help_desk.open_with(self._user_id_of(request), Wish.RENEW, str(request.get("code")))
                    return {"ok": True, "last_day": day - 1}
        except Refusal as refusal:
            return {"ok": False, "reason": refusal.reason, "message": refusal.message}

    def _user_id_of(self, request: dict[str, Any]) -> str:
        name, records = request.get("username"), self._applier.ledger.records
        return next((user_id for user_id, record in records.items() if record.username == name), "")

    def _take_help_desk(self, request: dict[str, Any]) -> dict[str, Any]:
        if "statement" in request:
            try:
                self._help_desk.take_key(request.get("statement"), request.get("order_key"))
            except Refusal as refusal:
                return {"ok": False, "reason": refusal.reason, "message": refusal.message}
            return {"ok": True}
        return self._help_desk.public()

    def _take_policy(self, text: Any, order_key: Any) -> dict[str, Any]:
        try:
            self._enforcer.take(read_policy(text, order_key, self._applier.required_pin()))
        except Refusal as refusal:
            return {"ok": False, "reason": refusal.reason, "message": refusal.message}
        return {"ok": True}

    def _publish(self) -> None:
        """Let the system know the names of those who may come, except where a name or number is somebody's already."""
        backend = self._applier.backend
        waiting = [
            person
            for person in self._roster.people()
            if person.uid is not None
            and person.user_id not in self._applier.ledger.records
            and (self._records.has(person) or _is_free(backend, person.username, person.uid))
        ]
        self._records.sync({person.username: person for person in waiting})

    def _status(self) -> dict[str, Any]:
        ledger = self._applier.ledger
        pin = self._applier.pin()
        epoch, counter = ledger.sequence
        return {
            "device_id": pin.device_id if pin else None,
            "epoch": epoch,
            "counter": counter,
            "highest_time": utc_text(ledger.highest_time),
            "roster": self._roster.digest,
            "version": __version__,
        }

    def close(self) -> None:
        """Stop listening once the order at hand is finished."""
        with self._busy:
            for listener in self._listeners:
                listener.close()
            os.close(self._lock)
