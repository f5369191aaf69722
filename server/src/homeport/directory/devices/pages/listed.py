"""The list of devices as its address asks for it: search, filters, order."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import Request

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import Device, DeviceGroup
from homeport.directory.devices.pages.words import FILTERS, SORTS, asked_of
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.listing import Page
from homeport.foundation.ui import listing
from homeport.foundation.ui.listing import ListState


def list_state(request: Request, groups: Sequence[DeviceGroup]) -> ListState:
    """Read what the reader asked for; `groups` are those that can be chosen."""
    by_group = listing.Filter("group", "Group", tuple((group.id, group.name) for group in groups))
    return ListState.of(request, filters=(*FILTERS, by_group), sorts=SORTS, default_sort="name")


def devices_of(
    actions: DeviceActions, actor: Actor, state: ListState, *, skip: int | None = None, limit: int | None = None
) -> Page[Device]:
    """Return the devices that the list shows, from its own page or from another window."""
    asked = asked_of(state, actions.devices.clock.now(), skip=skip, limit=limit)
    groups = state.values("group")
    return actions.groups.members(actor, groups[0], asked) if groups else actions.devices.list(actor, asked)


def list_export(state: ListState) -> str:
    """Return the address of the CSV of what a list shows."""
    return replace(state, path="/admin/devices.csv", page=1).address
