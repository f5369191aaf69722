"""The passcode forgotten, changed, and never sent; the lease that warns, ends, is renewed in the browser or by a code of the help desk."""

import datetime as dt

import pytest
from tests.devices.device import PASSCODE

pytestmark = pytest.mark.xdist_group("devices")
NEW, NEWER = "harbour-walnut-71", "lantern-orchard-23"


def ends_in(lab, person, days: int) -> None:
    """Let the lease of a person's account end in so many days: what the login goes by is the account's own expiry date."""
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
    lab.machine.run("usermod", "-e", day.isoformat(), person.username)


def days_left(lab, person) -> int:
    return int(lab.machine.entry("shadow", person.username)[7]) - int(dt.datetime.now(dt.UTC).timestamp() // 86_400)


def digits_at(console) -> str:
    shown = console.reads(r"read out +([\d ]+)\n")[1]
    console.reads("only Enter to end: $")
    return shown


def test_a_forgotten_passcode_is_chosen_anew_after_a_sign_in_with_the_provider_and_passwd_changes_it(acme, lab, ada):
    lab.bind(ada)
    lab.machine.wire.heard = said = bytearray()
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(ada.email)
        lab.signs_in(console, ada, NEW)
        assert console.runs("id -un").strip() == ada.username
    assert "incorrect" in lab.refuses_the_passcode(ada)
    with lab.logs_in(ada, NEW) as console:
        console.types("passwd")
        for prompt, passcode in (("Current password: $", NEW), ("New password: $", NEWER), ("Retype new password: $", NEWER)):
            console.asks_secretly(prompt)
            console.types(passcode)
        console.reads("updated successfully")
    lab.logs_in(ada, NEWER).close()
    acme.suspend(ada)  # so that the agent has told everything that it tells
    lab.machine.until(lambda: acme.answered(ada, "suspend"), "the receipt")
    assert b"/agent/v1/reports" in said
    for passcode in (PASSCODE, NEW, NEWER):
        assert passcode.encode() not in said
        assert passcode.encode() not in b"".join(file.read_bytes() for file in acme.estate.data.glob("homeport.sqlite*"))


def test_the_lease_warns_ends_and_is_renewed_in_the_browser(acme, lab, ada):
    acme.set_provisioning(lease_days=14)
    lab.bind(ada)
    assert 13 <= days_left(lab, ada) <= 14
    assert "Your access to this device ends" not in lab.logs_in(ada).text
    ends_in(lab, ada, 2)
    assert "Your access to this device ends on" in lab.logs_in(ada).text
    ends_in(lab, ada, 0)
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(ada.username)
        lab.signs_in(console, ada, passcode=None)
        assert console.runs("id -un").strip() == ada.username
    assert 13 <= days_left(lab, ada) <= 14
    assert "Your access to this device ends" not in lab.logs_in(ada).text


def test_with_the_network_cut_a_code_of_the_help_desk_opens_what_the_lease_had_closed(acme, lab, ada):
    lab.bind(ada)
    lab.knows_the_help_desk()
    binding = acme.binding(lab.id, ada)
    lab.machine.wire.cut()
    ends_in(lab, ada, 0)
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(ada.username)
        console.reads("server cannot be reached")
        digits = digits_at(console)
        code = acme.asks("POST", f"/api/v2/systems/{lab.id}/bindings/{binding}/unlock-code", {"challenge": digits})
        assert (code["username"], code["newPasscode"]) == (ada.username, False)
        console.types(str((int(code["code"]) + 1) % 10**12).zfill(12))
        console.reads("not the code. 4 tries left")
        console.reads("only Enter to end: $")
        console.types(code["code"])
        console.asks_secretly("Password: $")
        console.types(PASSCODE)
        console.reads(r"\$ $")
        assert console.runs("id -un").strip() == ada.username
    assert 1 <= days_left(lab, ada) <= 2  # the day may have turned since
    lab.machine.wire.mend()
    used = "SELECT details FROM audit_entries WHERE event_type = 'unlock_code_used' AND resource_id = ?"
    lab.machine.until(lambda: acme.estate.rows(used, lab.id), "the notice")
    shown = acme.reads(f"/admin/devices/{lab.id}")
    assert f"Help-desk code used at the device: {ada.username}" in shown
    assert f"Help-desk code given out: {ada.username}" in shown

    # Root has the same by the command, with the network half dead.
    ends_in(lab, ada, 0)
    lab.kill("homeport-agent")
    with lab.machine.terminal("homeport-agent", "unlock", ada.username) as terminal:
        digits = terminal.reads(r"these digits: +([\d ]+)\n")[1]
        terminal.reads("Code: $")
        terminal.types(acme.code_in_the_portal(lab.id, binding, digits))
        terminal.reads("can log in with their passcode until the end of")
        assert terminal.ends() == 0
    lab.logs_in(ada).close()


def test_with_the_network_half_dead_a_forgotten_passcode_is_chosen_anew_by_a_code_and_nobody_suspended_gets_one(
    acme, lab, ada, bea
):
    lab.bind(ada)
    lab.bind(bea)
    lab.knows_the_help_desk()
    binding = acme.binding(lab.id, ada)
    acme.suspend(bea)
    lab.machine.until(lambda: acme.answered(bea, "suspend"), "the receipt")
    lab.kill("homeport-agent")
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(ada.email)
        digits = digits_at(console)
        console.types(acme.code_in_the_portal(lab.id, binding, digits))
        for prompt in ("Choose a passcode for", "The same again: $"):
            console.asks_secretly(prompt)
            console.types(NEW)
        console.reads(r"\$ $")
        assert console.runs("id -un").strip() == ada.username
    assert "incorrect" in lab.refuses_the_passcode(ada)
    lab.logs_in(ada, NEW).close()
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(bea.email)
        console.asks_secretly("Password: $")
    for name in (bea.username, "root", "opa"):
        ended = lab.machine.attempt("homeport-agent", "unlock", name, input="")
        assert (ended.returncode, "account_missing" in ended.stderr) == (1, True), ended
    refused = acme.api.post(
        f"/api/v2/systems/{lab.id}/bindings/{acme.binding(lab.id, bea)}/unlock-code", json={"challenge": digits}
    )
    assert refused.status_code == 409
    assert "suspended" in refused.text
