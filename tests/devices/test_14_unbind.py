"""Root ends a binding at the machine, with the network cut and with it: the account as was said, the server told, the person back by a sign-in."""

import pytest

pytestmark = pytest.mark.xdist_group("devices")


def test_root_ends_a_binding_and_the_server_hears_of_it(acme, lab, ada, bea):
    machine = lab.machine
    lab.bind(ada)
    lab.bind(bea, "harbour-walnut-71")
    uid, console = lab.uid(ada), lab.logs_in(ada)
    machine.wire.cut()
    said = machine.run("homeport-agent", "unbind", ada.username)
    assert "locked, and their processes ended. The server will be told at the next contact." in said
    assert not machine.processes(uid)
    console.ends()
    lab.kill()
    lab.refuses_the_passcode(ada)
    assert machine.entry("shadow", ada.username)[7] == "1"
    assert ada.username not in machine.entry("group", "homeport-users")[3].split(",")
    for name in ("root", "opa", "daemon"):
        refused = machine.attempt("homeport-agent", "unbind", name, "--after", "remove")
        assert (refused.returncode, "account_missing" in refused.stderr) == (1, True)
    machine.wire.mend()
    lab.start()
    machine.until(lambda: acme.answered(ada, "unbind"), "the receipt")
    shown = acme.reads(f"/admin/devices/{lab.id}")
    assert f"Binding ended at the device, by root: {ada.username} Done" in shown
    assert "end_sessions done" in shown
    [ended] = [one for one in acme.audited("binding_ended_on_device", lab.id) if one["details"]["username"] == ada.username]
    assert ended["details"]["after"] == "lock"

    said = machine.run("homeport-agent", "unbind", bea.username, "--after", "remove")
    assert "gone, with its home folder. The server knows." in said
    assert machine.entry("passwd", bea.username) is None
    assert not (machine.root / "home" / bea.username).exists()
    assert [one["details"]["after"] for one in acme.audited("binding_ended_on_device", lab.id)] == ["lock", "remove"]

    with machine.console() as console:
        console.reads("login: $")
        console.types(ada.username)
        lab.signs_in(console, ada, passcode=None)
        assert console.runs("id -un").strip() == ada.username
    lab.logs_in(ada).close()
