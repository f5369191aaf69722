"""A Mac's first minutes and what may go wrong in them, on SQLite and PostgreSQL. Each trap of other servers is a test of its name."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.house import ADMIN

from homeport.channels.apple.mdm.binding import BindingState
from homeport.channels.apple.mdm.management import Refused
from homeport.channels.apple.mdm.model import FINISHED_KEPT, MacState
from homeport.channels.apple.mdm.release import DEADLINE, Phase
from homeport.channels.apple.mdm.renewal import Renewal
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.errors import Invalid

GUID = "A522C2FB-D0BA-487E-BBC6-BE0DB2DC7883"


def users(mac, name=None, guid=GUID):
    return {"UserList": {"Users": [{"UserName": name or mac.user.username, "UserGUID": guid, "HasSecureToken": True}]}}


def test_the_account_is_configured_before_the_mac_is_let_go_and_the_binding_is_confirmed_by_what_was_seen(mac):
    mac.enroll()
    assert mac.stored.binding is BindingState.INTENDED
    assert mac.work_off() == ["AccountConfiguration", "DeviceConfigured", "DeviceInformation", "SecurityInfo"]
    assert (mac.stored.binding, mac.stored.release.phase) == (BindingState.CONFIGURED, Phase.RELEASED)
    mac.token_update(UserID=GUID, UserShortName=mac.user.username, UserLongName="Ada Lovelace")
    assert mac.stored.binding is BindingState.OBSERVED
    assert mac.work_off(users(mac)) == ["UserList"]
    assert (mac.stored.binding, mac.stored.account.guid, mac.stored.account.secure_token) == (BindingState.CONFIRMED, GUID, True)
    (binding,) = mac.bindings
    assert (binding.settled, binding.leased, binding.confirmed_at is not None) == (True, False, True)


def test_the_primary_account_is_prefilled_and_locked_and_its_administrator_has_a_hash_only(mac):
    mac.enroll(admin=False, managed_admin="itadmin")
    mac.connect()
    command = mac.last
    assert (command["PrimaryAccountUserName"], command["LockPrimaryAccountInfo"]) == (mac.user.username, True)
    assert command["SetPrimarySetupAccountAsRegularUser"] is True
    (admin,) = command["AutoSetupAdminAccounts"]
    assert (admin["shortName"], admin["hidden"]) == ("itadmin", True)
    assert b"SALTED-SHA512-PBKDF2" in admin["passwordHash"]
    assert mac.stored.admin_sealed.startswith("v1.")


def test_fleet_25671_a_mac_whose_account_answer_is_lost_is_let_go_at_its_deadline(mac):
    mac.enroll()
    mac.connect()
    mac.house.clock.forward(seconds=DEADLINE.total_seconds())
    assert mac.connect()[0] == "DeviceConfigured"
    assert mac.stored.release.released_late


def test_no_other_command_can_keep_a_mac_in_setup_assistant(mac):
    mac.enroll()
    kind, account = mac.connect()
    assert kind == "AccountConfiguration"
    assert mac.connect("NotNow", account)[0] == "DeviceInformation"  # sent, and never answered
    mac.house.clock.forward(seconds=DEADLINE.total_seconds())
    assert mac.connect()[0] == "DeviceConfigured"


def test_zentral_a_token_update_without_the_key_leaves_what_was_known_of_awaiting(mac):
    mac.enroll()
    mac.token_update()
    assert mac.stored.awaiting
    assert mac.stored.release.phase is Phase.CONFIGURING


def test_fleet_40881_a_mac_erased_in_the_middle_of_anything_begins_anew(mac):
    mac.enroll()
    kind, old = mac.connect()
    mac.renew()  # a renewal was under way, too
    mac.enroll()
    assert mac.stored.release.phase is Phase.CONFIGURING
    assert mac.connect() != (kind, old)
    mac.work_off()
    assert mac.stored.release.phase is Phase.RELEASED


def test_fleet_29157_a_restart_in_setup_assistant_ends_in_an_account_found_by_looking(mac):
    mac.enroll()
    for _ in range(2):
        kind, command = mac.connect()
        assert kind == "AccountConfiguration"
        mac.connect("Error", command, ErrorChain=[{"ErrorCode": 101, "ErrorDomain": "MDMDeviceEnrollment"}])
    mac.house.clock.forward(seconds=61)
    assert "DeviceConfigured" in mac.work_off()
    mac.token_update(UserID=GUID, UserShortName=mac.user.username)
    mac.work_off(users(mac))
    assert mac.stored.binding is BindingState.CONFIRMED


def test_fleet_14238_the_addresses_of_the_profile_name_nobody_so_that_a_renewal_never_changes_them():
    from homeport.channels.apple.mdm.model import CHECKIN_PATH, CONNECT_PATH  # noqa: PLC0415 - what the test is about

    assert (CHECKIN_PATH, CONNECT_PATH) == ("/mdm/checkin", "/mdm/connect")


def test_fleet_40858_answered_commands_are_removed_and_open_ones_stay(mac):
    mac.enroll()
    mac.work_off()
    stored = mac.stored
    mac.do(lambda act: act.ask(stored, [{"RequestType": "UserList"}]))
    before = mac.do(lambda act: len(act.queue.recent(stored.device_id, 50)))
    mac.house.clock.forward(days=FINISHED_KEPT.days, seconds=1)
    mac.do(lambda act: act.queue.forget())
    assert (before, [one.request_type for one in mac.do(lambda act: act.queue.recent(stored.device_id, 50))]) == (
        5,
        ["UserList"],
    )


def test_an_answer_to_a_command_that_nobody_knows_is_harmless(mac):
    mac.enroll()
    assert mac.connect("Acknowledged", "11111111-2222-3333-4444-555555555555")[0] == "AccountConfiguration"


def test_an_answer_that_comes_twice_counts_once(mac):
    mac.enroll()
    _, command = mac.connect()
    assert mac.connect("Acknowledged", command)[0] == "DeviceConfigured"
    assert mac.connect("Acknowledged", command)[0] == "DeviceConfigured"
    assert mac.connect("Error", command)[0] == "DeviceConfigured"
    assert mac.stored.account.configured


def test_a_command_whose_delivery_was_lost_goes_again_under_the_same_id_and_alone(mac):
    mac.enroll()
    first = mac.connect()
    assert mac.connect() == first
    assert mac.connect("NotNow", first[1])[0] != first[0]
    assert mac.connect() == first  # the next conversation offers it again


def test_another_macs_certificate_can_neither_speak_nor_answer_for_this_one(mac, other):
    mac.enroll()
    other.enroll()
    _, command = mac.connect()
    for send in (
        lambda: mac.check_in("TokenUpdate", identity=other.identity, Token=b"\x02" * 32, PushMagic="stolen"),
        lambda: mac.connect(identity=other.identity),
        lambda: mac.authenticate(identity=other.identity),
    ):
        with pytest.raises(Refused):
            send()
    other.connect("Acknowledged", command)
    assert not mac.stored.account.configured
    assert mac.stored.push_magic == f"magic-{mac.number}"


def test_a_serial_number_that_the_certificate_was_not_issued_for_is_refused(mac):
    mac.sign_in()
    with pytest.raises(Refused):
        mac.authenticate(SerialNumber="C02SOMEBODY")
    assert mac.do(lambda act: act.macs.by_serial(mac.serial)) is None


def test_an_old_enrolment_played_again_resets_nothing(mac):
    mac.enroll()
    old = mac.identity
    mac.house.clock.forward(minutes=5)
    mac.enroll()
    mac.work_off()
    with pytest.raises(Refused):
        mac.authenticate(identity=old)
    mac.authenticate()  # the present one, repeated by a network
    assert mac.stored.release.phase is Phase.RELEASED
    with pytest.raises(Refused):
        mac.connect(identity=old)


def test_a_certificate_is_renewed_at_two_thirds_of_its_life_and_again_a_day_later_when_that_led_to_nothing(mac):
    mac.enroll()
    mac.work_off()
    mac.identity = replace(mac.identity, issued_at=mac.house.clock.now())
    mac.house.clock.forward(days=243)
    assert mac.work_off() == []
    mac.house.clock.forward(days=1)
    kind, stale = mac.connect()
    assert (kind, mac.last["Payload"]) == ("InstallProfile", f"profile of {mac.serial}".encode())
    assert mac.connect()[1] == stale  # lost on the way: the same one again while its challenge lasts
    mac.house.clock.forward(minutes=15)
    kind, fresh = mac.connect()
    assert (kind, fresh == stale) == ("InstallProfile", False)
    mac.connect("Error", fresh)
    mac.house.clock.forward(hours=23)
    assert mac.work_off() == []
    mac.house.clock.forward(hours=1)
    assert mac.work_off() == ["InstallProfile"]


def test_a_mac_whose_certificate_is_due_is_woken_once_and_a_mac_in_setup_assistant_is_sent_no_profile(mac):
    mac.enroll()
    mac.identity = replace(mac.identity, issued_at=mac.house.clock.now() - timedelta(days=300))
    assert mac.connect()[0] == "AccountConfiguration"
    device = mac.stored.device_id
    mac.do(lambda act: act.queue.store.drop_open(device))
    assert mac.connect() == (None, None)
    due = [mac.identity.certificate_sha256, "unknown"]
    assert mac.stored.push_due_at is None
    assert [mac.do(lambda act: Renewal(act).wake_due(due)) for _ in range(2)] == [1, 0]
    assert mac.stored.push_due_at == mac.house.clock.now()


def test_what_an_earlier_sign_in_of_a_mac_earned_is_revoked_when_the_mac_enrols_anew(mac):
    mac.enroll()
    first = mac.identity.session_id
    assert mac.sessions.retired == []
    mac.authenticate()
    assert mac.sessions.retired == []  # repeated, not anew
    mac.enroll()
    assert mac.sessions.retired == [(first, "enrolled_anew")]


def test_a_mac_that_enrols_for_another_person_is_recorded_once_with_both_persons(mac, other):
    def recorded():
        rows = mac.house.sql(
            "SELECT success, changes FROM audit_entries WHERE event_type = 'mac_owner_change'"
            f" AND resource_id = '{mac.stored.device_id}' ORDER BY id"
        )
        return [(bool(success), json.loads(changes) if isinstance(changes, str) else changes) for success, changes in rows]

    mac.enroll()
    mac.house.clock.forward(minutes=1)
    mac.enroll()
    assert recorded() == []  # erased, and the same person again
    before = mac.user
    mac.user = other.user
    mac.house.clock.forward(minutes=1)
    mac.enroll()
    mac.authenticate()  # repeated by a network
    assert recorded() == [(True, [{"field": "user_id", "before": before.id, "after": other.user.id}])]
    assert mac.stored.user_id == other.user.id


def test_a_mac_cannot_drive_another_one_out_by_claiming_its_udid(mac, other):
    mac.enroll()
    other.sign_in()
    with pytest.raises(Refused):
        other.authenticate(UDID=mac.udid)
    assert mac.connect()[0] == "AccountConfiguration"


def test_a_renewed_certificate_takes_over_at_its_first_use_and_the_old_one_is_worth_nothing_then(mac):
    mac.enroll()
    old = mac.identity
    mac.work_off()
    mac.renew()
    mac.connect(identity=old)
    mac.connect()
    assert mac.stored.certificate_sha256 == mac.identity.certificate_sha256


def test_a_person_suspended_before_their_mac_asks_gets_no_account_and_the_mac_is_let_go_at_the_deadline(mac):
    mac.sign_in()
    mac.authenticate()
    mac.house.set_state(mac.user, UserState.SUSPENDED)
    del mac.sessions.found[mac.identity.session_id]
    mac.token_update(AwaitingConfiguration=True)
    assert "AccountConfiguration" not in mac.work_off()
    mac.house.clock.forward(seconds=DEADLINE.total_seconds())
    assert mac.connect()[0] == "DeviceConfigured"


def test_an_account_of_another_name_is_a_mismatch_in_the_directory_too(mac):
    mac.enroll()
    mac.work_off()
    mac.token_update(UserID=GUID, UserShortName="eve")
    assert mac.stored.binding is BindingState.MISMATCH
    (binding,) = mac.bindings
    assert binding.reason == "account_mismatch"


def test_the_second_person_of_an_erased_mac_has_it_alone(mac, other):
    mac.enroll()
    mac.work_off()
    device = mac.stored.device_id
    mac.user = other.user
    mac.enroll()
    assert mac.stored.device_id == device
    (binding,) = mac.bindings
    assert binding.user_id == other.user.id


def test_a_bootstrap_token_is_kept_sealed_given_back_and_its_absence_is_no_error(mac):
    mac.enroll()
    assert b"<data>\n\t</data>" in mac.check_in("GetBootstrapToken").body
    mac.check_in("SetBootstrapToken", BootstrapToken=b"secret-of-the-volume")
    assert "secret" not in mac.stored.bootstrap_sealed
    assert b"c2VjcmV0LW9mLXRoZS12b2x1bWU=" in mac.check_in("GetBootstrapToken").body
    mac.check_in("SetBootstrapToken")
    assert mac.stored.bootstrap_sealed == ""


def test_a_network_users_channel_is_declined_and_a_mac_in_setup_has_no_user_channel(mac):
    mac.enroll()
    assert mac.check_in("UserAuthenticate", UserID=GUID).status == 410
    assert mac.token_update(UserID=GUID, UserShortName="eve").status == 410
    assert mac.stored.account.observed == ""


def test_a_mac_that_left_gets_nothing_and_may_come_back(mac):
    mac.enroll()
    mac.check_in("CheckOut")
    mac.check_in("CheckOut")
    assert mac.stored.state is MacState.CHECKED_OUT
    with pytest.raises(Refused):
        mac.connect()
    mac.house.clock.forward(minutes=1)
    mac.enroll()
    assert mac.connect()[0] == "AccountConfiguration"


def test_a_linux_order_is_never_written_for_a_mac(mac):
    mac.enroll()
    mac.house.set_state(mac.user, UserState.SUSPENDED)
    mac.house.set_state(mac.user, UserState.ACTIVATED)
    assert [row for row in mac.house.orders() if row[0] == mac.stored.device_id] == []
    (binding,) = mac.bindings
    assert not binding.leased


def test_the_entry_that_stands_for_a_key_is_in_no_list_and_opens_nothing(mac):
    mac.enroll()
    from homeport.foundation.kernel.listing import Listing  # noqa: PLC0415 - of this test alone

    names = [key.name for key in mac.house.do(lambda act: act.enrollment_keys.list(ADMIN, Listing(limit=100))).items]
    assert "Automated Device Enrollment" not in names


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a plist",
        b"bplist00\xd0\x08\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09",
        b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "b">]><plist version="1.0"><dict><key>UDID</key><string>&a;</string></dict></plist>',
        b'<plist version="1.0"><array/></plist>',
        b'<plist version="1.0"><dict><key>UDID</key><string>x</string></dict></plist>',
        b'<plist version="1.0"><dict><key>UDID</key><integer>1</integer><key>Status</key><string>Idle</string></dict></plist>',
        b'<plist version="1.0"><dict><key>UDID</key><string>x</string><key>Status</key><string>Idle</string><key>a</key>'
        + b"<array>" * 40 + b"</array>" * 40 + b"</dict></plist>",
        b"<" * 2_000_000,
    ],
    ids=["empty", "text", "binary", "entity", "array", "no type", "number", "deep", "large"],
)  # fmt: skip
def test_what_is_no_message_is_refused_in_a_sentence(body):
    from homeport.channels.apple.mdm.messages import read  # noqa: PLC0415 - of this test alone

    with pytest.raises(Invalid):
        read(body)


def test_the_deadline_is_found_without_the_macs_help(mac):
    mac.enroll()
    late = mac.house.clock.now() + DEADLINE
    device = mac.stored.device_id
    assert device not in mac.do(lambda act: act.macs.late(late - timedelta(seconds=1), 1000))
    assert device in mac.do(lambda act: act.macs.late(late, 1000))
