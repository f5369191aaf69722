"""Who may enrol which Mac: how many a person has, whose it was, and which are blocked."""

from dataclasses import replace

import pytest
from tests.support.house import ADMIN
from tests.support.web_view import begin, sign_in, web_view

from homeport.channels.apple.ade.inventory import merged
from homeport.channels.apple.ade.model import AdeDevice
from homeport.channels.apple.enrollment.pages import HEADER
from homeport.channels.apple.mdm.model import Mac, MacState
from homeport.directory.devices.model import DeviceFacts
from homeport.foundation.kernel.actor import Origin
from homeport.trust.signin.model import State


@pytest.fixture
def changed_settings(house):
    """Changes the settings of Macs, and puts them back."""

    def change(**values):
        present = house.do(lambda act: act.apple_settings.get(ADMIN))
        house.do(lambda act: act.apple_settings.save(ADMIN, replace(present, **values)))

    yield change
    change(most_macs=0, same_person=False, second_factor=False)


def mac_of(house, user, serial, state=MacState.ENROLLED):
    """Write down that a Mac is somebody's."""
    now = house.clock.now()
    facts = DeviceFacts(hostname=serial, serial_number=serial, os="macos")
    device = house.do(lambda act: act.automated.enroll(serial, facts, None, Origin("192.0.2.9")))
    mac = Mac(device.id, serial, f"udid-{serial}", f"sha-{serial}", f"session-{serial}", user.id, state, now, now)
    house.do(lambda act: act.mac_management.macs.add(mac))
    return device


def test_a_person_has_no_more_macs_than_the_settings_say_and_one_that_left_or_the_same_again_does_not_count(
    house, macs, changed_settings
):
    for serial in ("CAP00001", "CAP00002", "CAP00003"):
        house.do(lambda act, serial=serial: act.ade.store.put([AdeDevice(serial)]))
    hedy = house.user("hedy")
    mac_of(house, hedy, "CAP00001")
    mac_of(house, hedy, "CAP00000", MacState.CHECKED_OUT)
    changed_settings(most_macs=2)
    second, third = begin(house, macs, "CAP00002"), begin(house, macs, "CAP00003")
    for view in (second, third):
        assert sign_in(house, view, "hedy").state is State.COMPLETED
    assert second.get("/apple/enroll/profile").status_code == 200
    assert "You have as many Macs as you may" in third.get("/apple/enroll/profile").text, "the profile of a moment ago counts too"
    assert second.get("/apple/enroll/profile").status_code == 200, "the same again"
    changed_settings(most_macs=3)
    assert third.get("/apple/enroll/profile").status_code == 200


def test_a_mac_that_is_somebodys_enrols_for_nobody_else_where_the_settings_say_so_until_it_is_deleted(
    house, macs, changed_settings
):
    house.do(lambda act: act.ade.store.put([AdeDevice("OWN00001")]))
    rosa = house.user("rosa")
    house.user("lise")
    device = mac_of(house, rosa, "OWN00001")
    view = begin(house, macs, "OWN00001")
    changed_settings(same_person=True)
    assert sign_in(house, view, "lise").reason == "device_not_assigned"
    changed_settings(same_person=False)
    assert sign_in(house, view, "lise").state is State.COMPLETED
    changed_settings(same_person=True)
    assert "This Mac is not for you" in view.get("/apple/enroll/profile").text
    house.do(lambda act: act.devices.delete(ADMIN, device.id))
    assert view.get("/apple/enroll/profile").status_code == 200


def test_a_mac_that_was_here_takes_a_second_factor_where_the_settings_say_so_and_a_new_one_does_not(
    house, macs, changed_settings
):
    for serial in ("MFA00001", "MFA00002"):
        house.do(lambda act, serial=serial: act.ade.store.put([AdeDevice(serial)]))
    mac_of(house, house.user("jean"), "MFA00001")
    changed_settings(second_factor=True)
    for serial, methods, status in (
        ("MFA00001", ["pwd"], 403),
        ("MFA00001", "mfa", 403),
        ("MFA00001", [["mfa"], 7, "pwd mfa"], 403),
        ("MFA00001", None, 403),
        ("MFA00001", ["pwd", "otp", "mfa"], 200),
        ("MFA00002", ["pwd"], 200),
    ):
        view = begin(house, macs, serial)
        assert sign_in(house, view, "jean", amr=methods).state is State.COMPLETED
        answer = view.get("/apple/enroll/profile")
        assert answer.status_code == status, (serial, methods)
        assert ("This Mac takes a second factor" in answer.text) is (status == 403)


def test_a_blocked_serial_number_is_refused_like_one_that_is_not_ours_and_in_the_middle_too(house, macs):
    house.do(lambda act: act.ade.store.put([AdeDevice("BLOCK001")]))
    view = begin(house, macs, "BLOCK001")
    assert sign_in(house, view).state is State.COMPLETED
    house.do(lambda act: act.ade.block(ADMIN, "BLOCK001", blocked=True))
    assert view.get("/apple/enroll/profile").status_code == 403
    pages = set()
    for serial in ("BLOCK001", "NOTOURS1"):
        answer = web_view(house).get("/apple/enroll", headers={HEADER: macs.header(serial)})
        assert answer.status_code == 403
        pages.add(answer.text.partition("<h1")[2].partition("Request")[0].replace(answer.headers["x-request-id"], ""))
    assert len(pages) == 1, "the page tells a blocked serial number from an unknown one"
    known = house.do(lambda act: act.ade.device(ADMIN, "BLOCK001"))
    assert merged({"serial_number": "BLOCK001", "op_type": "modified"}, known, 1, house.clock.now()).blocked, (
        "Apple's word unblocks it"
    )
    house.do(lambda act: act.ade.block(ADMIN, "BLOCK001", blocked=False))
    assert view.get("/apple/enroll/profile").status_code == 200
