"""Whether and how people may make their own accounts on devices, per kind of operating system."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.devices.actions.bindings import Bindings
from homeport.directory.devices.actions.policies import Policies
from homeport.directory.devices.model import (
    FIRST_UID,
    LAST_UID,
    LINUX_ONLY,
    LONGEST_LEASE_DAYS,
    SHORTEST_LEASE_DAYS,
    GroupRule,
    OSFamily,
    ProvisioningSetting,
    UidUse,
)
from homeport.directory.devices.ports import ProvisioningStore, UnixIdStore
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.errors import Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission

DIRECTORY = system("directory")
MOST_GROUP_RULES = 200
CHANGED = "Somebody else changed these settings since you opened them. Look at the present values and save again."
_WIRE = {"existing": "existingAccount"}
OS_NAMES = {OSFamily.LINUX: "Linux", OSFamily.MACOS: "macOS", OSFamily.WINDOWS: "Windows"}


@dataclass(frozen=True, slots=True)
class Provisioning:
    """The provisioning settings of one unit of work."""

    settings: ProvisioningStore
    unix_ids: UnixIdStore
    bindings: Bindings
    policies: Policies
    audit: Audit

    def list(self, actor: Actor) -> Sequence[ProvisioningSetting]:
        """Return the setting of every kind of operating system."""
        actor.require(Permission.PROVISIONING_READ)
        return [self.settings.get(family) for family in OSFamily]

    def get(self, actor: Actor, os_family: OSFamily = OSFamily.LINUX) -> ProvisioningSetting:
        """Return the setting of one kind of operating system."""
        actor.require(Permission.PROVISIONING_READ)
        return self.settings.get(os_family)

    def version(self, actor: Actor) -> int:
        """Return a number that grows with each change of a setting or a rule, of whichever kind of operating system."""
        actor.require(Permission.PROVISIONING_READ)
        return sum(self.settings.get(family).version for family in OSFamily)

    def expect(self, actor: Actor, version: int | None) -> None:
        """Hold every setting; raise PreconditionFailed when `version` is given and somebody changed one since it was read."""
        actor.require(Permission.PROVISIONING_WRITE)
        present = sum(self.settings.lock(family).version for family in OSFamily)
        if version is not None and version != present:
            raise PreconditionFailed(CHANGED)

    def set(self, actor: Actor, setting: ProvisioningSetting, *, version: int | None = None) -> ProvisioningSetting:
        """Store a setting. Accounts that exist keep their permission; the lease counts from their next renewal.

        Raises PreconditionFailed when `version` is given and is not the setting's present one, Invalid for what the kind of operating
        system does not have.
        """
        actor.require(Permission.PROVISIONING_WRITE)
        if not SHORTEST_LEASE_DAYS <= setting.lease_days <= LONGEST_LEASE_DAYS:
            sentence = f"Enter a number of days from {SHORTEST_LEASE_DAYS} to {LONGEST_LEASE_DAYS}."
            raise Invalid(f"The lease cannot be {setting.lease_days} days. {sentence}", {"leaseDays": sentence})
        present = self.settings.lock(setting.os_family)
        if version is not None and version != present.version:
            raise PreconditionFailed(CHANGED)
        _require_possible(setting, present)
        setting = replace(setting, version=present.version)
        before, after = asdict(present), asdict(setting)
        changes = [Change(name, _plain(before[name]), _plain(after[name])) for name in after if after[name] != before[name]]
        if changes:
            setting = replace(setting, version=present.version + 1)
            self.settings.save(setting)
            if any(before[name] != after[name] for name in ("ssh", "sudo", "existing")):
                told = self.settings.device_ids(setting.os_family)
                self.bindings.hold((), told)
                self.policies.announce(told)
            self.audit.record(
                actor,
                "provisioning_setting_update",
                resource=Resource("provisioning_setting", setting.os_family.value, OS_NAMES[setting.os_family]),
                changes=changes,
            )
        return setting

    def rules(self, actor: Actor, os_family: OSFamily = OSFamily.LINUX) -> Sequence[GroupRule]:
        """Return what members of user groups get instead of the defaults."""
        actor.require(Permission.PROVISIONING_READ)
        return self.settings.rules(os_family)

    def group_names(self, actor: Actor, os_family: OSFamily = OSFamily.LINUX) -> Mapping[str, str]:
        """Return the names of the user groups that rules are about, by their ids."""
        actor.require(Permission.PROVISIONING_READ)
        return self.settings.group_names([rule.user_group_id for rule in self.settings.rules(os_family)])

    def set_rules(
        self, actor: Actor, os_family: OSFamily, rules: Sequence[GroupRule], *, version: int | None = None
    ) -> Sequence[GroupRule]:
        """Put rules for user groups in place of those that are there; accounts follow by order.

        Whoever gains or loses administrator rights by it gets or loses them on every device; a lease that runs longer than the new
        one is cut, and one that runs shorter grows at the next renewal. Raises Invalid, naming `groups`, for a bad rule, and
        PreconditionFailed when `version` is given and is not the setting's present one.
        """
        actor.require(Permission.PROVISIONING_WRITE)
        present = self.settings.lock(os_family)
        if version is not None and version != present.version:
            raise PreconditionFailed(CHANGED)
        before = {rule.user_group_id: rule for rule in self.settings.rules(os_family)}
        after = {rule.user_group_id: rule for rule in rules if rule.admin or rule.lease_days is not None}
        names = self.settings.group_names({*before, *after})
        _check_rules(rules, names)
        if before == after:
            return list(after.values())
        self.settings.set_rules(os_family, list(after.values()))
        self.settings.save(replace(present, version=present.version + 1))
        touched = sorted(one for one in {*before, *after} if before.get(one) != after.get(one))
        self.audit.record(
            actor,
            "provisioning_setting_update",
            resource=Resource("provisioning_setting", os_family.value, OS_NAMES[os_family]),
            changes=[Change(f"group {names.get(one, one)}", _told(before.get(one)), _told(after.get(one))) for one in touched],
        )
        rights = {one for one in touched if _admin(before.get(one)) != _admin(after.get(one))}
        # All at once, so that users and devices are held in one order.
        self.bindings.follow_terms(actor, self.settings.members(touched), rights=frozenset(self.settings.members(rights)))
        return list(after.values())

    def user_group_changed(self, group_id: str, user_ids: Collection[str]) -> None:
        """Let the accounts of users who joined or left a user group follow its rules."""
        # public: handles UserGroupMembersChanged, whose action was allowed
        rules = self._rules_about(group_id)
        if rules:
            self.bindings.follow_terms(DIRECTORY, user_ids, rights=user_ids if any(rule.admin for rule in rules) else ())

    def forget_user_group(self, group_id: str) -> None:
        """Remove the rules about a user group that is deleted, and let its members' accounts follow."""
        # public: handles UserGroupDeleted, whose action was allowed
        rules = self._rules_about(group_id)
        if rules:
            self.settings.forget_user_group(group_id)
            members = self.settings.members([group_id])
            self.bindings.follow_terms(DIRECTORY, members, rights=members if any(rule.admin for rule in rules) else ())

    def _rules_about(self, group_id: str) -> Sequence[GroupRule]:
        return [rule for family in OSFamily for rule in self.settings.rules(family) if rule.user_group_id == group_id]

    def any_enabled(self) -> bool:
        """Tell whether people get accounts on any kind of device; federation takes no effect until then."""
        # public: sign-in and the provider's page ask; it tells nothing about anybody
        return any(self.settings.get(family).takes_effect for family in OSFamily)

    def uid_use(self, actor: Actor) -> UidUse:
        """Return how many uids were given out."""
        actor.require(Permission.PROVISIONING_READ)
        return UidUse(self.unix_ids.count(), LAST_UID - FIRST_UID + 1)


def _require_possible(setting: ProvisioningSetting, present: ProvisioningSetting) -> None:
    if setting.os_family is OSFamily.LINUX:
        return
    plain = ProvisioningSetting(setting.os_family)
    for field in LINUX_ONLY:
        if getattr(setting, field) not in {getattr(plain, field), getattr(present, field)}:
            name = _WIRE.get(field, field)
            sentence = f"{name} can be set for Linux only; leave it as it is for {OS_NAMES[setting.os_family]}."
            raise Invalid(f"The setting was not saved. {sentence}", {name: sentence})


def _plain(value: object) -> str | int | bool:
    return value if isinstance(value, (bool, int)) else str(value)


def _check_rules(rules: Sequence[GroupRule], names: Mapping[str, str]) -> None:
    problems = []
    chosen = [rule.user_group_id for rule in rules]
    if len(chosen) > MOST_GROUP_RULES:
        problems.append(f"Choose at most {MOST_GROUP_RULES} groups.")
    if len(set(chosen)) < len(chosen):
        problems.append("Name each group once.")
    if any(one not in names for one in chosen):
        problems.append("Choose user groups that are there.")
    if any(rule.lease_days is not None and not SHORTEST_LEASE_DAYS <= rule.lease_days <= LONGEST_LEASE_DAYS for rule in rules):
        problems.append(f"Enter a lease from {SHORTEST_LEASE_DAYS} to {LONGEST_LEASE_DAYS} days, or none.")
    if problems:
        sentence = " ".join(problems)
        raise Invalid(f"The rules for user groups were not saved. {sentence}", {"groups": sentence})


def _admin(rule: GroupRule | None) -> bool:
    return rule is not None and rule.admin


def _told(rule: GroupRule | None) -> str | None:
    if rule is None:
        return None
    words = ["administrator"] if rule.admin else []
    if rule.lease_days is not None:
        words.append(f"lease of {rule.lease_days} days")
    return ", ".join(words)
