"""The scratch root looks like a device to the system's own tools, and nothing of it touches this machine."""

import stat
import subprocess
from pathlib import Path

import pytest
from tests.support.scratch_root import crypt, passcode_opens


def modes(root: Path, *names: str) -> list[str]:
    return [f"{stat.S_IMODE((root / name).stat().st_mode):o}" for name in names]


def test_account_files_have_debians_modes(scratch_root):
    assert modes(scratch_root.path, "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "home") == [
        "644",
        "644",
        "640",
        "640",
        "755",
    ]
    assert (scratch_root.path / "etc/shadow").stat().st_gid == 42


def test_the_systems_own_checks_find_nothing_wrong(scratch_root):
    assert scratch_root.inside("pwck", "-r").returncode in {0, 2}, scratch_root.inside("pwck", "-r").stdout
    assert scratch_root.inside("grpck", "-r").returncode == 0, scratch_root.inside("grpck", "-r").stdout


def test_an_account_made_inside_is_seen_inside_and_not_outside(scratch_root):
    outside = Path("/etc/passwd").read_text()
    made = scratch_root.inside("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", "ada")
    assert made.returncode == 0, made.stderr
    assert scratch_root.inside("getent", "passwd", "ada").stdout == "ada:x:1000:1000::/home/ada:/bin/bash\n"
    assert scratch_root.inside("id", "-Gn", "ada").stdout == "ada sudo\n"
    assert "Account expires\t\t\t\t\t\t: never" in scratch_root.inside("chage", "-l", "ada").stdout
    assert modes(scratch_root.path, "home/ada") == ["700"]
    assert Path("/etc/passwd").read_text() == outside


def test_a_passcode_set_inside_opens_and_a_locked_one_does_not(scratch_root):
    scratch_root.inside("useradd", "ada")
    assert not scratch_root.passcode_opens("ada", "")
    done = scratch_root.inside("chpasswd", "--crypt-method", "YESCRYPT", input="ada:correct horse\n")
    assert done.returncode == 0, done.stderr
    assert scratch_root.passcode_opens("ada", "correct horse")
    assert not scratch_root.passcode_opens("ada", "wrong horse")
    scratch_root.inside("usermod", "--lock", "ada")
    assert not scratch_root.passcode_opens("ada", "correct horse")
    assert not passcode_opens(scratch_root.path, "nobody-of-that-name", "x")


def test_crypt_of_an_unknown_setting_equals_nothing():
    assert crypt("x", "$none$").startswith("*")


def test_nothing_stays_mounted_and_the_system_is_read_only_inside(scratch_root):
    before = Path("/proc/self/mountinfo").read_text()
    assert scratch_root.inside("touch", "/usr/planted").returncode != 0
    assert Path("/proc/self/mountinfo").read_text() == before
    assert not any((scratch_root.path / "usr").iterdir())


@pytest.mark.parametrize("tool", ["useradd", "usermod", "userdel", "chpasswd", "chage", "getent", "passwd", "gpasswd"])
def test_the_tools_are_there(scratch_root, tool):
    assert scratch_root.inside("sh", "-c", f"command -v {tool}").returncode == 0


def test_the_tools_own_root_option_works_on_it(scratch_root):
    done = subprocess.run(["useradd", "--prefix", scratch_root.path, "--create-home", "grace"], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert scratch_root.passwd_line("grace").startswith("grace:x:1000:")
