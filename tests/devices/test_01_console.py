"""Console, first sign-in, by user name and by e-mail: address and code in the prompt, the number, the passcode, the shell."""

import pytest
from tests.devices.device import PASSCODE

pytestmark = [pytest.mark.xdist_group("devices"), pytest.mark.shares_machine(people=3)]


@pytest.mark.parametrize("typed", ["username", "email"])
def test_a_first_sign_in_at_the_console_ends_in_the_persons_own_shell(lab, ada, typed):
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(getattr(ada, typed))
        lab.signs_in(console, ada)
        assert console.runs("id -un; pwd; id -nG") == f"{ada.username}\n/home/{ada.username}\n{ada.username} homeport-users\n"
    shown = console.text.split("Choose a passcode")[0]
    assert "\u2580" in shown  # the QR code, in half blocks
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert PASSCODE not in console.text
    name, _, uid, gid, full_name, home, shell = lab.machine.entry("passwd", ada.username)
    assert (name, full_name, home, shell) == (ada.username, f"{ada.username.title()} Example", f"/home/{name}", "/bin/bash")
    assert 20_000 <= int(uid) == int(gid) < 60_000
    assert lab.machine.run("stat", "-c", "%U %G %a", home) == f"{name} {name} 700\n"
    assert lab.machine.entry("shadow", name)[1].startswith("$y$")
    with lab.logs_in(ada) as again:
        assert again.runs("id -un").strip() == name


def test_a_first_sign_in_needs_no_more_than_25_lines(lab, ada):
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(ada.username)
        console.reads("Number shown there: $")
        assert len(console.text.splitlines()) <= 25


def test_a_name_that_nobody_has_is_asked_for_a_password_and_told_nothing(lab):
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types("nobody-here")
        console.asks_secretly("Password: $")
        console.types("whatever it is")
        console.reads("Login incorrect")
    assert "code" not in console.text
