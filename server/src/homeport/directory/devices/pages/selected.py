"""What can be done with several devices at once: approve, put in a group, take out of one, delete; and all of them as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import After, Desired, Device
from homeport.directory.devices.pages.groups import groups_to_offer
from homeport.directory.devices.pages.listed import devices_of, list_state
from homeport.directory.devices.pages.words import AFTER_CHOICES, MOST_SELECTED, Asked, Chosen, counted, device_word
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

PATH = "/admin/devices/selected"
LIST = "/admin/devices"
NAMED = 20
"""How many devices a confirmation names before it only counts."""
PIECE = 500
"""How many devices the export reads at a time."""
COLUMNS = (
    "name", "hostname", "status", "groups", "os", "os_name", "os_version", "arch", "serial_number", "agent_version", "address",
    "enrolled_at", "last_contact_at", "id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SelectedDevicesPages:
    """Bulk actions on devices, each after a confirmation that counts."""

    work: Work[DeviceActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes; they must be registered before `/admin/devices/{device_id}`."""
        router = Router(include_in_schema=False)
        router.add_api_route("/admin/devices.csv", self.export, methods=["GET"])
        for verb in ("approve", "join", "leave", "delete"):
            router.add_api_route(f"{PATH}/{verb}", getattr(self, f"ask_{verb}"), methods=["GET"])
            router.add_api_route(f"{PATH}/{verb}", getattr(self, verb), methods=["POST"])
        return router

    def ask_approve(self, request: Request, actor: PageActor, device: Asked = None) -> Response:
        """Ask before several devices are approved."""
        actor.require(Permission.DEVICES_WRITE)
        found = self._found(actor, device)
        waiting = [one for one in found if not one.active]
        return self._ask(
            request,
            "approve",
            waiting,
            title=f"Approve {counted(len(waiting), 'device')}",
            sentence="People can sign in on them from then on. Compare serial numbers and addresses before.",
            rest=_left_out(len(found) - len(waiting), "is approved already", "are approved already"),
            danger=False,
        )

    def approve(self, actor: PageActor, device: Chosen = None) -> Response:
        """Approve several devices, all or none."""
        actor.require(Permission.DEVICES_WRITE)
        with self.work.write() as actions:
            for device_id in _ids(device):
                actions.devices.approve(actor, device_id)
        return RedirectResponse(LIST, 303)

    def ask_join(self, request: Request, actor: PageActor, device: Asked = None) -> Response:
        """Ask which group several devices join."""
        return self._ask_group(request, actor, device, joins=True)

    def join(self, request: Request, actor: PageActor, device: Chosen = None, group: Annotated[str, Form()] = "") -> Response:
        """Put several devices in a group, all or none."""
        return self._move(request, actor, device, group, joins=True)

    def ask_leave(self, request: Request, actor: PageActor, device: Asked = None) -> Response:
        """Ask which group several devices leave."""
        return self._ask_group(request, actor, device, joins=False)

    def leave(self, request: Request, actor: PageActor, device: Chosen = None, group: Annotated[str, Form()] = "") -> Response:
        """Take several devices out of a group, all or none."""
        return self._move(request, actor, device, group, joins=False)

    def ask_delete(self, request: Request, actor: PageActor, device: Asked = None) -> Response:
        """Ask before several devices are deleted, and what becomes of the accounts on them."""
        actor.require(Permission.DEVICES_WRITE)
        with self.work.read() as actions:
            actor.require_recent(actions.devices.clock.now())  # now, since asked afterwards the selection would be lost
        found = self._found(actor, device)
        with self.work.read() as actions:
            accounts = sum(
                named.binding.desired is not Desired.REMOVED
                for one in found
                for named in actions.bindings.of_device(actor, one.id)
            )
        return self._ask(
            request,
            "delete",
            found,
            title=f"Delete {counted(len(found), 'device')}",
            sentence="They leave the directory. To come back each must be enrolled again.",
            rest=[
                f"{counted(accounts, 'binding')} {'ends' if accounts == 1 else 'end'}, and no lease is renewed",
                "Each agent is told so at its next contact, and stops",
            ],
            choices=AFTER_CHOICES,
            question="What becomes of the local accounts on them",
        )

    def delete(self, actor: PageActor, device: Chosen = None, after: Annotated[After, Form()] = After.KEEP) -> Response:
        """Delete several devices, all or none."""
        actor.require(Permission.DEVICES_WRITE)
        with self.work.write() as actions:
            actor.require_recent(actions.devices.clock.now())
            for device_id in _ids(device):
                actions.devices.delete(actor, device_id, after)
        return RedirectResponse(LIST, 303)

    def export(self, request: Request, actor: PageActor) -> Response:
        """Send the devices that the list shows, all pages of it, as CSV (RFC 4180), while they are read."""
        actor.require(Permission.DEVICES_READ)
        rows = self._rows(request, actor)
        first = next(rows)  # what cannot be looked for is said before anything is sent
        return StreamingResponse(
            chain([first], rows),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="devices.csv"'},
        )

    def _rows(self, request: Request, actor: Actor) -> Iterator[bytes]:
        skip = 0
        while True:
            with self.work.read() as actions:
                state = list_state(request, groups_to_offer(actions, actor))
                found = devices_of(actions, actor, state, skip=skip, limit=PIECE).items
                now = actions.devices.clock.now()
                groups = actions.groups.names_of(actor, found) if actor.may(Permission.GROUPS_READ) else {}
            if skip == 0:
                yield _line(COLUMNS)
            for one in found:
                yield _line(_row(one, groups.get(one.id, ()), device_word(one, now)[0]))
            if len(found) < PIECE:
                return
            skip += PIECE

    def _found(self, actor: Actor, device_ids: Sequence[str] | None) -> list[Device]:
        with self.work.read() as actions:
            return [actions.devices.get(actor, device_id) for device_id in _ids(device_ids)]

    def _ask_group(
        self, request: Request, actor: Actor, device_ids: Sequence[str] | None, *, joins: bool, form: FormState | None = None
    ) -> Response:
        actor.require(Permission.GROUPS_WRITE)
        actor.require(Permission.DEVICES_READ)
        found = self._found(actor, device_ids)
        with self.work.read() as actions:
            groups = [(group.id, group.name) for group in groups_to_offer(actions, actor)]
        number = counted(len(found), "device")
        return self._ask(
            request,
            "join" if joins else "leave",
            found,
            title=f"Add {number} to a group" if joins else f"Remove {number} from a group",
            sentence="Accounts on them follow who may sign in there from then on.",
            rest=[],
            groups=groups,
            danger=not joins,
            form=form,
        )

    def _move(self, request: Request, actor: Actor, device_ids: Sequence[str] | None, group_id: str, *, joins: bool) -> Response:
        actor.require(Permission.GROUPS_WRITE)
        if not group_id:
            form = FormState()
            form.fail("group", "Choose a group.")
            return self._ask_group(request, actor, device_ids, joins=joins, form=form)
        with self.work.write() as actions:
            change = actions.groups.join if joins else actions.groups.leave
            change(actor, group_id, _ids(device_ids))
        return RedirectResponse(f"/admin/device-groups/{group_id}", 303)

    def _ask(
        self,
        request: Request,
        verb: str,
        devices: Sequence[Device],
        *,
        rest: list[str],
        form: FormState | None = None,
        **more: Any,
    ) -> Response:
        named = [f"{one.name} ({one.serial_number})" if one.serial_number else one.name for one in devices[:NAMED]]
        hidden = len(devices) - len(named)
        words = {"approve": "Yes, Approve", "join": "Add to group", "leave": "Remove from group", "delete": "Yes, Delete"}
        return self.templates.render(
            "devices/selected.html",
            request,
            status=200 if form is None else 400,
            impacts=[*named, *([f"and {counted(hidden, 'more device')}"] if hidden else []), *rest],
            action=f"{PATH}/{verb}",
            values=[("device", one.id) for one in devices],
            verb=words[verb] if devices else "",
            back=("Devices", LIST),
            form=form or FormState(),
            **{"danger": True, **more},
        )


def _ids(device_ids: Sequence[str] | None) -> Sequence[str]:
    return list(dict.fromkeys(device_ids or ()))[:MOST_SELECTED]


def _left_out(number: int, one: str, many: str) -> list[str]:
    return [f"{counted(number, 'device')} {one if number == 1 else many}"] if number else []


def _row(device: Device, groups: Sequence[str], word: str) -> list[str]:
    moments = {name: getattr(device, name) for name in ("enrolled_at", "last_contact_at")}
    return [
        "; ".join(groups)
        if name == "groups"
        else word
        if name == "status"
        else (moments[name].isoformat(timespec="seconds") if moments[name] else "")
        if name in moments
        else str(getattr(device, name))
        for name in COLUMNS
    ]


def _line(cells: Sequence[str]) -> bytes:
    """Write one line; what a spreadsheet would take for a formula gets an apostrophe in front."""
    written = io.StringIO()
    csv.writer(written).writerow([f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells])
    return written.getvalue().encode()
