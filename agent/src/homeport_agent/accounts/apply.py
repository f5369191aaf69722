"""Applies orders: judges sequence and time, takes the steps, journals each, ends with a receipt."""

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from homeport_agent.accounts.adoption import Given, Tries, WrongPasscode
from homeport_agent.accounts.approvals import Expected, check_approval
from homeport_agent.accounts.backend import AccountBackend, Found
from homeport_agent.accounts.journal import Journal, utc_text
from homeport_agent.accounts.ledger import Ledger
from homeport_agent.accounts.model import After, Kind, Order, Outcome, Record, Step, StepDone, order_by_hand, receipt
from homeport_agent.accounts.orders import Pin, check_account, check_time, claimed_order_id, read_order
from homeport_agent.accounts.passcodes import require_good_passcode
from homeport_agent.accounts.plans import Plan, Planner
from homeport_agent.refusals import Reason, Refusal

_PASSCODE_SECONDS = 900
_CLOCK_LEEWAY = 60
# The device may be able to do it later: such an order is answered ``failed`` and not settled, so the server sends it again.
PASSING = frozenset({Reason.ROOT_INCOMPLETE, Reason.DISK_FULL, Reason.READ_ONLY, Reason.TOOL_FAILED})
# A clock can be mended, and a passcode may still come: such a refusal leaves the sequence where it is.
_NOT_SETTLED = frozenset({Reason.ORDER_EXPIRED, Reason.ORDER_KEY_INVALID, Reason.ACCOUNT_PASSCODE_WANTED})


@dataclass
class Applier:
    """The one place that changes accounts; one order at a time."""

    pin: Callable[[], Pin | None]
    ledger: Ledger
    journal: Journal
    backend: AccountBackend
    allowed_groups: Callable[[], frozenset[str]]
    clock: Callable[[], float]
    tries: Tries = field(default_factory=Tries)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def apply(self, order_text: Any, key_text: Any, given: Given | None = None) -> dict[str, Any]:
        """Check and carry out one order; the receipt says how it ended, whatever happened.

        An order that takes over an account of the device is refused ``account_passcode_wanted`` unless the account's present
        passcode is ``given``, and nothing is settled by that. WrongPasscode is raised while another may be tried.
        """
        with self._lock:
            try:
                order = self._read(order_text, key_text)
            except Refusal as refusal:
                return receipt(claimed_order_id(order_text), (0, 0), Outcome.REFUSED, refusal.reason)
            try:
                return self._judge(order, order_text, key_text, given)
            except WrongPasscode:
                raise
            except Refusal as refusal:
                return self._refuse(order, refusal)

    def required_pin(self) -> Pin:
        """Return whose signatures count; a Refusal before enrolment."""
        pin = self.pin()
        if pin is None:
            raise Refusal(Reason.ORDER_KEY_INVALID, "This device is not enrolled, so it trusts no server yet.")
        return pin

    def _read(self, order_text: Any, key_text: Any) -> Order:
        return read_order(order_text, key_text, self.required_pin())

    def _judge(self, order: Order, order_text: str, key_text: str, given: Given | None) -> dict[str, Any]:
        settled = self.ledger.settled.get(order.order_id)
        if settled and settled.sequence == order.sequence:
            return settled.receipt
        with self._even_on_a_full_disk(order):
            self.ledger.saw_time(order.issued_at)
        if order.sequence <= self.ledger.sequence:
            return receipt(order.order_id, order.sequence, Outcome.REFUSED, Reason.ORDER_SUPERSEDED)
        check_time(order, self.ledger.now(self.clock()))
        if order.account:
            check_account(order.account)
            self.backend.require_name(order.account.username)
        if order.kind.grants:
            self.backend.require_ready()
        planner = self._planner()
        adopted = planner.to_adopt(order)
        if adopted:
            self._require_passcode(order, adopted, given)
        plan = planner.plan(order, adopted)
        proof = {"adopts": str(adopted.uid)} if adopted else {}  # a crash from here on is finished without asking again
        with self._even_on_a_full_disk(order):
            self.journal.intend(order.order_id, Step.ACCEPT, order=order_text, order_key=key_text, **proof)
        return self._carry_out(order, plan)

    def _require_passcode(self, order: Order, account: Found, given: Given | None) -> None:
        self.tries.require_left(account.username)
        if given is None or given.username != account.username:
            raise Refusal(
                Reason.ACCOUNT_PASSCODE_WANTED,
                f"The device has an account {account.username} already. It can be taken over with its passcode.",
            )
        if not self.backend.passcode_matches(account.username, given.passcode):
            raise self.tries.wrong(order.order_id, account.username)

    def _refuse(self, order: Order, refusal: Refusal) -> dict[str, Any]:
        passing = refusal.reason in PASSING
        outcome = Outcome.FAILED if passing else Outcome.REFUSED
        step = StepDone(Step.ACCEPT, outcome, utc_text(self.clock()), refusal.message)
        answer = receipt(order.order_id, order.sequence, outcome, refusal.reason, [step.as_json()])
        if not passing and refusal.reason not in _NOT_SETTLED:
            try:
                self.ledger.settle(order, answer, self.ledger.now(self.clock()))
            except Refusal as trouble:
                return receipt(order.order_id, order.sequence, Outcome.FAILED, trouble.reason)
        return answer

    def _planner(self) -> Planner:
        return Planner(self.ledger, self.backend, self.allowed_groups())

    def _carry_out(self, order: Order, plan: Plan) -> dict[str, Any]:
        steps: list[StepDone] = []
        trouble: Refusal | None = None
        record = self.ledger.records.get(order.user_id)
        username = record.username if record else ""
        for step, act in plan:
            if trouble and step is Step.FORGET:
                break  # the next try must still know of what was not done
            try:
                with self._even_on_a_full_disk(order):
                    self.journal.intend(order.order_id, step)
                detail = act()
                with self._even_on_a_full_disk(order):
                    self.journal.done(order.order_id, step)
                steps.append(StepDone(step, Outcome.DONE, utc_text(self.clock()), detail))
            except Exception as error:  # noqa: BLE001 - what one person's files bring about must not hold up the orders about others
                said = getattr(error, "strerror", None) or type(error).__name__
                refusal = error if isinstance(error, Refusal) else Refusal(Reason.TOOL_FAILED, f"{step} met an error: {said}.")
                trouble = trouble or refusal
                steps.append(StepDone(step, Outcome.FAILED, utc_text(self.clock()), refusal.message))
                if order.kind.grants:
                    break  # half an account stays closed; half a restriction is better than none, so that goes on
        outcome = Outcome.FAILED if trouble else Outcome.DONE
        answer = receipt(
            order.order_id, order.sequence, outcome, trouble.reason if trouble else None, [s.as_json() for s in steps]
        )
        try:
            if not trouble:
                now = self.ledger.now(self.clock())
                self.ledger.settle(order, answer, now, self._notice(order, username, answer) if order.by_hand else None)
            self.journal.done(order.order_id, Step.FINISH, outcome=outcome)
            self.journal.compact()
        except Refusal as refusal:
            return receipt(order.order_id, order.sequence, Outcome.FAILED, refusal.reason, answer["steps"])
        return answer

    @contextlib.contextmanager
    def _even_on_a_full_disk(self, order: Order) -> Iterator[None]:
        """Let a restriction be carried out even when it cannot be journaled; it is settled only when it can."""
        try:
            yield
        except Refusal as refusal:
            if order.kind.grants or refusal.reason not in {Reason.DISK_FULL, Reason.READ_ONLY}:
                raise

    def repair(self) -> dict[str, Any] | None:
        """Finish the order that a crash left half done; its receipt, or None when nothing was open."""
        with self._lock:
            accepted = self.journal.open_order()
            if accepted is None:
                return None
            order_id = str(accepted.get("order_id", ""))
            settled = self.ledger.settled.get(order_id)
            if settled:
                self.journal.done(order_id, Step.FINISH, outcome=settled.receipt["outcome"])
                return settled.receipt
            order: Order | None = None
            try:
                order = self._accepted(order_id, accepted)
                return self._carry_out(order, self._plan_again(order, accepted.get("adopts")))
            except Refusal as refusal:
                answer = self._refuse(order, refusal) if order else receipt(order_id, (0, 0), Outcome.REFUSED, refusal.reason)
                self.journal.done(order_id, Step.FINISH, outcome=answer["outcome"])
                return answer

    def _plan_again(self, order: Order, proved: Any) -> Plan:
        """Plan as before a crash: the passcode of the account with the number ``proved`` was given then."""
        planner = self._planner()
        adopted = planner.to_adopt(order)
        if adopted and proved != str(adopted.uid):
            raise Refusal(Reason.ACCOUNT_NAME_TAKEN, f"The account {adopted.username} was changed meanwhile. Sign in again.")
        return planner.plan(order, adopted)

    def _accepted(self, order_id: str, accepted: dict[str, Any]) -> Order:
        """Read the order of a journal's line again; one by hand bears no signature, and only root writes the journal."""
        if "by_hand" in accepted:
            return order_by_hand(order_id, str(accepted["by_hand"]), After(accepted["after"]))
        return self._read(accepted.get("order"), accepted.get("order_key"))

    # What root or a code of the help desk does without the server

    def unbind(self, username: str, after: After) -> dict[str, Any]:
        """End the binding of ``username`` here, as an order of the server would; the receipt. A Refusal when there is none."""
        with self._lock:
            record = next((one for one in self.ledger.records.values() if one.username == username), None)
            if record is None:
                raise Refusal(Reason.ACCOUNT_MISSING, f"{username} has no account of Homeport on this device. Nothing was done.")
            order = order_by_hand(f"hand-{secrets.token_hex(8)}", record.user_id, after)
            plan = self._planner().plan(order)
            with self._even_on_a_full_disk(order):
                self.journal.intend(order.order_id, Step.ACCEPT, by_hand=order.user_id, after=after)
            return self._carry_out(order, plan)

    def _notice(self, order: Order, username: str, answer: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": order.order_id,
            "kind": "unbind",
            "user_id": order.user_id,
            "username": username,
            "at": utc_text(self.clock()),
            "after": order.after,
            "steps": answer["steps"],
        }

    def require_active(self, user_id: str) -> tuple[Record, Found]:
        """Return the account of a person whose binding holds; a Refusal for anybody else, suspended people too."""
        record = self.ledger.records.get(user_id)
        found = self.backend.find(record.username) if record and record.account_made else None
        if record is None or found is None or found.uid != record.uid or record.state != "active":
            raise Refusal(Reason.ACCOUNT_MISSING, "Nobody with a usable account of Homeport on this device has this name.")
        return record, found

    def open_until(self, user_id: str, day: int, notice_id: str, challenge: str) -> None:
        """Let a person in until ``day`` (since 1970), as a code of the help desk said; never shorter than before."""
        with self._lock:
            record, found = self.require_active(user_id)
            day = day if record.expired_before is None else min(day, record.expired_before)
            if found.expires_on is not None and found.expires_on < day:
                self.backend.require_ready()
                self.backend.set_expiry(record.username, day)
            self.ledger.note(
                {
                    "id": notice_id,
                    "kind": "unlock",
                    "user_id": user_id,
                    "username": record.username,
                    "at": utc_text(self.clock()),
                    "challenge": challenge,
                    "until": utc_text(day * 86_400),
                }
            )

    def replace_passcode(self, user_id: str, passcode: Any) -> None:
        """Set another passcode for a person whom a code of the help desk allowed it; a Refusal as of :meth:`set_passcode`."""
        with self._lock:
            record, _ = self.require_active(user_id)
            require_good_passcode(passcode, record.username)
            self.backend.require_ready()
            self.backend.set_passcode(record.username, passcode)

    def told(self, ids: set[str]) -> None:
        """Forget the notices that the server has heard."""
        with self._lock:
            self.ledger.told(ids)

    def set_passcode(self, order_id: Any, passcode: Any) -> None:
        """Set the local passcode that a bind order earned; a Refusal when it may not be, or not this one.

        The reason ``passcode_refused`` means another passcode may do; any other means that the time for it is over.
        """
        with self._lock:
            settled = self.ledger.settled.get(order_id) if isinstance(order_id, str) else None
            if settled is None or settled.kind is not Kind.BIND or settled.receipt["outcome"] != Outcome.DONE:
                raise Refusal(Reason.ORDER_SUPERSEDED, "No sign-in waits for a passcode. Sign in again.")
            age = self.ledger.now(self.clock()) - settled.settled_at
            if not -_CLOCK_LEEWAY <= age <= _PASSCODE_SECONDS:
                raise Refusal(Reason.ORDER_EXPIRED, "The 15 minutes for choosing a passcode are over. Sign in again.")
            record = self.ledger.records.get(settled.user_id)
            found = self.backend.find(record.username) if record else None
            if not record or not found or found.uid != record.uid or record.state != "active" or record.order_id != order_id:
                raise Refusal(Reason.ORDER_SUPERSEDED, "The account was changed since the sign-in. Sign in again.")
            require_good_passcode(passcode, record.username)
            self.backend.require_ready()
            self.journal.intend(settled.receipt["order_id"], Step.PASSCODE)
            self.backend.set_passcode(record.username, passcode)
            self.journal.done(settled.receipt["order_id"], Step.PASSCODE)

    def approve(self, approval: Any, order_key: Any, expected: Expected) -> None:
        """Check the server's word to a prompt that waits; a Refusal when it is not for exactly this prompt."""
        check_approval(approval, order_key, self.required_pin(), expected, self.ledger.now(self.clock()))

    def is_foreign(self, username: str) -> bool:
        """Whether the device has an account of this name that Homeport did not make."""
        found = self.backend.find(username)
        return found is not None and not any(
            record.username == username and record.account_made and record.uid == found.uid
            for record in list(self.ledger.records.values())
        )

    def accounts(self) -> list[dict[str, Any]]:
        """List the accounts that are ours, as they are found now (device.md section 5)."""
        with self._lock:
            return [self._report(user_id) for user_id in sorted(self.ledger.records)]

    def _report(self, user_id: str) -> dict[str, Any]:
        record = self.ledger.records[user_id]
        found = self.backend.find(record.username)
        present = found is not None and found.uid == record.uid
        state = ("active" if record.state == "active" else "suspended") if present else "missing"
        report = {
            "user_id": user_id,
            "username": record.username,
            "uid": record.uid,
            "state": state,
            "passcode_set": bool(present and found and found.passcode_set),
        }
        return report | ({"adopted": True, "gid": record.gid, "home": record.home} if record.adopted else {})
