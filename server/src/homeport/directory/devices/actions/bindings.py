"""Which person has which local account on which device. Rows are locked in one order: user, device, binding."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.model import (
    AccountReport,
    After,
    Binding,
    BindingAct,
    BindingChanged,
    Desired,
    DesiredStateChanged,
    Device,
    ExistingAccount,
    NamedBinding,
    Observed,
    OrderReport,
    ProvisioningSetting,
    Terms,
    UidUse,
    against_device,
    name_allowed,
)
from homeport.directory.devices.ports import AccessStore, BindingStore, DeviceStore, ProvisioningStore, UnixIdStore, Users
from homeport.directory.people.model import User, UserState
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import ReasonCode


@dataclass(frozen=True, slots=True)
class Bindings:
    """The bindings of one unit of work."""

    store: BindingStore
    devices: DeviceStore
    unix_ids: UnixIdStore
    provisioning: ProvisioningStore
    users: Users
    access: AccessStore
    clock: Clock
    entropy: Entropy
    publisher: Publisher
    audit: Audit

    def may_admit(self, user: User | None, device: Device) -> ReasonCode | None:
        """Tell why this person, or anybody yet unknown, would get no account on the device; None when nothing stands against it."""
        # public: the approval page asks before it sends anybody to the provider; nothing is written
        live = self.store.live(device_id=device.id)
        setting = self._setting(device)
        reason = against_device(self.devices.get(device.id), setting)
        if reason is not None or user is None:
            return reason
        reason = self._against_user(user, device, live, setting)
        if reason is None and self.unix_ids.of(user.id) is None and not self.unix_ids.left():
            return ReasonCode.UNIX_IDS_EXHAUSTED
        return reason

    def give_numbers(self, user_ids: Sequence[str]) -> dict[str, int]:
        """Give each of these people who may sign in a uid, and return them: sshd must know a name and its number beforehand.

        Once the numbers become scarce nobody gets one ahead of their first sign-in, and the answer leaves them out.
        """
        # public: asked for a device that proved its key, about people who may sign in on it
        now, free = self.clock.now(), max(0, UidUse(self.unix_ids.count()).before_scarce)
        given = {user_id: self.unix_ids.allocate(user_id, now) for user_id in user_ids[:free]}
        return {user_id: uid for user_id, uid in given.items() if uid is not None}

    def has_account(self, user_id: str, device_id: str) -> bool:
        """Tell whether the person should have a usable account on the device."""
        # public: asked by a sign-in, of which the person is known
        return any(
            binding.user_id == user_id and binding.desired is Desired.PRESENT for binding in self.store.live(device_id=device_id)
        )

    def admit(self, user: User, device: Device, sign_in_id: str, *, origin: Origin | None = None) -> Binding | ReasonCode:
        """Give the person a local account on the device, or tell why not.

        The same sign-in again changes nothing. A later sign-in of the same person renews the lease and earns a fresh `bind`
        order, such as after the device failed to carry out the first.
        """
        # public: the sign-in verified the person and the device proved its key; every check is made here again, under locks
        person = self.users.get_for_update(user.id)
        machine = self.devices.lock(device.id)
        if person is None:
            return ReasonCode.USER_UNKNOWN
        live = self.store.lock_live(device_id=device.id)
        setting = self._setting(device)
        reason = against_device(machine, setting) or self._against_user(person, device, live, setting)
        if reason is not None or setting is None:
            return reason or ReasonCode.PROVISIONING_DISABLED
        now = self.clock.now()
        setting = self.provisioning.terms(setting.os_family, [person.id]).get(person.id, Terms()).over(setting)
        lease = now + timedelta(days=setting.lease_days)
        for binding in live:
            if binding.user_id == person.id:
                return self._again(binding, sign_in_id, lease)
        uid = self.unix_ids.allocate(person.id, now)
        if uid is None:
            return ReasonCode.UNIX_IDS_EXHAUSTED
        binding = Binding(
            id=self.entropy.new_id(),
            user_id=person.id,
            device_id=device.id,
            username=person.username,
            uid=uid,
            gid=uid,
            permission=setting.default_permission,
            desired=Desired.PRESENT,
            observed=Observed.UNKNOWN,
            reason="",
            sign_in_id=sign_in_id,
            lease_not_after=lease,
            passcode_set_at=None,
            created_at=now,
            confirmed_at=None,
        )
        self.store.add(binding)
        actor = Actor(ActorKind.USER, person.id, person.username, origin=origin or Origin())
        self._record(actor, binding, None)
        self._announce([(binding, BindingAct.BIND)])
        return binding

    def suspend_all_of_user(self, user_id: str) -> None:
        """Want every account of the user suspended; called in the unit of work that suspends the user, who is locked by it."""
        # public: handles UserSuspended, whose action was allowed
        self._change_all_of_user(user_id, Desired.SUSPENDED, BindingAct.SUSPEND)

    def activate_all_of_user(self, user_id: str) -> None:
        """Want every account of the user back on which the user may sign in; called in the unit of work that activates the user."""
        # public: handles UserActivated, whose action was allowed
        self.follow(system("directory"), user_ids=[user_id])

    def remove_all_of_user(self, user_id: str, after: After = After.LOCK) -> None:
        """Remove every binding of a user who is deleted; the accounts are locked unless told otherwise."""
        # public: handles UserDeleted, whose action was allowed
        self._change_all_of_user(user_id, Desired.REMOVED, BindingAct.UNBIND, after)

    def follow(self, actor: Actor, *, user_ids: Collection[str] | None = None, device_ids: Collection[str] | None = None) -> int:
        """Suspend or bring back the accounts of these users or devices as access wants it now; return how many changed.

        Called in the unit of work that changed who may sign in where. Whoever is admitted meanwhile holds their user and device, so
        both sides see one another.
        """
        # public: whoever changed the access was allowed to
        self.hold(user_ids or (), device_ids or ())
        followers = self.access.followers(user_ids=user_ids, device_ids=device_ids)
        closed = [one.binding for one in followers if not one.allowed]
        opened = [one.binding for one in followers if one.allowed]
        changed = self._change(actor, closed, Desired.SUSPENDED, BindingAct.SUSPEND)
        return changed + self._change(actor, opened, Desired.PRESENT, BindingAct.ACTIVATE)

    def hold(self, user_ids: Collection[str], device_ids: Collection[str] = ()) -> Sequence[str]:
        """Hold users, then these devices and those with accounts of the users, each kind in one order; return the latter."""
        # public: it holds and changes nothing
        self.access.lock_users(user_ids)
        theirs = self.access.devices_of_users(user_ids)
        self.access.lock_devices({*theirs, *device_ids})
        return theirs

    def follow_terms(self, actor: Actor, user_ids: Collection[str], *, rights: Collection[str]) -> int:
        """Give these users' accounts what the rules for user groups say now, and return how many changed.

        Those in `rights` get or lose administrator rights; a lease that runs longer than the person's own is cut in any case.
        """
        # public: whoever changed the rules or a membership was allowed to
        device_ids = self.hold(user_ids)
        concerned, now = frozenset(user_ids), self.clock.now()
        changed = []
        for device_id in device_ids:
            live = [binding for binding in self.store.lock_live(device_id=device_id) if binding.user_id in concerned]
            settings = self._settings(self.devices.get(device_id), live)
            for binding in live:
                setting = settings.get(binding.user_id)
                if setting is None or not binding.leased:  # MDM changes neither rights nor an expiry date
                    continue
                longest = now + timedelta(days=setting.lease_days)
                new = replace(
                    binding,
                    permission=setting.default_permission if binding.user_id in rights else binding.permission,
                    lease_not_after=min(binding.lease_not_after, longest),
                )
                if new != binding:
                    new = replace(new, version=binding.version + 1)
                    self.store.save(new)
                    self._record(actor, new, binding)
                    changed.append(new)
        # A suspended account learns of it when it comes back.
        self._announce([(binding, BindingAct.ACTIVATE) for binding in changed if binding.desired is Desired.PRESENT])
        return len(changed)

    def remove_all_of_device(self, actor: Actor, device: Device, after: After) -> int:
        """Remove every binding of a device that is deleted, and return how many there were; the caller holds the device."""
        actor.require(Permission.DEVICES_WRITE)
        return self._change(actor, self.store.lock_live(device_id=device.id), Desired.REMOVED, BindingAct.UNBIND, after)

    def remove(self, actor: Actor, binding_id: str, after: After = After.LOCK) -> Binding:
        """End a binding; `after` says what becomes of the local account. A removed binding stays as it is.

        Deleting the home folder with it needs recent authentication.
        """
        actor.require(Permission.DEVICES_WRITE)
        if after is After.REMOVE:
            actor.require_recent(self.clock.now())
        self.devices.lock(_present(self.store.get(binding_id)).device_id)
        binding = _present(self.store.lock(binding_id))
        if binding.desired is not Desired.REMOVED:
            self._change(actor, [binding], Desired.REMOVED, BindingAct.UNBIND, after)
        return _present(self.store.get(binding_id))

    def renew_leases(self, device_id: str) -> int:
        """Extend the leases of a device in contact that have less than half left, and return how many orders that earned."""
        # public: the device channel calls it for a device that proved its key
        device = self.devices.lock(device_id)
        live = self.store.lock_live(device_id=device_id)
        leases = self._leases(device, live)
        now = self.clock.now()
        renewed = []
        for binding in live:
            lease = leases.get(binding.user_id)
            if lease is not None and binding.runs_low(lease, now):
                later = replace(binding, lease_not_after=now + lease, version=binding.version + 1)
                self.store.save(later)
                renewed.append((later, BindingAct.ACTIVATE))
        self._announce(renewed)
        return len(renewed)

    def existing_on(self, device: Device) -> ExistingAccount:
        """Tell what the setting says of a local account that has the person's name already."""
        # public: the device channel asks for a device that proved its key
        setting = self._setting(device)
        return setting.existing if setting else ExistingAccount.REFUSE

    def leases_run_low(self, device_id: str) -> bool:
        """Tell whether `renew_leases` would renew one; a look that holds nothing."""
        # public: the device channel asks for a device that proved its key
        live = self.store.live(device_id=device_id)
        leases = self._leases(self.devices.get(device_id), live)
        now = self.clock.now()
        return any(one.user_id in leases and one.runs_low(leases[one.user_id], now) for one in live)

    def report(self, device_id: str, *, orders: Iterable[OrderReport] = (), accounts: Iterable[AccountReport] = ()) -> None:
        """Note what a device says of its own bindings; what it says of another device's is left out."""
        # public: the device channel calls it for a device that proved its key
        self.devices.lock(device_id)
        now = self.clock.now()
        for order in orders:
            binding = self.store.lock(order.binding_id)
            if binding is not None and binding.device_id == device_id:
                self._observe(binding, binding.after_order(order), now)
        live = {binding.user_id: binding for binding in self.store.lock_live(device_id=device_id)}
        for account in accounts:
            binding = live.get(account.user_id)
            if binding is not None:
                self._observe(binding, binding.after_account(account, now), now)

    def get(self, actor: Actor, binding_id: str) -> Binding:
        """Return a binding, also a removed one."""
        actor.require(Permission.DEVICES_READ)
        return _present(self.store.get(binding_id))

    def find(self, binding_id: str) -> Binding | None:
        """Return a binding, also a removed one."""
        # public: the device channel turns a changed binding into an order
        return self.store.get(binding_id)

    def live_on(self, device_id: str) -> Sequence[Binding]:
        """Return the bindings of a device whose desired state is not `removed`."""
        # public: the device channel and sign-in ask for a device that proved its key
        return self.store.live(device_id=device_id)

    def of_device(self, actor: Actor, device_id: str) -> Sequence[NamedBinding]:
        """Return all bindings of a device, the newest first, removed ones too."""
        actor.require(Permission.DEVICES_READ)
        return self.store.named(device_id=device_id)

    def of_user(self, actor: Actor, user_id: str) -> Sequence[NamedBinding]:
        """Return all bindings of a user, the newest first, removed ones too."""
        actor.require(Permission.DEVICES_READ)
        return self.store.named(user_id=user_id)

    def _against_user(
        self, user: User, device: Device, live: Sequence[Binding], setting: ProvisioningSetting | None
    ) -> ReasonCode | None:
        if user.state is not UserState.ACTIVATED:
            return ReasonCode.USER_STAGED if user.state is UserState.STAGED else ReasonCode.USER_SUSPENDED
        if not self.access.may_enter(user.id, device.id):
            return ReasonCode.DEVICE_NOT_ASSIGNED
        if any(binding.user_id == user.id for binding in live):
            return None  # the account is theirs already, under the name it got then
        if live and (setting is None or not setting.several_users):
            return ReasonCode.DEVICE_TAKEN
        if not name_allowed(device.os_family, user.username) or any(binding.username == user.username for binding in live):
            return ReasonCode.USERNAME_NOT_ALLOWED
        return None

    def _setting(self, device: Device) -> ProvisioningSetting | None:
        return self.provisioning.get(device.os_family) if device.os_family else None

    def _settings(self, device: Device | None, bindings: Iterable[Binding]) -> Mapping[str, ProvisioningSetting]:
        """Return the setting as it is for each person with an account on the device; nobody on a kind of system that is unknown."""
        if device is None or device.os_family is None:
            return {}
        setting = self.provisioning.get(device.os_family)
        user_ids = [binding.user_id for binding in bindings]
        terms = self.provisioning.terms(device.os_family, user_ids)
        return {user_id: terms.get(user_id, Terms()).over(setting) for user_id in user_ids}

    def _leases(self, device: Device | None, bindings: Iterable[Binding]) -> Mapping[str, timedelta]:
        """Return for how long each person's account on the device is good; nobody's where no more leases are given."""
        if device is None or not device.active:
            return {}
        return {user: timedelta(days=setting.lease_days) for user, setting in self._settings(device, bindings).items()}

    def _lease(self, binding: Binding) -> datetime:
        setting = self._settings(self.devices.get(binding.device_id), [binding]).get(binding.user_id)
        return self.clock.now() + timedelta(days=setting.lease_days) if setting and binding.leased else binding.lease_not_after

    def _again(self, binding: Binding, sign_in_id: str, lease: datetime) -> Binding:
        if binding.sign_in_id == sign_in_id:
            return binding
        again = replace(
            binding, sign_in_id=sign_in_id, desired=Desired.PRESENT, lease_not_after=lease, reason="", version=binding.version + 1
        )
        self.store.save(again)
        self._announce([(again, BindingAct.BIND)])
        return again

    def _change_all_of_user(self, user_id: str, desired: Desired, act: BindingAct, after: After | None = None) -> None:
        for device_id in sorted({binding.device_id for binding in self.store.live(user_id=user_id)}):
            self.devices.lock(device_id)
        self._change(system("directory"), self.store.lock_live(user_id=user_id), desired, act, after)

    def _change(
        self, actor: Actor, bindings: Iterable[Binding], desired: Desired, act: BindingAct, after: After | None = None
    ) -> int:
        changed = []
        for binding in bindings:
            if binding.desired is not desired:
                new = replace(
                    binding,
                    desired=desired,
                    after=binding.as_kept(after),
                    reason="",
                    lease_not_after=self._lease(binding) if act is BindingAct.ACTIVATE else binding.lease_not_after,
                    confirmed_at=None,
                    version=binding.version + 1,
                )
                self.store.save(new)
                self._record(actor, new, binding)
                changed.append((new, act))
        self._announce(changed)
        return len(changed)

    def _announce(self, changed: Sequence[tuple[Binding, BindingAct]]) -> None:
        for binding, act in changed:
            self.publisher.publish(BindingChanged(binding.id, binding.device_id, act))
        for device_id in sorted({binding.device_id for binding, _ in changed}):
            self.devices.bump(device_id)
            self.publisher.publish(DesiredStateChanged(device_id))

    def _record(self, actor: Actor, binding: Binding, before: Binding | None) -> None:
        self.audit.record(
            actor,
            "association_change",
            resource=Resource("binding", binding.id, binding.username),
            changes=[
                Change(field, getattr(before, field).value if before else None, getattr(binding, field).value)
                for field in ("desired", "permission")
                if before is None or getattr(before, field) is not getattr(binding, field)
            ],
            details={
                "user_id": binding.user_id,
                "device_id": binding.device_id,
                "uid": binding.uid,
                "after": binding.after.value if binding.after else None,
                "sign_in_id": binding.sign_in_id,
            },
        )

    def _observe(self, binding: Binding, seen: Binding, now: datetime) -> None:
        seen = replace(seen, confirmed_at=(seen.confirmed_at or now) if seen.settled else None)
        if seen != binding:
            self.store.save(seen)


def _present(binding: Binding | None) -> Binding:
    if binding is None:
        raise NotFound("There is no such binding.")
    return binding
