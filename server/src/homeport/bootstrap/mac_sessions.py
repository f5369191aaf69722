"""What MDM is told of a Mac's sign-in: rooms of `channels.apple` and the directory, put together here."""

from dataclasses import dataclass, replace

from homeport.channels.apple.ade.store import AdeSql
from homeport.channels.apple.authority.store import SqlAuthorityStore
from homeport.channels.apple.enrollment.model import Enrollment, EnrollmentState
from homeport.channels.apple.enrollment.store import EnrollmentSql
from homeport.channels.apple.mdm.ports import Evidence, Wanted
from homeport.channels.apple.mdm.store import MacSql
from homeport.channels.apple.settings.store import AppleSettingsSql
from homeport.directory.devices.store.access import AccessSql
from homeport.directory.people.model import UserState
from homeport.directory.people.store import UserSql
from homeport.foundation.kernel.clock import Clock

EARNED = frozenset({EnrollmentState.SIGNED_IN, EnrollmentState.ISSUED, EnrollmentState.ENROLLED})


@dataclass(frozen=True, slots=True)
class MacEntitlement:
    """Whom a Mac may belong to, as the web view asks for it."""

    users: UserSql
    access: AccessSql
    macs: MacSql
    settings: AppleSettingsSql
    enrollments: EnrollmentSql
    clock: Clock

    def is_active(self, user_id: str) -> bool:
        """Tell whether the person is there and activated."""
        user = self.users.get(user_id)
        return user is not None and user.state is UserState.ACTIVATED

    def may_have(self, user_id: str, serial: str) -> bool:
        """Tell whether access stands against the person: that of the device group which the Mac joins, or its own if it was here before."""
        group, known = self.settings.get().device_group_id, self.macs.by_serial(serial)
        joins = group is None or self.access.may_join(user_id, group)
        if known is None or not joins:
            return joins
        return self.access.may_enter(user_id, known) and not self._somebody_elses(user_id, known)

    def has_room(self, user_id: str, serial: str) -> bool:
        """Tell whether the person may have this Mac besides those they have, and those whose profile they took a moment ago."""
        most = self.settings.get().most_macs
        if not most:
            return True
        self.users.get_for_update(user_id)  # so that two Macs at once do not both find the last place free
        others = {*self.macs.serials_of(user_id), *self.enrollments.issued_to(user_id, self.clock.now())} - {serial}
        return len(others) < most

    def has_proof(self, serial: str, *, second_factor: bool) -> bool:
        """Tell whether the sign-in was strong enough: one with a second factor, where settings demand it of a Mac that was here."""
        return second_factor or not self.settings.get().second_factor or self.macs.by_serial(serial) is None

    def _somebody_elses(self, user_id: str, device_id: str) -> bool:
        mac = self.macs.get(device_id) if self.settings.get().same_person else None
        return mac is not None and mac.user_id != user_id


@dataclass(frozen=True, slots=True)
class MacSessions:
    """The sign-ins in the web view, as MDM asks for them."""

    enrollments: EnrollmentSql
    settings: AppleSettingsSql
    inventory: AdeSql
    users: UserSql
    certificates: SqlAuthorityStore

    def wanted(self, session_id: str) -> Wanted | None:
        """Return what a completed sign-in earned; None when there was none, or its person may have no account any more."""
        found = self.enrollments.get(session_id)
        if found is None or found.state not in EARNED or found.user_id is None:
            return None
        user = self.users.get(found.user_id)
        if user is None or user.state is not UserState.ACTIVATED:
            return None
        settings = self.settings.get()
        return Wanted(
            session_id=found.id,
            user_id=found.user_id,
            username=found.username,
            full_name=found.full_name,
            began_at=found.created_at,
            admin=found.admin,
            lock=settings.lock_account,
            managed_admin=settings.managed_admin_name,
            group_id=settings.device_group_id,
            patience=settings.release_deadline,
        )

    def evidence(self, session_id: str, serial: str) -> Evidence:
        """Return what is kept of a session and a serial number."""
        device, found = self.inventory.get(serial), self.enrollments.get(session_id)
        in_inventory = device is not None and device.ours
        evidence = _of_session(found, in_inventory=in_inventory) if found else Evidence(in_inventory=in_inventory)
        return replace(evidence, attested=self.attested(session_id))

    def attested(self, session_id: str) -> bool:
        """Tell whether the Mac's hardware vouched for the key of every certificate that a session has now."""
        present = [one for one in self.certificates.of_session(session_id) if one.revoked_at is None]
        return bool(present) and all(one.attested for one in present)


def _of_session(found: Enrollment, *, in_inventory: bool) -> Evidence:
    return Evidence(in_inventory, found.verified, found.product, found.issuer, found.subject)
