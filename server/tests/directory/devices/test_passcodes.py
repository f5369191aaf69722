"""A local passcode is reset: the device is told to forget it, and nothing else changes."""

from dataclasses import replace

import pytest

from homeport.directory.devices.model import (
    AccountReport,
    AccountState,
    BindingAct,
    BindingChanged,
    DesiredStateChanged,
    Observed,
    OrderOutcome,
    OrderReport,
)
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Conflict, Denied, NotFound
from homeport.foundation.kernel.permissions import Permission


@pytest.fixture
def bound(directory):
    directory.provision()
    user, device = directory.a_user("ada"), directory.a_device()
    binding = directory.admit(user, device)
    with directory.write() as actions:
        actions.bindings.report(device.id, accounts=[AccountReport(user.id, AccountState.ACTIVE, passcode_set=True)])
    directory.events.clear()
    return user, device, binding


def test_a_reset_is_an_order_and_the_binding_stays_as_it_was(directory, admin, bound):
    _, device, binding = bound
    before = directory.binding(binding.id)
    assert before.passcode_set_at is not None
    with directory.write() as actions:
        actions.passcodes.reset(admin, binding.id)
    after = directory.binding(binding.id)
    assert after == replace(before, passcode_set_at=None, version=before.version + 1)
    told = [BindingChanged(binding.id, device.id, BindingAct.RESET_PASSCODE), DesiredStateChanged(device.id)]
    assert directory.events == told


@pytest.mark.parametrize(("outcome", "reason"), [(OrderOutcome.DONE, ""), (OrderOutcome.REFUSED, "order_malformed")])
def test_what_became_of_it_says_nothing_of_the_account(directory, bound, outcome, reason):
    _, device, binding = bound
    with directory.write() as actions:
        actions.bindings.report(device.id, orders=[OrderReport(binding.id, BindingAct.RESET_PASSCODE, outcome, reason)])
    seen = directory.binding(binding.id)
    assert (seen.observed, seen.reason) == (Observed.PRESENT, reason)


def test_a_reset_needs_its_permission_and_a_binding_that_has_not_ended(directory, admin, bound):
    binding = bound[2]
    writer = Actor(ActorKind.ADMINISTRATOR, "a", "writer", frozenset(Permission) - {Permission.PASSCODES_RESET})
    with directory.write() as actions, pytest.raises(Denied):
        actions.passcodes.reset(writer, binding.id)
    with directory.write() as actions, pytest.raises(NotFound):
        actions.passcodes.reset(admin, "none")
    with directory.write() as actions:
        actions.bindings.remove(admin, binding.id)
    with directory.write() as actions, pytest.raises(Conflict, match="no passcode to reset"):
        actions.passcodes.reset(admin, binding.id)
