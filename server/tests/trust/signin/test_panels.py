"""The last sign-ins on the page of the device where they were tried."""

import re

import pytest
from fastapi.testclient import TestClient

from homeport.bootstrap.web import application
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.signin.model import Purpose

ORIGIN = Origin("192.0.2.7", "Firefox")


@pytest.fixture
def portal(sqlite_house):
    app = application(sqlite_house.home)
    app.state.authenticate_session = lambda _request: system("admin")
    return TestClient(app)


def refused(house, device, times=1):
    def deed(act):
        reason, purpose = ReasonCode.DEVICE_NOT_ASSIGNED, Purpose.DEVICE_LOGIN
        return [act.sign_ins.turn_away(purpose, "x", reason, "", ORIGIN, device_id=device.id).id for _ in range(times)]

    return house.do(deed)


def test_page_of_a_device_shows_its_own_last_sign_ins_and_leads_to_all(sqlite_house, portal):
    here, there = sqlite_house.device(), sqlite_house.device()
    mine, others = refused(sqlite_house, here, 12), refused(sqlite_house, there)
    page = portal.get(f"/admin/devices/{here.id}").text
    shown = re.findall(r"/admin/sign-ins/([0-9a-f-]{36})", page)
    assert len(shown) == 10
    assert set(shown) < set(mine)
    assert "device_not_assigned" in page
    (more,) = re.findall(r'href="(/admin/sign-ins\?[^"]+)">All 12 sign-ins', page)
    listed = portal.get(more).text
    assert mine[0] in listed
    assert others[0] not in listed


def test_device_on_which_nobody_tried_says_so(sqlite_house, portal):
    assert "No attempt in the last 90 days" in portal.get(f"/admin/devices/{sqlite_house.device().id}").text
