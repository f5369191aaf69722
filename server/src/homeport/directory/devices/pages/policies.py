"""ssh and sudo of one device, or of the devices of a group: what is said here, and what holds in the end."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form, Request
from starlette.responses import Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import Device, DeviceGroup, DevicePolicy, SshPolicy, SudoPolicy, Target, TargetKind
from homeport.directory.devices.pages.access import WHERE
from homeport.directory.devices.pages.words import SSH, SSH_WORDS, SUDO, SUDO_WORDS
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

INHERIT: Literal["inherit"] = "inherit"
INHERITED = {
    TargetKind.DEVICE: ("As its groups say, or the setting for all devices", "Of several groups the stricter one counts."),
    TargetKind.DEVICE_GROUP: ("Not set by this group", "Another group of the device decides, or the setting for all devices."),
}


@dataclass(frozen=True, slots=True)
class PolicyPages:
    """The pages of policies, alike for devices and for device groups: `kind` says for which."""

    work: Work[DeviceActions]
    templates: Templates
    kind: TargetKind

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        path = f"{WHERE[self.kind]}/{{target_id}}/policy"
        router.add_api_route(path, self.show, methods=["GET"])
        router.add_api_route(path, self.save, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor, target_id: PathId) -> Response:
        """Show what is said here."""
        with self.work.read() as actions:
            target = self._find(actions, actor, target_id)
            return self._page(request, actor, actions, target, self._form(actions, actor, target))

    def save(
        self,
        request: Request,
        actor: PageActor,
        target_id: PathId,
        *,
        ssh: Annotated[SshPolicy | Literal["inherit"], Form()] = INHERIT,
        sudo: Annotated[SudoPolicy | Literal["inherit"], Form()] = INHERIT,
        version: Annotated[int, Form()] = 0,
    ) -> Response:
        """Store it and say what changed."""
        wanted = DevicePolicy(ssh if isinstance(ssh, SshPolicy) else None, sudo if isinstance(sudo, SudoPolicy) else None)
        try:
            with self.work.write() as actions:
                self._find(actions, actor, target_id)
                where = Target(self.kind, target_id)
                before = actions.policies.get(actor, where)
                actions.policies.set(actor, where, wanted, version=version or None)
                target = self._find(actions, actor, target_id)
                form = self._form(actions, actor, target)
                form.confirm(self._changes(before, wanted))
                return self._page(request, actor, actions, target, form)
        except PreconditionFailed as error:
            form, sentence = FormState.showing(ssh=ssh, sudo=sudo), error.detail
        with self.work.read() as actions:
            target = self._find(actions, actor, target_id)
            inherit = {INHERIT: INHERITED[self.kind][0]}
            words = {
                "ssh": {one.value: said for one, said in SSH_WORDS.items()} | inherit,
                "sudo": {one.value: said for one, said in SUDO_WORDS.items()} | inherit,
            }
            form.meet(sentence, self._form(actions, actor, target), {"ssh": "Over ssh", "sudo": "With sudo"}, words)
            return self._page(request, actor, actions, target, form, status=412)

    def _find(self, actions: DeviceActions, actor: Actor, target_id: str) -> Device | DeviceGroup:
        of_device = self.kind is TargetKind.DEVICE
        return actions.devices.get(actor, target_id) if of_device else actions.groups.get(actor, target_id)

    def _form(self, actions: DeviceActions, actor: Actor, target: Device | DeviceGroup) -> FormState:
        policy = actions.policies.get(actor, Target(self.kind, target.id))
        return FormState.showing(ssh=policy.ssh or INHERIT, sudo=policy.sudo or INHERIT, version=target.version)

    def _changes(self, before: DevicePolicy, after: DevicePolicy) -> list[str]:
        inherited = INHERITED[self.kind][0]
        pairs = (
            ("Over ssh", *(SSH_WORDS[one.ssh] if one.ssh else inherited for one in (before, after))),
            ("With sudo", *(SUDO_WORDS[one.sudo] if one.sudo else inherited for one in (before, after))),
        )
        return [f"{name}: {old} → {new}" for name, old, new in pairs if old != new]

    def _page(
        self,
        request: Request,
        actor: Actor,
        actions: DeviceActions,
        target: Device | DeviceGroup,
        form: FormState,
        *,
        status: int = 200,
    ) -> Response:
        inherit = (INHERIT, *INHERITED[self.kind])
        return self.templates.render(
            "devices/policy.html",
            request,
            status=status,
            target=target,
            path=f"{WHERE[self.kind]}/{target.id}",
            is_device=isinstance(target, Device),
            effective=actions.policies.effective(actor, [target]).get(target.id) if isinstance(target, Device) else None,
            form=form,
            ssh=(inherit, *SSH),
            sudo=(inherit, *SUDO),
            ssh_words=SSH_WORDS,
            sudo_words=SUDO_WORDS,
            may_write=actor.may(Permission.PROVISIONING_WRITE),
        )
