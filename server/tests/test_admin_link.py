"""`homeport admin link` prints its link to a terminal only, with the whole address, and touches nothing before it can."""

import os
import pty
import re
import subprocess
import sys

from click.testing import CliRunner

from homeport.cli import main


def on_a_terminal(*words):
    """Run the command on a pseudo-terminal; return its exit status, what it showed there, and what it complained of."""
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "homeport", *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HOMEPORT_")}
    done = subprocess.run(command, stdin=child, stdout=child, stderr=subprocess.PIPE, env=environment, timeout=300, check=False)
    os.close(child)
    shown = b""
    try:
        while data := os.read(parent, 65536):
            shown += data
    except OSError:
        pass  # Linux tells the end of a pseudo-terminal so
    finally:
        os.close(parent)
    return done.returncode, shown.decode(), done.stderr.decode()


def test_without_a_terminal_nothing_is_made_and_nothing_printed(tmp_path):
    answer = CliRunner().invoke(
        main, ["admin", "link", "--data", str(tmp_path / "data"), "--public-url", "https://id.example.com"]
    )
    assert answer.exit_code == 2
    assert "to a terminal only" in answer.output
    assert "/admin/link/" not in answer.output
    assert not (tmp_path / "data").exists()


def test_a_link_is_a_whole_address(tmp_path):
    status, shown, said = on_a_terminal(
        "admin", "link", "--data", str(tmp_path / "data"), "--public-url", "https://ID.example.com/"
    )
    assert status == 0, said
    assert re.search(r"once: https://id\.example\.com/admin/link/[\w-]{43}\s", shown)


def test_without_a_public_url_the_command_says_which_setting_is_missing(tmp_path):
    status, shown, said = on_a_terminal("admin", "link", "--data", str(tmp_path / "data"))
    assert status == 2
    assert "Set HOMEPORT_PUBLIC_URL" in said
    assert "/admin/link/" not in shown
