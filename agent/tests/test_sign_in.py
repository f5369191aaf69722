import ctypes

from conftest import PASSCODE


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
    assert events[-1] == {"event": "bound", "username": "ada", "uid": 20000, "home": "/home/ada", "sign_in_id": "s-1"}
    assert agent.line("passwd", "ada") == ["ada", "x", "20000", "20000", "Ada Lovelace", "/home/ada", "/bin/bash"]
    stored = agent.line("shadow", "ada")[1]
    assert stored.startswith("$y$")
    assert verifies(PASSCODE, stored)
    home = agent.root / "home/ada"
    assert (home.stat().st_uid, home.stat().st_gid, home.stat().st_mode & 0o777) == (20000, 20000, 0o700)
    assert (home / ".profile").stat().st_uid == 20000
    assert [receipt["outcome"] for receipt in server.receipts] == ["done"]
    assert server.accounts == [{"user_id": "u-ada", "username": "ada", "uid": 20000, "state": "active", "passcode_set": True}]
