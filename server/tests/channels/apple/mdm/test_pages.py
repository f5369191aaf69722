"""A Mac on its device's page: what is shown to whom, and what an administrator can do with it."""

import plistlib
from dataclasses import replace

import pytest
from tests.support.house import ADMIN

from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.binding import BindingState
from homeport.channels.apple.mdm.evidence import Strength, chain_of
from homeport.channels.apple.mdm.model import CommandState
from homeport.channels.apple.mdm.pages import MacPageActions, MacPages
from homeport.channels.apple.mdm.ports import Evidence
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.navigation import Navigation, Shell
from homeport.foundation.ui.templates import Templates

GUID = "A522C2FB-D0BA-487E-BBC6-BE0DB2DC7883"


def act(mac, deed):
    return mac.do(lambda management: deed(MacActions(management)))


def test_the_chain_says_of_each_link_how_strong_it_is(mac):
    mac.enroll()
    stored = mac.stored
    chain = {link.name: link.strength for link in act(mac, lambda macs: macs.chain(ADMIN, stored))}
    assert chain == {
        "Serial number": Strength.SIGNED,
        "MachineInfo": Strength.SIGNED,
        "Sign-in": Strength.SIGNED,
        "Certificate": Strength.SIGNED,
        "UDID": Strength.CLAIMED,
        "Local account": Strength.MISSING,
    }
    attested = {link.name for link in chain_of(stored, Evidence(attested=True)) if link.strength is Strength.ATTESTED}
    assert attested == {"Certificate", "UDID"}, "what the hardware vouched for"


def test_a_mismatch_is_repaired_by_taking_the_account_that_was_seen_unless_it_changed_meanwhile(mac):
    mac.enroll()
    mac.work_off()
    mac.token_update(UserID=GUID, UserShortName="eve")
    device = mac.stored.device_id
    with pytest.raises(Conflict):
        act(mac, lambda macs: macs.accept(ADMIN, device, "mallory"))
    act(mac, lambda macs: macs.accept(ADMIN, device, "eve"))
    assert mac.stored.binding is BindingState.OBSERVED
    mac.work_off({"UserList": {"Users": [{"UserName": "eve", "UserGUID": GUID}]}})
    assert mac.stored.binding is BindingState.CONFIRMED


def test_a_mac_is_erased_with_a_reason_and_its_serial_number_typed_once_and_its_pin_is_kept(mac):
    mac.enroll()
    mac.work_off()
    device = mac.stored.device_id
    for reason, serial, field in (("", mac.serial, "reason"), ("Stolen", "C02OTHER", "serial")):
        with pytest.raises(Invalid) as refused:
            act(mac, lambda macs, given=(reason, serial): macs.erase(ADMIN, device, *given))
        assert list(refused.value.fields) == [field]
    act(mac, lambda macs: macs.erase(ADMIN, device, "Stolen", mac.serial.lower()))
    with pytest.raises(Conflict):
        act(mac, lambda macs: macs.erase(ADMIN, device, "Stolen", mac.serial))
    assert mac.connect()[0] == "EraseDevice"
    assert mac.last["PIN"] == act(mac, lambda macs: macs.pin(ADMIN, device))
    reasons = mac.house.sql("SELECT details FROM audit_entries WHERE event_type = 'mac_erase'")
    assert any("Stolen" in str(row) and mac.serial in str(row) for row in reasons)


def test_a_lock_keeps_its_pin_longer_than_answered_commands_are_kept(mac):
    mac.enroll()
    mac.work_off()
    device = mac.stored.device_id
    act(mac, lambda macs: macs.lock(ADMIN, device, "Lost", "Call 555 0100"))
    assert mac.work_off() == ["DeviceLock"]
    mac.house.clock.forward(days=400)
    mac.do(lambda management: management.queue.forget())
    assert len(act(mac, lambda macs: macs.pin(ADMIN, device))) == 6
    recent = mac.do(lambda management: management.queue.recent(device, 50))
    assert [(one.request_type, one.state) for one in recent] == [("DeviceLock", CommandState.ACKNOWLEDGED)]


def test_with_two_administrators_whoever_asks_cannot_agree_and_only_the_first_decision_counts(mac):
    mac.enroll()
    mac.work_off()
    device = mac.stored.device_id

    def two(deed):
        return mac.do(
            lambda management: deed(MacActions(replace(management, second=replace(management.second, needed=lambda: True))))
        )

    grace = Actor(ActorKind.ADMINISTRATOR, "grace", "Grace", frozenset(Permission))
    weak = replace(grace, id="weak", permissions=frozenset(Permission) - {Permission.APPLE_ERASE})
    order = two(lambda macs: macs.erase(ADMIN, device, "Stolen", mac.serial))
    assert mac.work_off() == []
    for actor in (ADMIN, weak):
        with pytest.raises(Denied):
            two(lambda macs, actor=actor: macs.approve(actor, device, order.id))
    with pytest.raises(Conflict, match="already"):
        two(lambda macs: macs.erase(grace, device, "Stolen", mac.serial))
    two(lambda macs: macs.approve(grace, device, order.id))
    for late in (lambda macs: macs.approve(grace, device, order.id), lambda macs: macs.reject(ADMIN, device, order.id)):
        with pytest.raises(Conflict):
            two(late)
    assert mac.work_off() == ["EraseDevice"]
    events = mac.house.sql(
        f"SELECT event_type, actor_name FROM audit_entries WHERE resource_id = '{device}' AND event_type IN ('mac_order_ask', 'mac_erase')"
    )
    assert sorted(events) == [("mac_erase", "Grace"), ("mac_order_ask", ADMIN.name)]


def test_an_order_that_nobody_agreed_to_is_over_after_a_day_or_when_the_mac_enrols_anew_or_it_is_taken_back(mac):
    mac.enroll()
    mac.work_off()
    device = mac.stored.device_id
    grace = Actor(ActorKind.ADMINISTRATOR, "grace", "Grace", frozenset(Permission))

    def two(deed):
        return mac.do(
            lambda management: deed(MacActions(replace(management, second=replace(management.second, needed=lambda: True))))
        )

    def ask():
        return two(lambda macs: macs.lock(ADMIN, device, "Lost")).id

    first = ask()
    mac.house.clock.forward(hours=24)
    with pytest.raises(Conflict):
        two(lambda macs: macs.approve(grace, device, first))
    assert mac.do(lambda management: management.forget_orders()) == 1
    expired = f"SELECT count(*) FROM audit_entries WHERE event_type = 'mac_order_expire' AND resource_id = '{device}'"
    assert mac.house.sql(expired) == [(1,)]
    second = ask()
    two(lambda macs: macs.reject(ADMIN, device, second))
    third = ask()
    mac.house.clock.forward(minutes=1)
    mac.enroll()
    with pytest.raises(Conflict):
        two(lambda macs: macs.approve(grace, device, third))
    assert "DeviceLock" not in mac.work_off()


def test_who_may_not_erase_can_neither_erase_nor_lock_nor_read_what_is_escrowed(mac):
    mac.enroll(admin=False, managed_admin="itadmin")
    device = mac.stored.device_id
    weak = Actor(ActorKind.ADMINISTRATOR, "x", "x", frozenset(Permission) - {Permission.APPLE_ERASE})
    for deed in (
        lambda macs: macs.erase(weak, device, "Why", mac.serial),
        lambda macs: macs.lock(weak, device, "Why"),
        lambda macs: macs.pin(weak, device),
        lambda macs: macs.admin_password(weak, device),
    ):
        with pytest.raises(Denied):
            act(mac, deed)


def test_the_escrowed_password_is_the_one_whose_hash_the_mac_got_and_each_look_is_recorded(mac):
    from homeport.channels.apple.mdm.commands import hash_password  # noqa: PLC0415 - of this test alone

    mac.enroll(admin=False, managed_admin="itadmin")
    mac.connect()
    kept = plistlib.loads(mac.last["AutoSetupAdminAccounts"][0]["passwordHash"])["SALTED-SHA512-PBKDF2"]
    device = mac.stored.device_id
    name, password = act(mac, lambda macs: macs.admin_password(ADMIN, device))
    again = plistlib.loads(hash_password(password, kept["salt"]))["SALTED-SHA512-PBKDF2"]
    assert (name, again["entropy"]) == ("itadmin", kept["entropy"])
    assert mac.house.sql(
        f"SELECT count(*) FROM audit_entries WHERE event_type = 'mac_admin_password_read' AND resource_id = '{device}'"
    ) == [(1,)]


def test_a_device_that_is_no_mac_has_nothing_to_erase(each_house):
    device = each_house.device()
    with pytest.raises(NotFound):
        each_house.do(lambda unit: MacActions(unit.macs(None, None)).lock(ADMIN, device.id, "Why"))


def test_the_page_of_a_mac_shows_its_chain_and_offers_only_what_its_reader_may_do(mac, sessions):
    house = mac.house
    mac.enroll()
    pages = MacPages(
        house.home.work_of(lambda unit: MacPageActions(MacActions(unit.macs(sessions, sessions)), unit.limits)),
        Templates(Assets(), shell_for=lambda _request: Shell(organization="Acme", navigation=Navigation())),
    )
    device_id = mac.stored.device_id
    device = house.do(lambda unit: unit.devices.get(ADMIN, device_id))
    reader = Actor(ActorKind.ADMINISTRATOR, "x", "x", frozenset({Permission.DEVICES_READ}))
    for actor, offered in ((ADMIN, True), (reader, False)):
        section = str(pages.panel(device, actor))
        assert ("/mac/erase" in section) is offered
        assert ("/mac/look" in section) is offered
        for seen in (mac.serial, mac.udid, "MachineInfo", "Intended", "Waits for its account"):
            assert seen in section
        assert "Show the PIN" not in section, "there is none yet"
    act(mac, lambda macs: macs.lock(ADMIN, device_id, "Lost on a train"))
    assert "Show the PIN" in str(pages.panel(device, ADMIN))
    assert "Show the PIN" not in str(pages.panel(device, reader))
