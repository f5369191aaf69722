"""What a device was told to do, on its page."""

import re

import pytest
from fastapi.testclient import TestClient

from homeport.bootstrap.web import application
from homeport.channels.linux.actions import Receipt
from homeport.directory.devices.model import OrderOutcome
from homeport.foundation.kernel.actor import system

ADMIN = system("admin")


@pytest.fixture
def house(any_house):
    any_house.provision()
    return any_house


@pytest.fixture
def machine(house):
    found = house.device()
    user = house.user("ada")
    house.do(lambda act: act.bindings.admit(user, act.devices.find(found.id), "a sign-in"))
    return found


@pytest.fixture
def page(house):
    app = application(house.home)
    app.state.authenticate_session = lambda _request: ADMIN
    client = TestClient(app)

    def words(device):
        answer = client.get(f"/admin/devices/{device.id}")
        assert answer.status_code == 200, answer.text
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))

    return words


def answer(house, device, outcome, reason, document):
    def deed(act):
        (order,) = act.orders.store.pending(device.id)
        act.orders.take_reports(act.devices.find(device.id), [Receipt(order.id, outcome, reason, document)], [])

    house.do(deed)


def test_order_is_shown_with_what_the_device_reported_of_each_step(house, machine, page):
    text = page(machine)
    assert "Make or renew the account: ada Waiting for the device" in text
    steps = [{"step": "useradd", "outcome": "done", "at": "2026-11-23T10:00:00Z", "detail": "new here"}]
    answer(house, machine, OrderOutcome.DONE, "", {"steps": steps})
    text = page(machine)
    assert "Make or renew the account: ada Done" in text
    assert "useradd done 2026-11-23T10:00:00Z new here" in text


def test_refusal_is_shown_with_the_devices_reason(house, machine, page):
    answer(house, machine, OrderOutcome.REFUSED, "account_name_taken", {"steps": []})
    text = page(machine)
    assert "ada Refused" in text
    assert "The device says account_name_taken." in text


@pytest.mark.parametrize("document", [{}, {"steps": None}, {"steps": "useradd"}, {"steps": [None, 7, {"step": ["<b>"]}]}])
def test_receipt_of_any_form_is_shown_as_text(house, machine, page, document):
    answer(house, machine, OrderOutcome.DONE, "", document)
    assert "<b>" not in page(machine)


def test_device_that_was_never_told_anything_has_no_such_section(house, page):
    assert "Orders" not in page(house.device())
