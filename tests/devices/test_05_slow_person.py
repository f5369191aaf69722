"""A slow person, a wrong number, an expired code, another person: refused with an id that the portal knows, or taken up again."""

import re

import pytest

pytestmark = [pytest.mark.xdist_group("devices"), pytest.mark.shares_machine(people=6)]


def begin(lab, person):
    console = lab.machine.console()
    console.reads("login: $")
    console.types(person.username)
    code = console.reads(r"with code +([A-Z]{4}-[A-Z]{4})")[1]
    console.reads("Number shown there: $")
    return console, code


def refusal_at(console, acme) -> str:
    """The reason at the prompt, which the page of the id beside it must give too."""
    found = console.reads(r"Reason: (\S+) +Sign-in: ([0-9a-f-]{36})")
    page = acme.reads(f"/admin/sign-ins/{found[2]}")
    assert found[1] in page, page
    return found[1]


def everybody_has_left(lab) -> None:
    """Wait until no process holds a terminal: the next one has the first's number then, and is the same place to the agent."""
    held = "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c ' /dev/pts/[0-9]'"  # the number outlives the name in /dev/pts
    lab.machine.until(lambda: lab.machine.attempt("sh", "-c", held).stdout == "0\n", "the end of all terminals")


def test_when_the_time_of_login_runs_out_the_next_attempt_shows_the_same_code(lab, ada):
    everybody_has_left(lab)
    console, code = begin(lab, ada)
    with console:
        lab.machine.run("pkill", "-ALRM", "-x", "login")  # as the kernel does when the 300 seconds are over
        console.reads("timed out after 300 seconds")
        console.ends()
    everybody_has_left(lab)
    with lab.machine.console() as again:
        again.reads("login: $")
        again.types(ada.username)
        lab.signs_in(again, ada)
        assert again.text.count(code) == 1


def test_when_the_time_of_sshd_runs_out_the_next_attempt_shows_the_same_code(lab, ada):
    lab.machine.start_sshd()
    codes = []
    # sshd-session and sshd-auth are what the sshd of Debian 13 calls those of its processes.
    serving = re.compile("^sshd(-session|-auth)?: (?!/usr)", re.MULTILINE)
    for _ in range(2):
        with lab.machine.ssh(ada.username) as ssh:
            codes.append(ssh.reads(r"with code +([A-Z]{4}-[A-Z]{4})")[1])
            ssh.reads("Number shown there: $")
            lab.machine.run("pkill", "-ALRM", "-f", r"^sshd(-session)?: .*\[priv\]")  # as the kernel does when the grace is over
            lab.machine.until(lambda: not serving.search(lab.machine.run("ps", "-eo", "args")), "the grace's end")
            ssh.types("")
            ssh.ends()
    assert codes[0] == codes[1]


def test_a_number_that_is_wrong_five_times_is_refused_with_an_id_that_the_portal_knows(acme, lab, ada):
    console, code = begin(lab, ada)
    with console:
        number = acme.signs_in(ada, f"{acme.estate.url}/device?user_code={code}")
        wrong = "000000" if number != "000000" else "111111"
        for left in (4, 3, 2, 1):
            console.types(wrong)
            console.reads(f"{left} tr(y|ies) left")
            console.reads("Number shown there: $")
        console.types(wrong)
        assert refusal_at(console, acme) == "number_wrong"
    assert lab.machine.entry("passwd", ada.username) is None


def test_a_number_that_is_typed_after_the_ten_minutes_is_refused_with_an_id_that_the_portal_explains(acme, lab, ada):
    console, code = begin(lab, ada)
    with console:
        number = acme.signs_in(ada, f"{acme.estate.url}/device?user_code={code}")
        over = "UPDATE device_authorizations SET expires_at = created_at WHERE user_code = ?"
        acme.estate.execute(over, code)
        console.types(number)
        assert refusal_at(console, acme) == "signin_expired"
    assert lab.machine.entry("passwd", ada.username) is None
    begin(lab, ada)[0].close()  # a new attempt has a new code


def test_another_person_who_approves_gets_nothing_and_neither_does_the_first(acme, lab, ada, bea):
    console, code = begin(lab, ada)
    with console:
        browser = acme.approves(bea, f"{acme.estate.url}/device?user_code={code}")
        if number := browser.text("verification-number"):
            console.types(number)
        else:
            console.types("000000")
        assert refusal_at(console, acme) == "another_person"
    for person in (ada, bea):
        assert lab.machine.entry("passwd", person.username) is None
