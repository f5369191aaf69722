"""How a Mac joins by Automated Device Enrollment: its serial number is its organization's at Apple, and a sign-in says whose it is."""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.actions.bindings import Bindings
from homeport.directory.devices.model import (
    AUTOMATED_KEY,
    NO_LEASE,
    AccountPermission,
    AccountReport,
    AccountState,
    After,
    Binding,
    BindingAct,
    Desired,
    Device,
    DeviceEnrolled,
    DeviceFacts,
    DeviceStatus,
    EnrollmentKey,
    Observed,
    OrderOutcome,
    OrderReport,
    OSFamily,
    name_allowed,
)
from homeport.directory.devices.ports import DeviceGroupStore, DeviceStore, EnrollmentKeyStore
from homeport.directory.people.model import User, UserState
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.reasons import ReasonCode


@dataclass(frozen=True, slots=True)
class AutomatedEnrollment:
    """Macs and their accounts, in one unit of work; `channels.apple` has verified who they are."""

    keys: EnrollmentKeyStore
    devices: DeviceStore
    groups: DeviceGroupStore
    bindings: Bindings
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    audit: Audit

    def enroll(self, serial: str, facts: DeviceFacts, group_id: str | None, origin: Origin) -> Device:
        """Return the device with a serial number, made or known: an erased Mac that comes back is the same device."""
        # public: the caller holds a certificate that was issued for this serial number
        now, said = self.clock.now(), facts.cleaned()
        known = self.devices.find_by_thumbprint(thumbprint_of(serial))
        if known is not None:
            held = self.devices.lock(known.id) or known
            self.devices.save(
                replace(
                    held,
                    hostname=said.hostname or held.hostname,
                    os_name=said.os_name or held.os_name,
                    os_version=said.os_version or held.os_version,
                    last_contact_at=now,
                    address=origin.address[:64],
                )
            )
            return self.devices.get(known.id) or known
        self._keep_key()
        device = Device(
            id=self.entropy.new_id(),
            display_name="",
            device_key={},
            thumbprint=thumbprint_of(serial),
            status=DeviceStatus.ACTIVE,
            enrolled_at=now,
            last_contact_at=now,
            address=origin.address[:64],
            enrolled_with=AUTOMATED_KEY,
            hostname=said.hostname or serial,
            serial_number=serial,
            machine_id="",
            os=OSFamily.MACOS.value,
            os_name=said.os_name,
            os_version=said.os_version,
            arch="",
            agent_version="",
        )
        if not self.devices.add(device):  # another replica answered the same Mac a moment ago
            return self.devices.find_by_thumbprint(device.thumbprint) or device
        group = self.groups.get(group_id) if group_id else None
        joined = group if group is not None and self.groups.join(group.id, device.id, now) else None
        self.audit.record(
            Actor(ActorKind.DEVICE, device.id, device.name, origin=origin),
            "system_create",
            resource=Resource("device", device.id, device.name),
            details={"automated": True, "serial": serial, "device_group": joined.name if joined else None},
        )
        self.publisher.publish(DeviceEnrolled(device.id))
        return device

    def against(self, user: User | None, device: Device | None = None) -> ReasonCode | None:
        """Tell why this person gets no account on a Mac; None when nothing stands against it."""
        # public: asked by the sign-in of an enrolment, of which the person is known
        if user is None:
            return ReasonCode.USER_UNKNOWN
        if user.state is not UserState.ACTIVATED:
            return ReasonCode.USER_STAGED if user.state is UserState.STAGED else ReasonCode.USER_SUSPENDED
        if not name_allowed(OSFamily.MACOS, user.username):
            return ReasonCode.USERNAME_NOT_ALLOWED
        if device is not None and not self.bindings.access.may_enter(user.id, device.id):
            return ReasonCode.DEVICE_NOT_ASSIGNED
        return None

    def intend(self, device: Device, user_id: str, username: str, *, admin: bool, origin: Origin) -> None:
        """Want an account of the person on the Mac; whoever had it before an erasure has it no more."""
        # public: the caller has verified the person's sign-in and holds the Mac
        user = self.bindings.users.get_for_update(user_id)
        self.devices.lock(device.id)
        if user is None:
            return
        permission = AccountPermission.ADMIN if admin else AccountPermission.STANDARD
        mine = None
        for binding in self.bindings.store.lock_live(device_id=device.id):
            if binding.user_id == user.id:
                mine = binding
                continue
            self.bindings.remove(system("automated device enrollment"), binding.id, After.KEEP)
            done = OrderReport(binding.id, BindingAct.UNBIND, OrderOutcome.DONE)
            self.bindings.report(device.id, orders=[done])
        if mine is not None:
            again = replace(
                mine,
                username=username,
                permission=permission,
                desired=Desired.PRESENT,
                observed=Observed.UNKNOWN,
                reason="",
                confirmed_at=None,
                version=mine.version + 1,
            )
            self.bindings.store.save(again)
            return
        now = self.clock.now()
        number = self.bindings.unix_ids.allocate(user.id, now)
        if number is None:  # macOS numbers its accounts itself, but an account in the directory has one too
            return
        binding = Binding(
            id=self.entropy.new_id(),
            user_id=user.id,
            device_id=device.id,
            username=username,
            uid=number,
            gid=number,
            permission=permission,
            desired=Desired.PRESENT,
            observed=Observed.UNKNOWN,
            reason="",
            sign_in_id="",
            lease_not_after=NO_LEASE,
            passcode_set_at=None,
            created_at=now,
            confirmed_at=None,
        )
        self.bindings.store.add(binding)
        self.audit.record(
            Actor(ActorKind.USER, user.id, user.username, origin=origin),
            "association_change",
            resource=Resource("binding", binding.id, username),
            changes=[Change("desired", None, "present"), Change("permission", None, permission.value)],
            details={"user_id": user.id, "device_id": device.id, "automated": True},
        )

    def observe(self, device_id: str, user_id: str, seen: str) -> None:
        """Note how the Mac has the person's account: `present`, `missing`, or the reason why it is not theirs."""
        # public: the caller has verified that the Mac itself says so
        found = [binding for binding in self.bindings.live_on(device_id) if binding.user_id == user_id]
        orders = [OrderReport(one.id, BindingAct.BIND, OrderOutcome.REFUSED, seen) for one in found]
        states = {"present": AccountState.ACTIVE, "missing": AccountState.MISSING}
        if seen in states:
            self.bindings.report(device_id, accounts=[AccountReport(user_id, states[seen])])
        else:
            self.bindings.report(device_id, orders=orders)

    def devices_of(self, serials: Collection[str]) -> dict[str, Device]:
        """Return the devices that enrolled with these serial numbers."""
        # public: asked by the inventory, whose reader was allowed to
        found = {serial: self.devices.find_by_thumbprint(thumbprint_of(serial)) for serial in serials}
        return {serial: device for serial, device in found.items() if device is not None}

    def _keep_key(self) -> None:
        if self.keys.get(AUTOMATED_KEY) is None:
            now = self.clock.now()
            self.keys.add(
                EnrollmentKey(
                    id=AUTOMATED_KEY,
                    name="Automated Device Enrollment",
                    secret_hash=hash_token(self.entropy.token(32)),
                    max_uses=1,
                    uses=0,
                    created_by="Homeport",
                    created_at=now,
                    expires_at=now,
                    revoked_at=now,
                )
            )


def thumbprint_of(serial: str) -> str:
    """Return what stands in the place of a device key's thumbprint: no key has it, so nobody can prove to be this device by one."""
    digest = hashlib.sha256(f"automated device enrollment {serial}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
