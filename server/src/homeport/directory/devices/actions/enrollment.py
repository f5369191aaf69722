"""How a device joins: keys that administrators hand out, and the enrolment itself."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.model import (
    KEY_LIFETIME,
    KEY_PREFIX,
    LONGEST_KEY_LIFETIME,
    MOST_KEY_USES,
    Device,
    DeviceEnrolled,
    DeviceFacts,
    DeviceStatus,
    EnrollmentKey,
    KeyState,
    split_key,
)
from homeport.directory.devices.ports import DeviceGroupStore, DeviceStore, EnrollmentKeyStore
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unauthenticated
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission

LONGEST_KEY_NAME = 100
CHANGED = "Somebody else changed these settings since you opened them. Look at the present values and save again."
PUBLIC_MEMBERS = ("kty", "crv", "x", "y")
"""What is kept of a device's JWK (RFC 7518, section 6.2.1); a private member sent by mistake is not."""


@dataclass(frozen=True, slots=True)
class EnrollmentKeys:
    """The enrolment keys of one unit of work. `fingerprint` tells the order root's RFC 7638 thumbprint."""

    keys: EnrollmentKeyStore
    groups: DeviceGroupStore
    clock: Clock
    entropy: Entropy
    audit: Audit
    fingerprint: Callable[[], str]

    def create(
        self, actor: Actor, name: str, max_uses: int = 1, expires_at: datetime | None = None, group_id: str | None = None
    ) -> tuple[EnrollmentKey, str]:
        """Make a key that enrols `max_uses` devices until `expires_at` (7 days from now), and return it with its text.

        Its devices join the group `group_id`, else the default one.

        The text `hpe1.<id>.<secret>.<fingerprint>` cannot be shown again.
        """
        actor.require(Permission.ENROLLMENT_KEYS_WRITE)
        now = self.clock.now()
        actor.require_recent(now)
        ends = expires_at or now + KEY_LIFETIME
        wrong: dict[str, str] = {}
        if not name.strip() or len(name.strip()) > LONGEST_KEY_NAME or not name.isprintable():
            wrong["name"] = f"Enter a name of 1 to {LONGEST_KEY_NAME} letters, digits, spaces and signs."
        if not 1 <= max_uses <= MOST_KEY_USES:
            wrong["maxUses"] = f"Enter a number of devices from 1 to {MOST_KEY_USES:,}."
        if not now < ends <= now + LONGEST_KEY_LIFETIME:
            wrong["expiresAt"] = f"Choose a moment in the future, at most {LONGEST_KEY_LIFETIME.days} days away."
        group = self.groups.lock(group_id) if group_id else None
        if group_id and group is None:
            wrong["deviceGroupId"] = "Choose a device group that is there."
        if wrong:
            raise Invalid("The enrolment key cannot be made. " + " ".join(wrong.values()), wrong)
        secret = self.entropy.token(32)
        key = EnrollmentKey(
            id=self.entropy.new_id(),
            name=name.strip(),
            secret_hash=hash_token(secret),
            max_uses=max_uses,
            uses=0,
            created_by=actor.name[:255],
            created_at=now,
            expires_at=ends,
            group_id=group.id if group else None,
        )
        self.keys.add(key)
        self.audit.record(
            actor,
            "enrollment_key_create",
            resource=Resource("enrollment_key", key.id, key.name),
            details={"max_uses": max_uses, "expires_at": ends.isoformat(), "device_group": group.name if group else None},
        )
        return key, f"{KEY_PREFIX}.{key.id}.{secret}.{self.fingerprint()}"

    def list(self, actor: Actor, listing: Listing) -> Page[EnrollmentKey]:
        """Return keys, also those that no longer work."""
        actor.require(Permission.DEVICES_READ)
        return self.keys.list(listing)

    def get(self, actor: Actor, key_id: str) -> EnrollmentKey:
        """Return a key."""
        actor.require(Permission.DEVICES_READ)
        return _present(self.keys.get(key_id))

    def revoke(self, actor: Actor, key_id: str) -> EnrollmentKey:
        """Make a key unusable; devices that it enrolled stay. A revoked key stays revoked."""
        actor.require(Permission.ENROLLMENT_KEYS_WRITE)
        key = _present(self.keys.lock(key_id))
        if key.revoked_at is None:
            self.keys.revoke(key_id, self.clock.now())
            self.audit.record(actor, "enrollment_key_revoke", resource=Resource("enrollment_key", key.id, key.name))
        return _present(self.keys.get(key_id))

    def approval_wanted(self, actor: Actor) -> bool:
        """Tell whether new devices wait for an administrator's approval."""
        actor.require(Permission.DEVICES_READ)
        return self.keys.approval_wanted()

    def default_group_id(self, actor: Actor) -> str | None:
        """Return the group that new devices join when their key names none."""
        actor.require(Permission.DEVICES_READ)
        return self.keys.default_group_id()

    def version(self, actor: Actor) -> int:
        """Return a number that grows with each change of the settings of enrolment."""
        actor.require(Permission.DEVICES_READ)
        return self.keys.settings_version()

    def expect(self, actor: Actor, version: int | None, group_id: str | None = None) -> None:
        """Hold the settings of enrolment; raise PreconditionFailed when `version` is given and somebody changed them since.

        `group_id` is the device group that is to be chosen: held first, as by whoever deletes it.
        """
        actor.require(Permission.DEVICES_WRITE)
        if group_id:
            self.groups.lock(group_id)
        present = self.keys.lock_settings()
        if version is not None and version != present:
            raise PreconditionFailed(CHANGED)

    def set_approval_wanted(self, actor: Actor, *, wanted: bool) -> None:
        """Decide whether devices that enrol from now on wait for approval."""
        actor.require(Permission.DEVICES_WRITE)
        before = self.keys.approval_wanted()
        if before == wanted:
            return
        self.keys.set_approval_wanted(wanted=wanted)
        self.audit.record(
            actor,
            "device_settings_update",
            resource=Resource("device_settings", "enrollment", "Enrolment"),
            changes=[Change("newDevicesWaitForApproval", before, wanted)],
        )


@dataclass(frozen=True, slots=True)
class Enrollment:
    """How a device joins, in one unit of work."""

    keys: EnrollmentKeyStore
    devices: DeviceStore
    groups: DeviceGroupStore
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    audit: Audit

    def enroll(
        self, key_text: str, jwk: Mapping[str, str], thumbprint: str, facts: DeviceFacts, origin: Origin
    ) -> tuple[Device, bool]:
        """Return the device that has this key pair, and whether it is new; the caller has checked the proof of possession.

        The same key pair on the same machine gives the same device and counts no use, so a lost answer is harmless, even when it
        was the key's last use. Raises Unauthenticated (`enrollment_key_unknown`, `…_expired`, `…_used_up`) or Conflict
        (`device_key_in_use`).
        """
        # public: the enrolment key is the proof
        now = self.clock.now()
        said = facts.cleaned()
        key = self._genuine(key_text)
        existing = self.devices.find_by_thumbprint(thumbprint)
        if existing is not None:
            return _same_machine(existing, said), False
        _require_usable(key, now)
        status = DeviceStatus.PENDING if self.keys.approval_wanted() else DeviceStatus.ACTIVE
        device = Device(
            id=self.entropy.new_id(),
            display_name="",
            device_key={name: jwk[name] for name in PUBLIC_MEMBERS if name in jwk},
            thumbprint=thumbprint,
            status=status,
            enrolled_at=now,
            last_contact_at=now,
            address=origin.address[:64],
            enrolled_with=key.id,
            hostname=said.hostname,
            serial_number=said.serial_number,
            machine_id=said.machine_id,
            os=said.os,
            os_name=said.os_name,
            os_version=said.os_version,
            arch=said.arch,
            agent_version=said.agent_version,
        )
        if not self.devices.add(device):  # the same key pair came a moment ago with another enrolment key
            winner = self.devices.find_by_thumbprint(thumbprint)
            assert winner is not None
            return _same_machine(winner, said), False
        if not self.keys.count_use(key.id, now):
            _require_usable(self.keys.get(key.id) or key, now)
            raise Unauthenticated(_USED_UP, reason="enrollment_key_used_up")
        group_id = key.group_id or self.keys.default_group_id()
        group = self.groups.get(group_id) if group_id else None
        joined = group if group is not None and self.groups.join(group.id, device.id, now) else None
        self.audit.record(
            Actor(ActorKind.DEVICE, device.id, device.name, origin=origin),
            "system_create",
            resource=Resource("device", device.id, device.name),
            details={
                "enrollment_key": key.name,
                "enrollment_key_id": key.id,
                "status": status.value,
                "device_group": joined.name if joined else None,
            },
        )
        self.publisher.publish(DeviceEnrolled(device.id))
        return device, True

    def _genuine(self, key_text: str) -> EnrollmentKey:
        parts = split_key(key_text)
        key = self.keys.get(parts[0]) if parts else None
        genuine = hmac.compare_digest(key.secret_hash if key else "", hash_token(parts[1] if parts else ""))
        if key is None or not genuine or key.revoked_at is not None:
            raise Unauthenticated(
                "This enrolment key is not known or was revoked. Make a new one under DEVICE MANAGEMENT > Add a Device.",
                reason="enrollment_key_unknown",
            )
        return key


_USED_UP = "This enrolment key has enrolled as many devices as it may. Make a new one under DEVICE MANAGEMENT > Add a Device."


def _require_usable(key: EnrollmentKey, now: datetime) -> None:
    state = key.state(now)
    if state is KeyState.EXPIRED:
        raise Unauthenticated(
            f"This enrolment key expired at {key.expires_at:%Y-%m-%d %H:%M} UTC. "
            "Make a new one under DEVICE MANAGEMENT > Add a Device.",
            reason="enrollment_key_expired",
        )
    if state is KeyState.USED_UP:
        raise Unauthenticated(_USED_UP, reason="enrollment_key_used_up")


def _same_machine(device: Device, said: DeviceFacts) -> Device:
    if device.machine_id != said.machine_id:
        raise Conflict(
            "Another machine is enrolled with this key pair, as after copying a disk. Remove the agent's key on this machine, "
            "so that it makes its own, and enrol again.",
            reason="device_key_in_use",
        )
    return device


def _present(key: EnrollmentKey | None) -> EnrollmentKey:
    if key is None:
        raise NotFound("There is no such enrolment key.")
    return key
