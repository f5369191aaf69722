"""At a terminal: tables that fit, questions before what takes away, a key that is typed unseen."""

import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest


class Terminal:
    """Runs the real program at a terminal of `columns` columns; `typed` is what somebody types when the words are shown."""

    def __init__(self, environment):
        self.environment = environment

    def __call__(self, *words, columns=100, typed=(), **changed):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOMEPORT_", "NO_COLOR", "COLUMNS"))}
        environment = {**kept, "TERM": "xterm-256color", **self.environment, **changed}
        command = [sys.executable, "-m", "homeport", *(str(word) for word in words)]
        shown, waiting = "", list(typed)
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        ) as process:
            os.close(theirs)
            decode = codecs.getincrementaldecoder("utf-8")().decode  # a letter may come in two pieces
            while piece := read(ours):
                shown += decode(piece)
                if waiting and waiting[0][0] in shown:
                    os.write(ours, f"{waiting.pop(0)[1]}\n".encode())
            self.status = process.wait(300)
        os.close(ours)
        return shown.replace("\r\n", "\n")


def read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that nobody holds the other end any more
        return b""


@pytest.fixture
def terminal(homeport):
    return Terminal(homeport.environment)


def test_a_list_is_a_table_with_a_heading_and_a_count(terminal, served):
    served.house.user("ada")
    shown = terminal("user", "list", columns=160)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.search(r"^User name +E-mail address +First name", plain, re.MULTILINE)
    assert re.search(r"^ada +ada@acme\.example +Ada +ACTIVATED", plain, re.MULTILINE)
    assert plain.endswith("1 user.\n")
    assert terminal("user", "list", "--search", "nobody").endswith("No users.\n")


def test_a_table_fits_a_narrow_terminal_without_the_id_and_breaks_nothing_off(terminal, served):
    served.house.user("ada-with-a-rather-long-name-that-fills-a-line")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal("user", "list", columns=80))
    lines = plain.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "Id" not in lines[0]
    end = lines[0].index("E-mail")
    assert "".join(line[:end].strip() for line in lines[1:-1]) == "ada-with-a-rather-long-name-that-fills-a-line"


def test_a_name_that_looks_like_markup_is_shown_as_it_is(terminal, served):
    served.house.do(
        lambda act: act.people.create(_admin(), username="ada", email="ada@acme.example", firstname="[bold]Ada[/bold]")
    )
    assert "[bold]Ada[/bold]" in terminal("user", "list", columns=160)


def test_no_color_means_none(terminal, served):
    served.house.user("ada")
    assert not re.search(r"\x1b\[(3[0-9]|9[0-7]|2)m", terminal("user", "show", "ada", NO_COLOR="1"))
    assert not re.search(r"\x1b\[(3[0-9]|9[0-7])m", terminal("user", "list", NO_COLOR="1"))


def test_it_asks_before_it_takes_away(terminal, homeport, served):
    served.house.user("ada")
    shown = terminal("user", "delete", "ada", typed=[("[y/N]", "n")])
    assert (
        "Delete user “ada”? Their links are forgotten, and their accounts on devices are locked, except on Macs. [y/N]" in shown
    )
    assert terminal.status == 1
    assert "Nothing was changed." in shown
    assert homeport.json("user", "show", "ada")
    terminal("user", "delete", "ada", typed=[("[y/N]", "y")])
    assert terminal.status == 0
    assert homeport.json("user", "list") == []


def test_a_key_is_typed_unseen(terminal, served, tmp_path):
    shown = terminal("login", typed=[("API key (not shown)", served.key)], HOMEPORT_API_KEY="")
    assert terminal.status == 0
    assert served.key not in shown
    assert served.key in (tmp_path / "config" / "homeport" / "default.toml").read_text()


def test_a_plan_is_coloured_and_apply_asks(terminal, homeport, served, tmp_path):
    (tmp_path / "file.toml").write_text('version = 1\n[users.ada]\nemail = "ada@acme.example"\n')
    shown = terminal("apply", tmp_path / "file.toml", typed=[("[y/N]", "n")])
    assert "\x1b[32m+ user “ada”" in shown
    assert "Carry out 1 step? [y/N]" in shown
    assert homeport.json("user", "list") == []
    shown = terminal("apply", tmp_path / "file.toml", typed=[("[y/N]", "y")], NO_COLOR="1")
    assert "User “ada”: created." in shown
    assert "\x1b[32m" not in shown


def _admin():
    from tests.support.house import ADMIN  # noqa: PLC0415 - beside its use

    return ADMIN
