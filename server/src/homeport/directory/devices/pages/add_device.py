"""DEVICE MANAGEMENT > Add a Device: make an enrolment key, copy the commands, see and revoke keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Form, Query, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import AgentPackage, enrollment_command
from homeport.directory.devices.pages.groups import groups_to_offer
from homeport.directory.devices.pages.words import asked_of, key_word
from homeport.directory.devices.schemas.devices import PathId
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, PreconditionFailed, StepUpRequired
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import ListState, Pager
from homeport.foundation.ui.templates import Templates

SHOWN_KEYS = 50
NO_GROUP = "none"
KEY_SORTS = ("name", "expires_at", "created_at", "uses")
LIFETIMES = (("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))
APPROVAL_LABELS = {"wanted": "Waiting for approval", "default_group": "Default device group"}
WAITING = {"on": "on", "": "off"}
_LONGEST_NUMBER = 6
_FIELDS = {"name": "name", "maxUses": "max_uses", "expiresAt": "days", "deviceGroupId": "group"}


@dataclass(frozen=True, slots=True)
class AddDevicePages:
    """The page on which a device's way into the directory begins; `public_url` is the address that devices use.

    `packages` are what the server hands out for them; without any, the page shows only how to enrol.
    """

    work: Work[DeviceActions]
    templates: Templates
    public_url: str
    packages: Sequence[AgentPackage] = ()

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/admin/devices/add", self.show, methods=["GET"])
        router.add_api_route("/admin/devices/add", self.create, methods=["POST"])
        router.add_api_route("/admin/enrollment-settings", self.set_approval, methods=["POST"])
        router.add_api_route("/admin/enrollment-keys/{key_id}/revoke", self.ask_revoke, methods=["GET"])
        router.add_api_route("/admin/enrollment-keys/{key_id}/revoke", self.revoke, methods=["POST"])
        return router

    def show(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        name: Annotated[str, Query(max_length=100)] = "",
        max_uses: Annotated[str, Query(max_length=20)] = "1",
        days: Annotated[str, Query(max_length=20)] = "7",
        group: Annotated[str, Query(max_length=64)] = "",
    ) -> Response:
        """Show the form and the keys; what was typed before the password was asked again comes with the address."""
        with self.work.read() as actions:
            return self._page(request, actor, actions, FormState.showing(name=name, max_uses=max_uses, days=days, group=group))

    def create(  # noqa: PLR0917 - one for each field of the form; FastAPI passes them by name
        self,
        request: Request,
        actor: PageActor,
        name: Annotated[str, Form()] = "",
        max_uses: Annotated[str, Form()] = "",
        days: Annotated[str, Form()] = "7",
        group: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        """Make a key and show it, this once."""
        form = FormState.showing(name=name, max_uses=max_uses, days=days, group=group)
        try:
            with self.work.write() as actions:
                key, text = actions.keys.create(
                    actor, name, _number(max_uses), actions.keys.clock.now() + timedelta(days=_number(days)), group or None
                )
                fresh = FormState.showing(name="", max_uses=1, days=7)
                return self._page(request, actor, actions, fresh, made=(key.name, text))
        except StepUpRequired:
            typed = urlencode({"name": name[:100], "max_uses": max_uses[:20], "days": days[:20], "group": group})
            return RedirectResponse(f"/signin/confirm?next={quote(f'/admin/devices/add?{typed}')}", 303)
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(_FIELDS[field], sentence)
        with self.work.read() as actions:
            return self._page(request, actor, actions, form, status=400)

    def set_approval(
        self,
        request: Request,
        actor: PageActor,
        wanted: Annotated[str, Form()] = "",
        default_group: Annotated[str, Form(max_length=64)] = "",
        version: Annotated[int | None, Form(ge=0, lt=2**31)] = None,
    ) -> Response:
        """Decide whether new devices wait for approval, and which group they join, or say what somebody else decided."""
        chosen = None if default_group in {"", NO_GROUP} else default_group
        try:
            with self.work.write() as actions:
                actions.keys.expect(actor, version, chosen)
                actions.keys.set_approval_wanted(actor, wanted=wanted == "on")
                if default_group:  # only those see the choice who may make it
                    actions.groups.set_default(actor, chosen)
        except PreconditionFailed as error:
            problem = error.detail
        else:
            return RedirectResponse("/admin/devices/add#approval", 303)
        with self.work.read() as actions:
            form = FormState.showing(wanted=wanted == "on", version=version)
            if default_group:
                form.values["default_group"] = (default_group,)
            names = {group.id: group.name for group in groups_to_offer(actions, actor)} | {NO_GROUP: "None"}
            form.meet(problem, _approval(actions, actor), APPROVAL_LABELS, {"wanted": WAITING, "default_group": names})
            fresh = FormState.showing(name="", max_uses=1, days=7)
            return self._page(request, actor, actions, fresh, approval=form, status=412)

    def ask_revoke(self, request: Request, actor: PageActor, key_id: PathId) -> Response:
        """Ask before a key is revoked."""
        actor.require(Permission.ENROLLMENT_KEYS_WRITE)
        with self.work.read() as actions:
            key = actions.keys.get(actor, key_id)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title=f"Revoke {key.name}",
            sentence="No device can enrol with this key any more.",
            impacts=[
                f"{key.uses_left} of {key.max_uses} uses are given up",
                f"{key.uses} {'device that it enrolled stays' if key.uses == 1 else 'devices that it enrolled stay'} in the directory",
            ],
            action=f"/admin/enrollment-keys/{key.id}/revoke",
            verb="Yes, Revoke",
            cancel="/admin/devices/add",
            understood="",
        )

    def revoke(self, actor: PageActor, key_id: PathId) -> Response:
        """Make a key unusable."""
        with self.work.write() as actions:
            actions.keys.revoke(actor, key_id)
        return RedirectResponse("/admin/devices/add#keys", 303)

    def _page(
        self,
        request: Request,
        actor: Actor,
        actions: DeviceActions,
        form: FormState,
        *,
        made: tuple[str, str] | None = None,
        approval: FormState | None = None,
        status: int = 200,
    ) -> Response:
        state = ListState.of(request, sorts=KEY_SORTS, default_sort="-created_at", size=SHOWN_KEYS)
        state, page = state.searched(lambda: actions.keys.list(actor, asked_of(state)))
        groups = groups_to_offer(actions, actor)
        now = actions.keys.clock.now()
        return self.templates.render(
            "devices/add.html",
            request,
            status=state.status if state.problem else status,
            form=form,
            made=made,
            keys=[(key, key_word(key, now)) for key in page.items],
            command=enrollment_command(self.public_url),
            installing=[(package.architecture, package.command(self.public_url)) for package in self.packages],
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            groups=[(group.id, group.name) for group in groups],
            group_names={group.id: group.name for group in groups},
            lifetimes=LIFETIMES,
            approval=approval or _approval(actions, actor),
            may_make=actor.may(Permission.ENROLLMENT_KEYS_WRITE),
            may_write=actor.may(Permission.DEVICES_WRITE),
            may_group=actor.may(Permission.GROUPS_WRITE),
        )


def _approval(actions: DeviceActions, actor: Actor) -> FormState:
    return FormState.showing(
        wanted=actions.keys.approval_wanted(actor),
        default_group=actions.keys.default_group_id(actor) or NO_GROUP,
        version=actions.keys.version(actor),
    )


def _number(text: str) -> int:
    """Return a small number typed in a form; what is none becomes 0, which no action accepts here."""
    typed = text.strip()
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_NUMBER else 0
