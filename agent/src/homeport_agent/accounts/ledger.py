"""What the privileged half remembers: how far the sequence is, which accounts are ours, how each order ended."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeport_agent.accounts.model import Kind, Order, Record
from homeport_agent.durable import read_json, write_json
from homeport_agent.refusals import Reason, Refusal

_KEPT_RECEIPTS = 500
_KEPT_NOTICES = 200


@dataclass(frozen=True)
class Settled:
    """An order that ended, and when by the time of the ledger (seconds since 1970)."""

    receipt: dict[str, Any]
    kind: Kind
    user_id: str
    settled_at: float

    @property
    def sequence(self) -> tuple[int, int]:
        """Its place in the server's order of orders."""
        return (self.receipt["epoch"], self.receipt["counter"])


@dataclass
class Ledger:
    """One file, replaced as a whole at each change."""

    path: Path
    sequence: tuple[int, int] = (0, 0)
    highest_time: int = 0
    records: dict[str, Record] = field(default_factory=dict)
    settled: dict[str, Settled] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)
    """What happened here without the server, until it has been told."""

    @classmethod
    def load(cls, path: Path) -> "Ledger":
        """Read the ledger; an absent file is an empty one."""
        content = read_json(path)
        if content is None:
            return cls(path)
        try:
            return cls._read(path, content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refusal(
                Reason.STATE_UNREADABLE, f"{path} is damaged. Restore it from a backup before accounts are changed."
            ) from error

    @classmethod
    def _read(cls, path: Path, content: dict[str, Any]) -> "Ledger":
        settled = sorted(content["settled"].items(), key=lambda item: float(item[1]["settled_at"]))
        return cls(
            path,
            sequence=(int(content["epoch"]), int(content["counter"])),
            highest_time=int(content["highest_time"]),
            records={user_id: Record(**record) for user_id, record in content["accounts"].items()},
            settled={
                order_id: Settled(entry["receipt"], Kind(entry["kind"]), entry["user_id"], entry["settled_at"])
                for order_id, entry in settled
            },
            notices=list(content.get("notices", [])),
        )

    def save(self) -> None:
        """Make the present content durable; a refusal with ``disk_full`` leaves the old file whole."""
        write_json(
            self.path,
            {
                "epoch": self.sequence[0],
                "counter": self.sequence[1],
                "highest_time": self.highest_time,
                "accounts": {user_id: record.as_json() for user_id, record in self.records.items()},
                "settled": {order_id: vars(entry) for order_id, entry in self.settled.items()},
                "notices": self.notices,
            },
        )

    def saw_time(self, issued_at: int) -> None:
        """Remember the ``iat`` of a genuine order, so that a clock put back does not make old grants young."""
        if issued_at > self.highest_time:
            self.highest_time = issued_at
            self.save()

    def now(self, clock: float) -> float:
        """Give the later of the device's clock and the highest time that the server has signed."""
        return max(clock, float(self.highest_time))

    def note(self, notice: dict[str, Any]) -> None:
        """Keep something to tell the server; the same one again changes nothing."""
        if all(kept["id"] != notice["id"] for kept in self.notices):
            before = self.notices
            self.notices = [*self.notices, notice][-_KEPT_NOTICES:]
            try:
                self.save()
            except BaseException:
                self.notices = before
                raise

    def told(self, ids: set[str]) -> None:
        """Forget what the server has been told."""
        left = [notice for notice in self.notices if notice["id"] not in ids]
        if len(left) != len(self.notices):
            self.notices = left
            self.save()

    def bound_again(self, user_id: str) -> None:
        """Have the server hear that an end it does not know of yet is over; saved with what comes next."""
        ended = {"kind": "unbind", "user_id": user_id}
        self.notices = [n | {"bound_again": True} if ended.items() <= n.items() else n for n in self.notices]

    def settle(self, order: Order, receipt: dict[str, Any], now: float, notice: dict[str, Any] | None = None) -> None:
        """Keep how ``order`` ended, and what to tell the server of it; the sequence stands at it from now on."""
        before = self.sequence, self.settled, self.notices
        self.sequence = max(self.sequence, order.sequence)
        self.settled = {**self.settled, order.order_id: Settled(receipt, order.kind, order.user_id, now)}
        while len(self.settled) > _KEPT_RECEIPTS:
            del self.settled[next(iter(self.settled))]
        if notice is not None:
            self.notices = [*self.notices, notice][-_KEPT_NOTICES:]
        try:
            self.save()
        except BaseException:
            self.sequence, self.settled, self.notices = (
                before  # what is not durable was not settled: after a crash nobody would know of it
            )
            raise
