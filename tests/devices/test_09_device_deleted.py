"""The device deleted in the portal: accounts are kept, locked or removed as was chosen; the agent says so and stops."""

import pytest

pytestmark = pytest.mark.xdist_group("devices")


@pytest.mark.parametrize("after", ["keep", "lock", "remove"])
def test_a_deleted_device_does_with_its_accounts_as_was_chosen(acme, lab, ada, after):
    lab.bind(ada)
    home = lab.machine.root / "home" / ada.username
    assert home.is_dir()
    agent = lab.services["homeport-agent"]
    acme.asks("DELETE", f"/api/systems/{lab.id}?after={after}")
    agent.wait_for_log("The server has deleted this device; nothing more to do.")
    lab.machine.until(lambda: not agent.running, "the end of the agent")
    match after:
        case "keep":
            lab.logs_in(ada)
            assert lab.machine.entry("shadow", ada.username)[7] == ""
        case "lock":
            lab.refuses_the_passcode(ada)
            assert lab.machine.entry("shadow", ada.username)[7] == "1"
        case "remove":
            assert lab.machine.entry("passwd", ada.username) is None
            assert not home.exists()
    assert not lab.machine.attempt("homeport-agent", "status").stdout.count("active")
