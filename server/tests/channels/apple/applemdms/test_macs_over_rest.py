"""What the REST API says of Macs, and what it does not do; names and types are held by tests/rest."""

from dataclasses import replace

import pytest
from tests.support.house import ADMIN, ORIGIN

from homeport.channels.apple.applemdms.schemas import AppleMdmBody, AppleMdmDeviceBody
from homeport.channels.apple.mdm.model import Mac, MacState
from homeport.channels.apple.settings.model import AppleSettings
from homeport.directory.admins.model import READ_ONLY, ROLES
from homeport.directory.devices.model import DeviceFacts
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, Invalid, NotFound
from homeport.foundation.kernel.listing import Filter, Listing

READER = Actor(ActorKind.ADMINISTRATOR, "r", "r", ROLES[READ_ONLY], role=READ_ONLY)


@pytest.fixture
def mac(each_house):
    """The device id of a Mac of this test's own, and its serial number."""
    number = next(each_house.numbers)
    serial = f"C02LIST{number:05d}"

    def enroll(act):
        now = each_house.clock.now()
        device = act.mac_management.automated.enroll(serial, DeviceFacts(hostname="mac", os="macos"), None, ORIGIN)
        named = {"udid": f"udid-{number}", "certificate_sha256": f"{number:064x}", "session_id": "session", "user_id": "user"}
        known = {"facts": {"FDE_Enabled": True, "ModelName": "MacBook Air"}}
        act.mac_management.macs.add(
            Mac(device.id, serial, state=MacState.ENROLLED, enrolled_at=now, last_seen_at=now, **named, **known)
        )
        return device.id, serial

    return each_house.do(enroll)


def test_a_mac_is_found_by_its_serial_number_with_what_it_said_and_nothing_it_did_not(each_house, mac):
    device, serial = mac
    listing = Listing(filters=(Filter("serial", "eq", serial),))
    page = each_house.do(lambda act: act.apple_mdms.devices(READER, "apple", listing))
    assert (page.total, page.items[0].mac.device_id) == (1, device)
    body = AppleMdmDeviceBody.of(page.items[0])
    assert (body.attested, body.depRegistered, body.enrolled) == (False, False, True)
    assert (body.securityInfo.filevaultEnabled, body.securityInfo.recoveryLockEnabled) == (True, None)
    assert (body.deviceInformation.modelName, body.deviceInformation.isAppleSilicon) == ("MacBook Air", None)
    assert each_house.do(lambda act: act.apple_mdms.device(READER, "apple", device)) == page.items[0]


def test_what_is_not_there_or_not_allowed_is_refused_with_the_fields_own_names(each_house, mac):
    device, serial = mac
    for identity, asked in (("apple", "nobody"), ("other", device)):
        with pytest.raises(NotFound):
            each_house.do(lambda act, one=identity, two=asked: act.apple_mdms.device(ADMIN, one, two))
    order = {"reason": "Stolen", "serial": serial, "pin": ""}
    with pytest.raises(Denied):
        each_house.do(lambda act: act.apple_mdms.erase(READER, "apple", device, **order))
    for wrong, fields in (({"serial": "C02OTHER"}, {"serialNumber"}), ({"reason": " "}, {"reason"}), ({"pin": "12"}, {"pin"})):
        with pytest.raises(Invalid) as refused:
            each_house.do(lambda act, wrong=wrong: act.apple_mdms.erase(ADMIN, "apple", device, **{**order, **wrong}))
        assert set(refused.value.fields) == fields
    assert each_house.sql(f"SELECT count(*) FROM apple_commands WHERE device_id = '{device}'") == [(0,)]
    each_house.do(lambda act: act.apple_mdms.erase(ADMIN, "apple", device, **order))
    assert each_house.sql(f"SELECT request_type FROM apple_commands WHERE device_id = '{device}'") == [("EraseDevice",)]


def test_where_two_administrators_are_wanted_an_order_waits_and_the_mac_is_told_nothing(each_house, mac):
    device, _ = mac
    settings = each_house.do(lambda act: act.apple_settings.save(ADMIN, replace(AppleSettings(), second_approver=True)))
    each_house.do(lambda act: act.apple_mdms.lock(ADMIN, "apple", device, reason="Lost", message="", pin=""))
    assert each_house.sql(f"SELECT count(*) FROM apple_commands WHERE device_id = '{device}'") == [(0,)]
    each_house.do(lambda act: act.apple_settings.save(ADMIN, replace(settings, second_approver=False)))


def test_the_configuration_has_the_settings_in_jumpclouds_words_and_no_secret(each_house):
    found = AppleMdmBody.of(each_house.do(lambda act: act.apple_mdms.configuration(READER)))
    assert (found.id, found.depServerTokenState, found.depAccessTokenExpiry) == ("apple", "missing", None)
    assert {"appleID", "tos", "icloudStorage", "screenTime"} <= set(found.ades.macos.setupOptions)
    with pytest.raises(NotFound):
        each_house.do(lambda act: act.apple_mdms.public_key(READER, "apple"))
