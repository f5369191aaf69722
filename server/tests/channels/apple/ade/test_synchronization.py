"""The inventory follows Apple's, and every Mac gets the profile of the present settings; each test is named after what it prevents."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.house import ADMIN

from homeport.channels.apple.ade.inventory import merged
from homeport.foundation.kernel.errors import Conflict


def run(deed):
    return asyncio.run(deed)


def profile_of(connected, serial):
    return connected.apple.devices[serial].get("profile_uuid", "")


def test_the_thin_path_from_the_token_to_an_assigned_profile(connected):
    apple = connected.apple
    apple.add("C02AAAA1", "C02AAAA2")
    apple.add("IPAD0001", family="iPad", model="iPad")
    assert run(connected.sync())
    server = connected.server()
    assert (server.error, server.server_name, server.org_name) == ("", "Homeport", "Acme")
    assert profile_of(connected, "C02AAAA1") == profile_of(connected, "C02AAAA2") == server.profile_uuid != ""
    assert not profile_of(connected, "IPAD0001"), "a profile for Macs was assigned to an iPad"
    document = apple.boot("C02AAAA1")
    assert document["configuration_web_url"] == "https://id.example.com/apple/enroll"
    assert document["await_device_configured"] is True
    assert document["is_mdm_removable"] is False
    assert "anchor_certs" not in document
    counts = connected.house.do(lambda act: act.ade.counts(ADMIN))
    assert counts == {"devices": 3, "macs": 2, "assigned": 2, "failed": 0}
    assert connected.house.do(lambda act: (act.ade.is_ours("C02AAAA1"), act.ade.is_ours("IPAD0001"), act.ade.is_ours("X"))) == (
        True,
        False,
        False,
    )


def test_no_mac_is_led_to_a_web_view_that_could_not_hand_it_a_profile_before_there_is_a_push_certificate(connected):
    connected.topic = ""
    connected.apple.add("EARLY001")
    run(connected.sync())
    assert profile_of(connected, "EARLY001") == ""
    connected.topic = "com.apple.mgmt.External.test"
    run(connected.sync())
    assert profile_of(connected, "EARLY001") == connected.server().profile_uuid


def test_a_device_of_the_first_fetch_and_one_that_was_assigned_again_get_the_profile_although_neither_is_called_added(connected):
    connected.apple.add("FIRST001")
    run(connected.sync())
    connected.apple.add("AGAIN001", op_type="modified")
    run(connected.sync())
    assert profile_of(connected, "FIRST001") == profile_of(connected, "AGAIN001") == connected.server().profile_uuid
    assert connected.apple.calls.count("POST /server/devices") == 1, "the second run fetched everything again"


def test_a_device_that_was_taken_away_is_no_longer_ours_whichever_way_it_is_learned(connected):
    connected.apple.add("STAY0001", "GONE0001", "GONE0002")
    run(connected.sync())
    connected.apple.remove("GONE0001")
    run(connected.sync())
    assert not connected.house.do(lambda act: act.ade.is_ours("GONE0001"))
    connected.apple.devices.pop("GONE0002")  # missed by the changes, found by the next full fetch
    connected.apple.faults["cursor_expired"] = 1
    run(connected.sync())
    ours = connected.house.do(lambda act: [act.ade.is_ours(one) for one in ("STAY0001", "GONE0001", "GONE0002")])
    assert ours == [True, False, False]
    connected.apple.add("GONE0001")
    run(connected.sync())
    assert connected.house.do(lambda act: act.ade.is_ours("GONE0001"))


@pytest.mark.parametrize("fault", ["cursor_expired", "cursor_invalid"])
def test_a_cursor_that_apple_forgot_begins_again_instead_of_failing_for_ever(connected, fault):
    connected.apple.add("C02AAAA1")
    run(connected.sync())
    connected.apple.add("C02AAAA2")
    connected.apple.faults[fault] = 1
    run(connected.sync())
    assert connected.server().error == ""
    assert profile_of(connected, "C02AAAA2")
    connected.apple.faults[fault] = 9  # nothing but refusals ends as an error that is shown, not as a loop
    run(connected.sync())
    assert connected.server().error == {"cursor_expired": "EXPIRED_CURSOR", "cursor_invalid": "INVALID_CURSOR"}[fault]


def test_a_run_cut_off_in_the_middle_of_the_inventory_goes_on_there(connected, monkeypatch):
    monkeypatch.setattr("homeport.channels.apple.ade.client.PAGE", 10)
    serials = [f"C02{number:05d}" for number in range(35)]
    connected.apple.add(*serials)
    connected.apple.faults["session_expired"] = 0
    calls = connected.apple.calls

    class CutOffError(Exception):
        pass

    sync = connected.synchronization()
    taken = []

    async def cut_off_after_two_pages():
        work = sync.work

        class Cutting:
            def read(self):
                return work.read()

            def write(self):
                if len([one for one in calls if one == "POST /server/devices"]) == 3:
                    raise CutOffError
                return work.write()

        connected.house.do(lambda act: act.ade.ask_soon(ADMIN))
        await replace(sync, work=Cutting()).run()

    with pytest.raises(CutOffError):
        run(cut_off_after_two_pages())
    taken = connected.house.sql("SELECT count(*) FROM apple_ade_devices")
    assert taken == [(20,)]
    run(connected.sync())
    assert calls.count("POST /server/devices") == 3 + 2, "it began at the beginning"
    assert all(profile_of(connected, serial) for serial in serials)
    assert connected.house.sql("SELECT count(*) FROM apple_ade_devices WHERE removed_at IS NOT NULL") == [(0,)]


def test_an_ended_session_is_replaced_once_and_never_in_a_loop(connected):
    connected.apple.faults["session_expired"] = 1
    run(connected.sync())
    assert connected.server().error == ""
    connected.apple.calls.clear()
    connected.apple.faults["session_expired"] = 1000
    run(connected.sync())
    assert connected.server().error == "UNAUTHORIZED"
    assert connected.apple.calls == ["GET /session", "GET /account", "GET /session", "GET /account"]


def test_terms_that_nobody_signed_are_told_to_the_administrator_and_are_over_when_signed(connected):
    connected.apple.faults["terms"] = 1
    run(connected.sync())
    server = connected.server()
    assert server.error == "T_C_NOT_SIGNED"
    assert "Apple Business Manager" in server.error_text
    run(connected.sync())
    assert connected.server().error == ""


def test_a_throttled_client_leaves_apple_alone_for_as_long_as_apple_says(connected):
    connected.apple.faults["throttled"] = 1
    run(connected.sync())
    server = connected.server()
    assert (server.error, (server.paused_until - connected.house.clock.now()).total_seconds()) == ("THROTTLED", 120)
    connected.apple.calls.clear()
    assert not run(connected.synchronization().run())
    with pytest.raises(Conflict, match="asked for a pause"):
        connected.house.do(lambda act: act.ade.ask_soon(ADMIN))
    assert connected.apple.calls == []
    connected.house.clock.forward(seconds=121)
    assert run(connected.synchronization().run())
    assert connected.server().error == ""


def test_a_mass_assignment_goes_in_small_steps_and_stops_at_the_first_device_that_is_put_off(connected):
    serials = [f"C02{number:05d}" for number in range(250)]
    connected.apple.add(*serials)
    connected.apple.answers[serials[120]] = "THROTTLED"
    connected.apple.answers[serials[3]] = "NOT_ACCESSIBLE"
    run(connected.sync())
    assert [len(step) for step in connected.apple.assigned] == [100, 100], "it went on after a device was put off"
    assert connected.device(serials[120]).failure == "THROTTLED"
    connected.apple.assigned.clear()
    run(connected.sync())
    assert [len(step) for step in connected.apple.assigned] == [50], "a device that was put off was asked for again at once"
    connected.apple.answers.clear()
    connected.house.clock.forward(hours=2)
    run(connected.sync())
    assert all(profile_of(connected, serial) for serial in serials)
    assert connected.device(serials[120]).failure == ""


def test_changed_settings_become_another_profile_since_one_at_apple_never_changes(connected):
    connected.apple.add("C02AAAA1")
    run(connected.sync())
    first = connected.server().profile_uuid
    run(connected.sync())
    assert connected.server().profile_uuid == first
    assert len(connected.apple.profiles) == 1, "the same profile was defined twice"
    settings = connected.house.do(lambda act: act.apple_settings.get(ADMIN))
    connected.house.do(lambda act: act.apple_settings.save(ADMIN, replace(settings, department="Lab", skip_panes=("Siri",))))
    run(connected.sync())
    second = connected.server().profile_uuid
    assert second != first
    assert profile_of(connected, "C02AAAA1") == second
    assert connected.apple.profiles[second]["skip_setup_items"] == ["Siri"]
    connected.apple.profiles.clear()  # Apple forgot it
    connected.apple.add("C02AAAA2")
    run(connected.sync())
    run(connected.sync())
    assert profile_of(connected, "C02AAAA2") == connected.server().profile_uuid != second


def test_nonsense_from_the_other_side_is_an_error_that_is_shown_and_changes_nothing(connected):
    connected.apple.add("C02AAAA1")
    connected.apple.faults["broken"] = 1
    run(connected.sync())
    assert connected.server().error == "refused"
    assert "500" in connected.server().error_text
    run(connected.sync())
    assert connected.server().error == ""
    connected.apple.devices["C02AAAA1"].update(model="x" * 1000, profile_status="odd", device_assigned_date="never")
    connected.apple.changes.extend([{"serial_number": "../../etc", "op_type": "added"}, {"op_type": "added"}])
    connected.apple.devices["../../etc"] = {"serial_number": "../../etc"}
    connected.apple.add("C02AAAA1", model="y" * 1000, op_type="modified")
    run(connected.sync())
    assert connected.server().error == ""
    assert len(connected.device("C02AAAA1").model) == 255
    assert connected.house.sql("SELECT count(*) FROM apple_ade_devices") == [(1,)]


@pytest.mark.parametrize("moment", ["never", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_cannot_be_is_none(connected, moment):
    said = {"serial_number": "C02AAAA1", "device_assigned_date": moment}
    assert merged(said, None, 1, connected.house.clock.now()).assigned_at is None


def test_a_disconnection_in_the_middle_ends_the_run_without_a_trace(connected):
    sync = connected.synchronization()
    begun = connected.house.do(lambda act: act.ade.begin())
    assert begun
    connected.house.do(lambda act: act.ade.disconnect(ADMIN))
    with pytest.raises(Conflict):
        connected.house.do(lambda act: act.ade.finish())
    assert not run(sync.run())
    assert connected.house.sql("SELECT count(*) FROM apple_ade_servers") == [(0,)]
