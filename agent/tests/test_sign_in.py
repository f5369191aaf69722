import ctypes
import os
import pty
import sys
import time

import pytest
from conftest import PASSCODE
from standin import Signer, person


def verifies(passcode, stored):
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(passcode.encode(), stored.encode()) == stored.encode()


def test_a_person_signs_in_and_has_an_account_with_the_passcode_they_chose(agent, server):
    assert agent.enroll().returncode == 0
    status, events, ended = agent.sign_in("000000", server.number, "short", "short", PASSCODE, "other one", PASSCODE, PASSCODE)
    assert status == 0, ended.stderr + ended.stdout
    assert [event["event"] for event in events] == [
        "code",
        "number_wanted",
        "number_wrong",
        "number_wanted",
        "passcode_wanted",
        "passcode_wanted",
        "passcode_refused",
        "passcode_wanted",
        "passcode_wanted",
        "passcode_refused",
        "passcode_wanted",
        "passcode_wanted",
        "bound",
    ]
    assert events[2]["attempts_left"] == 4
    account = {"username": "ada", "uid": 20000, "home": "/home/ada"}
    assert events[-1] == {"event": "bound", **account, "adopted": False, "sign_in_id": "s-1"}
    assert agent.line("passwd", "ada") == ["ada", "x", "20000", "20000", "Ada Lovelace", "/home/ada", "/bin/bash"]
    stored = agent.line("shadow", "ada")[1]
    assert stored.startswith("$y$")
    assert verifies(PASSCODE, stored)
    home = agent.root / "home/ada"
    assert (home.stat().st_uid, home.stat().st_gid, home.stat().st_mode & 0o777) == (20000, 20000, 0o700)
    assert (home / ".profile").stat().st_uid == 20000
    assert [receipt["outcome"] for receipt in server.receipts] == ["done"]
    assert server.accounts == [{"user_id": "u-ada", "username": "ada", "uid": 20000, "state": "active", "passcode_set": True}]


@pytest.fixture
def enrolled(agent):
    agent.is_enrolled()
    return agent


def last(ended):
    return ended[1][-1]["event"], ended[1][-1].get("reason"), ended[1][-1].get("sign_in_id")


def test_the_servers_refusal_reaches_the_person_with_reason_and_id(enrolled, server):
    server.refuse_with = "user_suspended"
    assert last(enrolled.sign_in()) == ("refused", "user_suspended", "s-1")
    plain = enrolled.run("sign-in", "--root", str(enrolled.root))
    assert plain.returncode == 1
    assert "You may not sign in here." in plain.stdout
    assert "Reason: user_suspended   Sign-in: s-2" in plain.stdout


def test_five_wrong_numbers_end_the_sign_in(enrolled, server):
    ended = enrolled.sign_in("1", "2", "3", "4", "5")
    assert [event["attempts_left"] for event in ended[1] if event["event"] == "number_wrong"] == [4, 3, 2, 1]
    assert last(ended) == ("refused", "number_wrong", "s-1")
    assert enrolled.line("passwd", "ada") is None


def test_a_conversation_that_ends_early_is_a_refusal(enrolled):
    assert last(enrolled.sign_in())[:2] == ("refused", "conversation_ended")


def test_an_account_without_a_passcode_stays_locked_and_the_next_sign_in_completes_it(enrolled, server):
    assert last(enrolled.sign_in(server.number))[:2] == ("refused", "conversation_ended")
    assert enrolled.line("shadow", "ada")[1].startswith("!")
    assert enrolled.sign_in(server.number, PASSCODE, PASSCODE)[0] == 0
    assert (enrolled.root / "etc/passwd").read_text().count("\nada:") == 1


def test_a_local_account_of_the_same_name_is_refused_with_a_sentence(enrolled, server):
    server.account = person("local")
    ended = enrolled.sign_in(server.number)
    assert last(ended) == ("refused", "account_name_taken", "s-1")
    assert "local" in ended[1][-1]["message"]
    assert server.receipts[0]["reason"] == "account_name_taken"
    assert enrolled.line("passwd", "local")[2] == "1000"


def test_an_altered_order_makes_nothing(enrolled, server):
    server.order_override = Signer().pair(enrolled.device_id)
    assert last(enrolled.sign_in(server.number))[:2] == ("refused", "order_key_invalid")
    assert enrolled.line("passwd", "ada") is None


def test_a_deleted_device_is_told(enrolled, server):
    server.devices.clear()
    assert last(enrolled.sign_in()) == ("refused", "device_gone", None)


def test_a_server_that_is_gone_is_a_sentence(enrolled, server):
    server.close()
    ended = enrolled.sign_in()
    assert last(ended) == ("refused", "server_unreachable", None)
    assert "does not answer" in ended[1][-1]["message"]


def test_plain_words_fit_into_80_columns_and_hold_no_qr_without_a_terminal(enrolled, server):
    ended = enrolled.run("sign-in", "--root", str(enrolled.root), given=f"{server.number}\n{PASSCODE}\n{PASSCODE}\n")
    assert ended.returncode == 0, ended.stdout
    assert all(len(line) <= 80 for line in ended.stdout.splitlines())
    assert "WDJB-MJHT" in ended.stdout
    assert "█" not in ended.stdout
    assert PASSCODE not in ended.stdout
    assert "You can now log in to this device as ada" in ended.stdout


def test_at_a_terminal_the_qr_code_is_drawn_and_the_passcode_is_not_echoed(enrolled, server):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, "-m", "homeport_agent", "sign-in", "--root", str(enrolled.root)])
    shown = ""
    answers = [("in the browser:", server.number), ("New passcode for ada", PASSCODE), ("The same again:", PASSCODE)]
    try:
        while True:
            if answers and answers[0][0] in shown:
                time.sleep(0.2)  # getpass empties the input before it reads
                os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
            shown += os.read(terminal, 4096).decode(errors="replace")
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert "▀" in shown
    assert PASSCODE not in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
