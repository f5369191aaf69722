"""Self Service Account Provisioning for Linux, macOS and Windows: the pages behind “Configure” on the identity provider's page."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.actions.provisioning import OS_NAMES
from homeport.directory.devices.model import (
    VERIFIED,
    AccountPermission,
    ExistingAccount,
    GroupRule,
    OSFamily,
    ProvisioningSetting,
    SshPolicy,
    SudoPolicy,
)
from homeport.directory.devices.pages.words import MOST_SELECTED, SSH, SSH_WORDS, SUDO, SUDO_WORDS
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

ADMIN_MEANS = {
    OSFamily.LINUX: "May use sudo with the local passcode.",
    OSFamily.MACOS: "A member of the Mac's group admin.",
    OSFamily.WINDOWS: "A member of the machine's group Administrators.",
}
PERMISSIONS = {
    family: (("standard", "Standard", "Without administrator rights."), ("admin", "Administrator", means))
    for family, means in ADMIN_MEANS.items()
}
WHO = (
    ("first", "The first person only", "The machine belongs to whoever signs in first. Others are refused."),
    ("several", "Several people", "Everybody who may sign in gets an account, as on shared machines."),
)
EXISTING = (
    ("refuse", "Refuse", "The machine's own accounts stay its own; the person is told that the name is taken."),
    (
        "take_over",
        "Let the person take it over",
        "After the sign-in they give its present passcode at the machine. Never a system account.",
    ),
)
RULE_LABELS = {"admin": "Administrator", "group_lease": "Lease in days"}
RULE_VALUES = {"admin": {"on": "given", "": "not given"}, "group_lease": {"": "the default"}}
LABELS = {
    "enabled": "Provisioning",
    "permission": "New accounts are",
    "who": "Who gets an account",
    "lease_days": "Lease in days",
    "existing": "When the machine has an account of that name",
    "ssh": "A session over ssh opens by",
    "sudo": "sudo asks for",
}
VALUES = {
    "permission": {"standard": "Standard", "admin": "Administrator"},
    "who": {value: label for value, label, _ in WHO},
    "existing": {value: label for value, label, _ in EXISTING},
    "ssh": {one.value: words for one, words in SSH_WORDS.items()},
    "sudo": {one.value: words for one, words in SUDO_WORDS.items()},
}
_LONGEST_NUMBER = 4


def path_of(os_family: OSFamily) -> str:
    """Return the address of the page for one kind of operating system."""
    return f"/admin/provisioning/{os_family.value}"


@dataclass(frozen=True, slots=True)
class ProvisioningPages:
    """The settings page for one kind of operating system."""

    work: Work[DeviceActions]
    templates: Templates
    system: OSFamily

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        path = path_of(self.system)
        router.add_api_route(path, self.show, methods=["GET"])
        router.add_api_route(path, self.save, methods=["POST"])
        router.add_api_route(f"{path}/groups", self.save_rule, methods=["POST"])
        router.add_api_route(f"{path}/groups/{{group_id}}/remove", self.ask_remove_rule, methods=["GET"])
        router.add_api_route(f"{path}/groups/{{group_id}}/remove", self.remove_rule, methods=["POST"])
        return router

    @property
    def title(self) -> str:
        """Return the page's title."""
        return f"Self Service Account Provisioning for {OS_NAMES[self.system]}"

    def show(self, request: Request, actor: PageActor) -> Response:
        """Show the setting."""
        with self.work.read() as actions:
            return self._page(request, actor, actions, _form_of(actions.provisioning.get(actor, self.system)))

    def save(
        self,
        request: Request,
        actor: PageActor,
        *,
        enabled: Annotated[str, Form()] = "",
        permission: Annotated[AccountPermission, Form()] = AccountPermission.STANDARD,
        who: Annotated[str, Form()] = "first",
        lease_days: Annotated[str, Form()] = "",
        ssh: Annotated[SshPolicy, Form()] = SshPolicy.KEY,
        sudo: Annotated[SudoPolicy, Form()] = SudoPolicy.PASSCODE,
        existing: Annotated[ExistingAccount, Form()] = ExistingAccount.REFUSE,
        version: Annotated[int | None, Form(ge=0, lt=2**31)] = None,
    ) -> Response:
        """Store the setting and say what changed, or what somebody else changed meanwhile."""
        typed = lease_days.strip()
        days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_NUMBER else 0
        several = who == "several"
        wanted = ProvisioningSetting(self.system, enabled == "on", permission, several, days, ssh, sudo, existing)
        try:
            with self.work.write() as actions:
                before = actions.provisioning.get(actor, self.system)
                stored = actions.provisioning.set(actor, wanted, version=version)
                form = _form_of(stored)
                form.confirm(_changes(before, stored))
                return self._page(request, actor, actions, form)
        except (Invalid, PreconditionFailed) as error:
            form, problem = _form_of(replace(wanted, version=version or 0)), error
            form.values["lease_days"] = (lease_days,)
        with self.work.read() as actions:
            if isinstance(problem, Invalid):
                if "leaseDays" in problem.fields:
                    form.fail("lease_days", problem.fields["leaseDays"])
                else:
                    form.refuse(problem.detail)
                return self._page(request, actor, actions, form, status=400)
            present = actions.provisioning.get(actor, self.system)
            words = VALUES | {"enabled": {"on": provisioning_word(replace(present, enabled=True)), "": "Disabled"}}
            form.meet(problem.detail, _form_of(present), LABELS, words)
            return self._page(request, actor, actions, form, status=412)

    def save_rule(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        group: Annotated[str, Form(max_length=300)] = "",
        admin: Annotated[str, Form()] = "",
        group_lease: Annotated[str, Form(max_length=20)] = "",
        version: Annotated[int | None, Form(ge=0, lt=2**31)] = None,
    ) -> Response:
        """Store what the members of one user group get, in place of what they got before, or say what somebody else changed."""
        actor.require(Permission.PROVISIONING_WRITE)
        typed = group_lease.strip()
        days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_NUMBER else 0
        with self.work.write() as actions:
            form = _form_of(actions.provisioning.get(actor, self.system))
            form.values |= {"group": (group,), "admin": ("on",) if admin else (), "group_lease": (group_lease,)}
            found = actions.access.named_group(actor, group)
            if found is None:
                form.fail("group", "There is no user group of this name. Enter the name as User Groups shows it.")
            elif not admin and not typed:
                form.fail("group_lease", "Choose administrator rights, a lease, or both.")
            if found is None or not form.valid:
                return self._page(request, actor, actions, form, status=400)
            present = {one.user_group_id: one for one in actions.provisioning.rules(actor, self.system)}
            wanted = present | {found: GroupRule(found, admin == "on", days if typed else None)}
            try:
                actions.provisioning.set_rules(actor, self.system, list(wanted.values()), version=version)
            except Invalid as error:
                form.fail("group_lease", error.fields.get("groups", error.detail))
                return self._page(request, actor, actions, form, status=400)
            except PreconditionFailed as error:
                form.meet(error.detail, _rule_form(group, present.get(found), form.value("version")), RULE_LABELS, RULE_VALUES)
                return self._page(request, actor, actions, form, status=412)
        return RedirectResponse(f"{path_of(self.system)}#groups", 303)

    def ask_remove_rule(self, request: Request, actor: PageActor, group_id: PathId) -> Response:
        """Ask before the rule for a user group goes."""
        actor.require(Permission.PROVISIONING_WRITE)
        with self.work.read() as actions:
            names = actions.provisioning.group_names(actor, self.system)
        if group_id not in names:
            raise NotFound("There is no such rule. It may have been removed already.")
        return self.templates.render(
            "devices/selected.html",
            request,
            title=f"Remove the rule for {names[group_id]}",
            sentence="Members of this group get the defaults, or what their other groups say.",
            impacts=[
                "Accounts that only this rule made administrators lose their rights by order",
                "Leases that only this rule made longer are cut; shorter ones grow at their renewal",
            ],
            action=f"{path_of(self.system)}/groups/{group_id}/remove",
            values=[],
            verb="Yes, Remove",
            back=(self.title, path_of(self.system)),
            danger=True,
            form=FormState(),
        )

    def remove_rule(self, actor: PageActor, group_id: PathId) -> Response:
        """Remove the rule for a user group."""
        with self.work.write() as actions:
            others = [one for one in actions.provisioning.rules(actor, self.system) if one.user_group_id != group_id]
            actions.provisioning.set_rules(actor, self.system, others)
        return RedirectResponse(f"{path_of(self.system)}#groups", 303)

    def _page(self, request: Request, actor: Actor, actions: DeviceActions, form: FormState, *, status: int = 200) -> Response:
        groups, devices = actions.policies.exceptions(actor, MOST_SELECTED)
        return self.templates.render(
            "devices/provisioning.html",
            request,
            status=status,
            policy_groups=groups,
            policy_devices=devices,
            ssh_words=SSH_WORDS,
            sudo_words=SUDO_WORDS,
            form=form,
            path=path_of(self.system),
            title=self.title,
            os_name=OS_NAMES[self.system],
            linux=self.system is OSFamily.LINUX,
            verified=self.system in VERIFIED,
            admin_means=ADMIN_MEANS[self.system],
            permissions=PERMISSIONS[self.system],
            who=WHO,
            ssh=SSH,
            sudo=SUDO,
            existing=EXISTING,
            uids=actions.provisioning.uid_use(actor),
            rules=actions.provisioning.rules(actor, self.system),
            group_names=actions.provisioning.group_names(actor, self.system),
            may_write=actor.may(Permission.PROVISIONING_WRITE),
        )


def provisioning_word(setting: ProvisioningSetting) -> str:
    """Return the word for a setting; never “Enabled” alone for what was never run on a real system."""
    if not setting.enabled:
        return "Disabled"
    return "Enabled" if setting.verified else "Enabled, unverified"


def _form_of(setting: ProvisioningSetting) -> FormState:
    return FormState.showing(
        enabled=setting.enabled,
        permission=setting.default_permission.value,
        who="several" if setting.several_users else "first",
        lease_days=setting.lease_days,
        ssh=setting.ssh.value,
        sudo=setting.sudo.value,
        existing=setting.existing.value,
        version=setting.version,
    )


def _rule_form(group: str, rule: GroupRule | None, version: str) -> FormState:
    return FormState.showing(
        group=group, admin=rule is not None and rule.admin, group_lease=rule.lease_days if rule else None, version=version
    )


def _changes(before: ProvisioningSetting, after: ProvisioningSetting) -> list[str]:
    def words(setting: ProvisioningSetting) -> dict[str, str]:
        return {
            "Provisioning": provisioning_word(setting),
            "New accounts": VALUES["permission"][setting.default_permission.value],
            "Who gets an account": WHO[1 if setting.several_users else 0][1],
            "Lease": f"{setting.lease_days} days",
            "Over ssh": SSH_WORDS[setting.ssh],
            "With sudo": SUDO_WORDS[setting.sudo],
            "An account of the name": {value: label for value, label, _ in EXISTING}[setting.existing.value],
        }

    old, new = words(before), words(after)
    return [f"{name}: {old[name]} → {new[name]}" for name in old if old[name] != new[name]]
