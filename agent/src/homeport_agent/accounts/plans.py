"""Turns a genuine order into steps. Each step may be taken again without harm, so a plan is simply begun again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from homeport_agent.accounts.backend import ADMIN_GROUP, USERS_GROUP, AccountBackend, Found
from homeport_agent.accounts.ledger import Ledger
from homeport_agent.accounts.model import Account, After, Kind, Order, Record, Step
from homeport_agent.refusals import Reason, Refusal

Plan = list[tuple[Step, Callable[[], str]]]
_DAY = 86_400
_MOST_DETAIL = 200
_OWN_GROUPS = frozenset({ADMIN_GROUP, USERS_GROUP})


@dataclass(frozen=True)
class Planner:
    """Plans steps over what the ledger remembers and the system has."""

    ledger: Ledger
    backend: AccountBackend
    allowed_groups: frozenset[str]

    def plan(self, order: Order, adopted: Found | None = None) -> Plan:
        """List the steps of ``order``; a Refusal, with nothing touched, when it would touch what is not ours.

        ``adopted`` is the account that :meth:`to_adopt` found, once its passcode was given.
        """
        if order.kind is Kind.BIND and order.account and adopted:
            return self._adopt(order, order.account, adopted)
        if order.kind is Kind.BIND and order.account:
            return self._bind(order, order.account)
        if order.kind is Kind.ACTIVATE and order.account:
            return self._activate(order, order.account)
        record = self.ledger.records.get(order.user_id)
        if record is None:
            return []
        if order.kind is Kind.RESET_PASSCODE:
            return [(Step.VOID_PASSCODE, lambda: self._void_passcode(record))]
        return self._suspend(record, "suspended") if order.kind is Kind.SUSPEND else self._unbind(record, order.after)

    # What is ours

    def _ours(self, record: Record) -> Found | None:
        found = self.backend.find(record.username) if record.account_made else None
        return found if found and found.uid == record.uid else None

    def _record(self, account: Account) -> Record | None:
        """Return what is remembered of the person; nothing once the owner of the device removed or replaced an adopted account."""
        record = self.ledger.records.get(account.user_id)
        return None if record and record.adopted and not self._ours(record) else record

    def _require_nobody_else(self, account: Account) -> None:
        for other in self.ledger.records.values():
            if other.user_id != account.user_id and other.username == account.username:
                raise _taken(Reason.ACCOUNT_NAME_TAKEN, f"The name {account.username} belongs to another person on this device.")
            if other.user_id != account.user_id and other.uid == account.uid:
                raise _taken(Reason.UID_TAKEN, f"The number {account.uid} belongs to another person on this device.")

    def _require_free(self, account: Account, record: Record | None) -> None:
        self._require_nobody_else(account)
        if record and (record.username, record.uid, record.gid) != (account.username, account.uid, account.gid):
            raise _taken(
                Reason.ACCOUNT_NAME_TAKEN, f"This person has the account {record.username} ({record.uid}) on this device."
            )
        found = self.backend.find(account.username)
        if found and not (record and record.account_made and found.uid == account.uid):
            raise _taken(Reason.ACCOUNT_NAME_TAKEN, f"The device has an account {account.username} that Homeport did not make.")
        if self.backend.name_of_uid(account.uid) not in {None, account.username}:
            raise _taken(Reason.UID_TAKEN, f"The number {account.uid} belongs to an account that Homeport did not make.")
        if record and record.adopted:
            return  # its group and its home are its own
        gid = self.backend.gid_of_group(account.username)
        group_is_ours = record is not None and record.group_made and gid == account.gid
        if gid is not None and not group_is_ours:
            raise _taken(Reason.GID_TAKEN, f"The device has a group {account.username} that Homeport did not make.")
        if self.backend.group_of_gid(account.gid) not in {None, account.username}:
            raise _taken(Reason.GID_TAKEN, f"The group number {account.gid} belongs to a group that Homeport did not make.")
        # An account that stands already keeps its home wherever the owner of the device has moved it.
        if not found and not self.backend.home_is_free(account):
            raise _taken(Reason.ACCOUNT_NAME_TAKEN, f"The folder {account.home} belongs to somebody else on this device.")

    def to_adopt(self, order: Order) -> Found | None:
        """Find the account that ``order`` would take over; None when it takes over none, a Refusal when it may not be."""
        account = order.account
        found = self.backend.find(account.username) if account and order.take_over and not self._record(account) else None
        if account is None or found is None:
            return None
        found = self.backend.require_adoptable(account.username)
        self._require_nobody_else(replace(account, uid=found.uid, gid=found.gid))
        others = [other for other in self.ledger.records.values() if other.user_id != account.user_id]
        if any(other.gid == found.gid and not other.adopted for other in others):
            raise _taken(Reason.GID_TAKEN, f"The group number {found.gid} belongs to another person on this device.")
        return found

    # Orders that grant

    def _adopt(self, order: Order, account: Account, found: Found) -> Plan:
        record = Record(
            account.user_id,
            account.username,
            found.uid,
            found.gid,
            found.home,
            state="binding",
            account_made=True,
            adopted_by=order.order_id,
            expired_before=found.expires_on,
            groups_before=sorted(found.groups - _OWN_GROUPS),
        )

        def adopt() -> str:
            if self.backend.find(account.username) != found:
                raise _taken(Reason.ACCOUNT_NAME_TAKEN, f"The account {account.username} was changed meanwhile. Sign in again.")
            self.ledger.records[account.user_id] = record
            self.ledger.save()
            return f"{found.uid}"

        return [(Step.ADOPT, adopt), *self._open(order, _as_it_stands(account, record), record)]

    def _open(self, order: Order, account: Account, record: Record) -> Plan:
        """Open an account that stands."""
        return [
            *self._shape(order, account, record),
            (Step.UNLOCK, lambda: self._unlock(account)),
            (Step.ENABLE_JOBS, lambda: self._enable_jobs(account)),
            (Step.ALLOW, lambda: self._allow(record, order)),
        ]

    def _unlock(self, account: Account) -> str:
        self.backend.unlock(account.username)
        return ""

    def _bind(self, order: Order, account: Account) -> Plan:
        known = self._record(account)
        account = _as_it_stands(account, known)
        self._require_free(account, known)
        if known and known.adopted:
            # When a crash came between, whoever waits for the receipt learns that the account was taken over.
            begun = known.state == "binding" or known.adopted_by == order.order_id
            return [*([(Step.ADOPT, lambda: f"{known.uid}")] if begun else []), *self._open(order, account, known)]
        record = known or Record(account.user_id, account.username, account.uid, account.gid, account.home, state="binding")

        def note() -> str:
            self.ledger.records[account.user_id] = record
            record.home = account.home
            self.ledger.save()
            self.backend.withdraw_record(account.username)
            return ""

        def add_group() -> str:
            if self.backend.gid_of_group(account.username) is not None:
                return "present"
            record.group_made = True
            self.ledger.save()
            self.backend.add_group(account.username, account.gid)
            return ""

        def add_account() -> str:
            if self.backend.find(account.username) is not None:
                return "present"
            record.account_made = True
            self.ledger.save()
            self.backend.add_account(account)
            return ""

        def make_home() -> str:
            self.backend.make_home(account)
            return ""

        return [
            (Step.RECORD, note),
            (Step.GROUP, add_group),
            (Step.ACCOUNT, add_account),
            (Step.HOME, make_home),
            *self._shape(order, account, record),
            # Whoever comes back after a binding that ended, or a suspension, has the passcode of before.
            *([(Step.UNLOCK, lambda: self._unlock(account))] if record.state in {"unbound", "suspended"} else []),
            (Step.ENABLE_JOBS, lambda: self._enable_jobs(account)),
            (Step.ALLOW, lambda: self._allow(record, order)),
        ]

    def _activate(self, order: Order, account: Account) -> Plan:
        record = self.ledger.records.get(account.user_id)
        if record is None or self._ours(record) is None or record.state == "unbound":
            raise Refusal(Reason.ACCOUNT_MISSING, "This person has no account on this device; a sign-in makes one.")
        account = _as_it_stands(account, record)
        self._require_free(account, record)
        return self._open(order, account, record)

    def _shape(self, order: Order, account: Account, record: Record) -> Plan:
        def attributes() -> str:
            self.backend.change_account(account)
            return ""

        def expiry() -> str:
            day = (order.lease_not_after or 0) // _DAY
            if record.expired_before is not None:
                day = min(day, record.expired_before)  # who owns the device gave the account no longer
            self.backend.set_expiry(account.username, day)
            return datetime.fromtimestamp(day * _DAY, tz=UTC).date().isoformat()

        return [
            *([] if record.adopted else [(Step.ATTRIBUTES, attributes)]),
            (Step.EXPIRY, expiry),
            (Step.JOIN_GROUPS, lambda: self._join(account, record)),
            (Step.USERS_GROUP, lambda: self._join_users(account, record)),
            (Step.ADMIN, lambda: self._admin(account, record)),
        ]

    def _enable_jobs(self, account: Account) -> str:
        found = self.backend.find(account.username)
        if found:
            self.backend.enable_jobs(found)
        return ""

    def _allow(self, record: Record, order: Order) -> str:
        record.state = "active"
        if order.kind is Kind.BIND:
            record.order_id = order.order_id
            self.ledger.bound_again(record.user_id)
        self.ledger.save()
        return ""

    def _join(self, account: Account, record: Record) -> str:
        wanted = {name for name in account.groups if name in self.allowed_groups and self.backend.gid_of_group(name) is not None}
        for group in sorted(set(record.joined) - wanted - _OWN_GROUPS):
            self.backend.leave_group(account.username, group)
        wanted -= set(record.groups_before)
        self._note_joined(record, wanted | (_OWN_GROUPS & set(record.joined)))
        for group in sorted(wanted):
            self.backend.join_group(account.username, group)
        skipped = sorted(set(account.groups) - wanted - set(record.groups_before))
        return f"not allowed or absent here: {', '.join(skipped)}"[:_MOST_DETAIL] if skipped else ""

    def _join_users(self, account: Account, record: Record) -> str:
        self.backend.add_group(USERS_GROUP, None)
        self._note_joined(record, {*record.joined, USERS_GROUP})
        self.backend.join_group(account.username, USERS_GROUP)
        return ""

    def _admin(self, account: Account, record: Record) -> str:
        if not account.admin:
            self.backend.leave_group(account.username, ADMIN_GROUP)
            self._note_joined(record, set(record.joined) - {ADMIN_GROUP})
            return "standard"
        self.backend.add_group(ADMIN_GROUP, None)
        self.backend.write_admin_rule()
        self._note_joined(record, {*record.joined, ADMIN_GROUP})
        self.backend.join_group(account.username, ADMIN_GROUP)
        return "admin"

    def _note_joined(self, record: Record, groups: set[str]) -> None:
        if set(record.joined) != groups:
            record.joined = sorted(groups)
            self.ledger.save()

    # Orders that restrict

    def _suspend(self, record: Record, state: str) -> Plan:
        def deny() -> str:
            record.state = state
            self.ledger.save()
            return ""

        def lock() -> str:
            if self._ours(record) is None:
                return "no account"
            self.backend.lock(record.username)
            return ""

        def end_sessions() -> str:
            if self.backend.name_of_uid(record.uid) not in {None, record.username}:
                return "the number belongs to another account now"
            return f"{self.backend.end_sessions(record.uid)} ended"

        def disable_jobs() -> str:
            found = self._ours(record)
            if found:
                self.backend.disable_jobs(found)
            return ""

        return [
            (Step.DENY, deny),
            (Step.LOCK, lock),
            (Step.LEAVE_GROUPS, lambda: self._leave(record)),
            (Step.END_SESSIONS, end_sessions),
            (Step.DISABLE_JOBS, disable_jobs),
        ]

    def _void_passcode(self, record: Record) -> str:
        if self._ours(record) is None:
            return "no account"
        record.order_id = ""  # so that the bind order of a while ago earns no passcode any more
        self.ledger.save()
        self.backend.void_passcode(record.username)
        return ""

    def _leave(self, record: Record) -> str:
        found = self._ours(record)
        if found is None:
            return "no account"
        leaving = sorted((set(record.joined) | self.allowed_groups | _OWN_GROUPS) & found.groups - set(record.groups_before))
        for group in leaving:
            self.backend.leave_group(record.username, group)
        self._note_joined(record, set())
        return ", ".join(leaving)

    def _unbind(self, record: Record, after: After) -> Plan:
        def release() -> str:
            if self._ours(record) and record.state == "active":
                self.backend.set_expiry(record.username, record.expired_before)
            return ""

        def forget() -> str:
            # Made durable together with the receipt: forgotten earlier, a crash would leave an order that nobody can explain.
            self.ledger.records.pop(record.user_id, None)
            return ""

        match after:
            case After.KEEP:
                return [(Step.LEAVE_GROUPS, lambda: self._leave(record)), (Step.RELEASE, release), (Step.FORGET, forget)]
            case After.REMOVE if not record.adopted:
                return [*self._suspend(record, "unbound"), *self._removal(record), (Step.FORGET, forget)]
            case _:  # an adopted account was the device's before: at most it is locked
                return self._suspend(record, "unbound")

    def _removal(self, record: Record) -> Plan:
        def remove_account() -> str:
            # Absent counts as ours too: a crash may have left the group behind.
            if self._ours(record) or (record.account_made and self.backend.find(record.username) is None):
                self.backend.remove_account(record.username, record.gid)
            return ""

        def remove_home() -> str:
            if self.backend.find(record.username) is None:
                self.backend.remove_home(record.home, record.uid)
            return ""

        return [(Step.REMOVE_ACCOUNT, remove_account), (Step.REMOVE_HOME, remove_home)]


def _as_it_stands(account: Account, record: Record | None) -> Account:
    """Return the account as the device has it: an adopted one keeps number and home, whatever the server gives."""
    return replace(account, uid=record.uid, gid=record.gid, home=record.home) if record and record.adopted else account


def _taken(reason: Reason, message: str) -> Refusal:
    return Refusal(reason, message)
