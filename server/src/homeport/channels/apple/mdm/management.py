"""One Mac in one unit of work: what every message changes of it, stored once at the end."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from homeport.channels.apple.authority.model import DeviceIdentity
from homeport.channels.apple.mdm import commands
from homeport.channels.apple.mdm.binding import Account, BindingState, state_of
from homeport.channels.apple.mdm.command_queue import Queue
from homeport.channels.apple.mdm.model import Mac, admin_sealed_as
from homeport.channels.apple.mdm.ports import Certificates, MacStore, Sessions, Wanted
from homeport.channels.apple.mdm.record import MacLog
from homeport.channels.apple.mdm.release import Event, Need, Polled, step
from homeport.channels.apple.mdm.second_approver import SecondApprover
from homeport.directory.audit.model import Change
from homeport.directory.devices.actions import AutomatedEnrollment, Devices
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.sealing.sealer import Sealer

AT_ONCE = 100
"""Macs that one look for late ones lets go on."""
UPKEEP = system("apple")
SEEN_EVERY = timedelta(minutes=1)
"""A Mac that talks a lot is noted as heard once a minute, not at each message."""


class Refused(Invalid):
    """The message is not taken; the Mac is answered 400, never 401. `reason` is for the log and the audit log."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Management:
    """What check-in, connect and administrators do with a Mac."""

    macs: MacStore
    queue: Queue
    sessions: Sessions
    devices: Devices
    automated: AutomatedEnrollment
    sealer: Sealer
    log: MacLog
    clock: Clock
    entropy: Entropy
    certificates: Certificates
    second: SecondApprover

    def bound(self, identity: DeviceIdentity, udid: str) -> Mac:
        """Return, and hold, the Mac to which a certificate is bound; raise Refused when it is another's, or nobody's.

        A renewed certificate, issued for the same sign-in and serial number, takes the place of the earlier one at its first use.
        """
        device_id = self.macs.by_certificate(identity.certificate_sha256)
        renewed = device_id is None
        if device_id is None:
            device_id = self.macs.by_serial(identity.serial)
        mac = self.macs.lock(device_id) if device_id else None
        if mac is None or mac.session_id != identity.session_id or mac.serial != identity.serial:
            raise Refused("certificate_unknown", "This certificate belongs to no Mac that is enrolled.")
        if mac.udid != udid or identity.udid not in {None, udid}:
            raise Refused("certificate_of_another_mac", "This certificate belongs to another Mac.")
        if renewed:
            self.log.record(mac, "mac_certificate_renew", details={"certificate_sha256": identity.certificate_sha256})
            mac = replace(mac, certificate_sha256=identity.certificate_sha256)
            self.macs.save(mac)
        return mac

    def wanted(self, mac: Mac) -> Wanted | None:
        """Return what the Mac's sign-in earned."""
        return self.sessions.wanted(mac.session_id)

    def tell(self, mac: Mac, happened: Event) -> Mac:
        """Let the release of Setup Assistant see an event, and queue what it wants; the result is to be stored by `save`."""
        release, need = step(mac.release, happened, self.clock.now())
        after = replace(mac, release=release)
        if need is Need.ACCOUNT:
            after = self._configure_account(after)
        elif need is Need.RELEASE:
            self.queue.add_once(after, commands.device_configured())
            after = wake(after, self)
            if release.released_late and not mac.release.released_late:
                self.log.record(after, "mac_release_late", success=False, details={"account": release.account.value})
        return after

    def save(self, mac: Mac, before: Mac | None = None) -> Mac:
        """Store a Mac with the state of its binding, and tell the directory and the audit log when that changed."""
        after = replace(mac, binding=state_of(mac.account))
        self.macs.save(after)
        was = before.binding if before else mac.binding
        if after.binding is not was:
            self.automated.observe(after.device_id, after.user_id, seen_as(after.account, after.binding))
            self.log.record(
                after,
                "mac_binding_update",
                success=after.binding is not BindingState.MISMATCH,
                changes=[Change("binding", was.value, after.binding.value)],
                details={"intended": after.account.expected, "observed": after.account.observed, "guid": after.account.guid},
            )
        return after

    def release_late(self) -> int:
        """Let Macs whose deadline has passed go on, although they said nothing meanwhile; return how many."""
        late = self.macs.late(self.clock.now(), AT_ONCE)
        for device_id in late:
            mac = self.macs.lock(device_id)
            if mac is not None:
                self.save(self.tell(mac, Polled()), mac)
        return len(late)

    def forget_orders(self) -> int:
        """Forget orders to lock or erase that nobody agreed to in time; return how many."""
        over = self.second.orders.over(self.clock.now(), AT_ONCE)
        for order in over:
            mac = self.macs.get(order.device_id)
            if mac is not None:
                details: dict[str, object] = {"command": order.request_type, "asked_by": order.asked_by_name}
                self.log.record(mac, "mac_order_expire", actor=UPKEEP, success=False, details=details)
            self.second.orders.remove(order.id)
        return len(over)

    def ask(self, mac: Mac, bodies: Iterable[commands.Body]) -> Mac:
        """Queue questions that do not wait already, and wake the Mac."""
        for body in bodies:
            self.queue.add_once(mac, body)
        return wake(mac, self)

    def _configure_account(self, mac: Mac) -> Mac:
        wanted = self.wanted(mac)
        if wanted is None:  # suspended or deleted since the sign-in: there is no account to make, the deadline lets the Mac go on
            self.log.record(mac, "mac_account_refused", success=False, details={"reason": "person_has_no_access"})
            return mac
        admin = None
        if wanted.managed_admin:
            password = self.entropy.token(18)
            mac = replace(
                mac,
                admin_name=wanted.managed_admin,
                admin_sealed=self.sealer.seal(password.encode(), admin_sealed_as(mac.device_id)),
            )
            admin = commands.ManagedAdmin(wanted.managed_admin, "Managed administrator", commands.hash_password(password))
        body = commands.account_configuration(
            wanted.full_name or wanted.username,
            wanted.username,
            lock=wanted.lock,
            standard=not wanted.admin and admin is not None,
            admin=admin,
        )
        self.queue.add_once(mac, body)
        return wake(mac, self)


def wake(mac: Mac, management: Management) -> Mac:
    """Return the Mac with a push that is due now."""
    return replace(mac, push_due_at=management.clock.now(), push_tries=0) if mac.push_token else mac


def seen_as(account: Account, state: BindingState) -> str:
    """Return what the directory is told of an account: `present`, `missing`, or the reason why it is not the person's."""
    if state is BindingState.MISMATCH:
        return "account_mismatch"
    return "present" if account.observed and account.observed == account.expected else "missing"
