"""One suite for every backend. The memory backend may stand in for Linux only because both pass this.

The macOS and the Windows backend pass it over recorded machines: no Mac and no Windows machine ran them.
"""

import subprocess
from dataclasses import replace

import pytest
from conftest import make_root
from recorded_mac import RecordedMac
from recorded_windows import MACHINE, RecordedWindows

from homeport_agent.accounts.backend import ADMIN_GROUP
from homeport_agent.accounts.linux import LinuxBackend
from homeport_agent.accounts.macos import MacBackend
from homeport_agent.accounts.memory import MemoryBackend
from homeport_agent.accounts.model import Account
from homeport_agent.accounts.names import gecos
from homeport_agent.accounts.windows import SHELL, WindowsBackend
from homeport_agent.root import Root

ADA = Account("u-1", "ada", 20000, 20000, "Ada Lovelace", "/home/ada", "/bin/bash", admin=False, groups=())


@pytest.fixture(params=["memory", "linux", "macos", "windows"])
def backend(request, tmp_path):
    match request.param:
        case "memory":
            return MemoryBackend(groups={"users": 100, "video": 44})
        case "macos":
            mac = RecordedMac(tmp_path / "mac")
            mac.groups["video"] = {"PrimaryGroupID": ["44"]}
            return MacBackend(mac, mac.folder, pause=lambda _seconds: None)
        case "windows":
            machine = RecordedWindows()
            machine.groups["video"] = {"sid": f"{MACHINE}-900", "description": "", "members": []}
            return WindowsBackend(machine)
    return LinuxBackend(Root.at(str(make_root(tmp_path / "root"))))


def of(backend, account):
    """The account as an order describes it for this kind of system."""
    if isinstance(backend, MacBackend | WindowsBackend):
        account = replace(account, home=account.home.replace("/home/", "/Users/"))
    return replace(account, shell=SHELL) if isinstance(backend, WindowsBackend) else account


def make(backend, account=ADA):
    account = of(backend, account)
    backend.add_group(account.username, account.gid)
    backend.add_account(account)
    backend.make_home(account)


def test_a_new_account_is_locked_and_as_described(backend):
    make(backend)
    found = backend.find("ada")
    assert (found.uid, found.gid, found.full_name, found.home, found.shell) == (
        20000,
        20000,
        "Ada Lovelace",
        of(backend, ADA).home,
        of(backend, ADA).shell,
    )
    assert (found.locked, found.passcode_set, found.expires_on, found.groups) == (True, False, None, frozenset())
    assert (backend.name_of_uid(20000), backend.gid_of_group("ada"), backend.group_of_gid(20000)) == ("ada", 20000, "ada")


def test_every_making_verb_may_be_repeated(backend):
    make(backend)
    make(backend)
    backend.add_group(ADMIN_GROUP, None)
    backend.add_group(ADMIN_GROUP, None)
    backend.write_admin_rule()
    backend.write_admin_rule()
    assert backend.find("ada").uid == 20000


def test_a_passcode_opens_a_lock_closes_and_an_unlock_keeps_the_passcode(backend):
    make(backend)
    backend.set_passcode("ada", "Käse: 12 ☕ %s $(id)")
    assert (backend.find("ada").locked, backend.find("ada").passcode_set) == (False, True)
    for _ in range(2):
        backend.lock("ada")
        assert (backend.find("ada").locked, backend.find("ada").passcode_set, backend.find("ada").expires_on) == (True, True, 1)
    for _ in range(2):
        backend.unlock("ada")
        backend.set_expiry("ada", 21000)
        assert (backend.find("ada").locked, backend.find("ada").passcode_set, backend.find("ada").expires_on) == (
            False,
            True,
            21000,
        )
    backend.set_expiry("ada", None)
    assert backend.find("ada").expires_on is None


def test_unlocking_an_account_without_a_passcode_leaves_it_locked(backend):
    make(backend)
    backend.lock("ada")
    backend.unlock("ada")
    assert (backend.find("ada").locked, backend.find("ada").passcode_set) == (True, False)


@pytest.mark.parametrize("locked", [False, True])
def test_a_void_passcode_opens_nothing_and_leaves_the_rest_until_another_is_set(backend, locked):
    make(backend)
    backend.join_group("ada", "video")
    backend.set_passcode("ada", "correct horse")
    if locked:
        backend.lock("ada")
    before = backend.find("ada")
    for _ in range(2):
        backend.void_passcode("ada")
        assert backend.find("ada") == replace(before, locked=True, passcode_set=False)
        backend.unlock("ada")
    backend.set_passcode("ada", "another horse")
    assert (backend.find("ada").locked, backend.find("ada").passcode_set) == (False, True)


def test_groups_are_joined_and_left(backend):
    make(backend)
    for _ in range(2):
        backend.join_group("ada", "video")
        assert backend.find("ada").groups == {"video"}
    for _ in range(2):
        backend.leave_group("ada", "video")
        assert backend.find("ada").groups == frozenset()


def test_name_and_shell_change_and_stay(backend):
    make(backend)
    changed = of(backend, replace(ADA, full_name="Ada King", shell="/bin/sh"))
    backend.change_account(changed)
    backend.change_account(changed)
    assert (backend.find("ada").full_name, backend.find("ada").shell) == ("Ada King", changed.shell)


@pytest.mark.parametrize("name", ["a:b:0:0", "x\nroot::0:0", "Zoë, PhD", "", " ", "a" * 400, "\x00\x1b[31m", "é" * 150, "-x"])
def test_a_full_name_never_leaves_its_field(backend, name):
    make(backend, replace(ADA, full_name=name))
    found = backend.find("ada")
    assert (found.full_name, found.home) == (gecos(name), of(backend, ADA).home)
    assert backend.name_of_uid(0) in {None, "root"}


def test_a_removed_account_leaves_nothing_but_its_home_and_then_not_that(backend):
    make(backend)
    backend.set_passcode("ada", "correct horse")
    backend.remove_account("ada", 20000)
    backend.remove_account("ada", 20000)
    assert (backend.find("ada"), backend.gid_of_group("ada")) == (None, None)
    another, home = replace(of(backend, ADA), uid=20001), of(backend, ADA).home
    assert not backend.home_is_free(another)
    if not isinstance(backend, WindowsBackend):  # a profile whose account is gone tells no number
        backend.remove_home(home, 20001)
        assert not backend.home_is_free(another)
    backend.remove_home(home, 20000)
    backend.remove_home(home, 20000)
    assert backend.home_is_free(another)


def test_verbs_on_an_absent_account_do_nothing(backend):
    backend.lock("ada")
    backend.unlock("ada")
    backend.void_passcode("ada")
    backend.set_expiry("ada", 3)
    backend.join_group("ada", "video")
    backend.leave_group("ada", "video")
    backend.remove_account("ada", 20000)
    assert backend.end_sessions(20000) == 0
    assert backend.find("ada") is None


# What only Linux can show


@pytest.fixture
def linux(root):
    return LinuxBackend(Root.at(str(root)))


def test_the_home_folder_is_private_owned_and_from_the_roots_own_skeleton(linux, root):
    (root / "etc/skel/link").symlink_to("/etc/passwd")
    make(linux)
    home = root / "home/ada"
    assert (home.stat().st_mode & 0o777, home.stat().st_uid) == (0o700, 20000)
    assert (home / ".profile").read_text() == "# hello\n"
    assert ((home / "link").lstat().st_uid, (home / "link").is_symlink()) == (20000, True)
    (home / ".profile").write_text("mine")
    linux.make_home(ADA)
    assert (home / ".profile").read_text() == "mine"


def test_a_home_that_is_somebody_elses_or_leads_out_of_the_root_is_not_free(linux, root, tmp_path):
    (root / "home/ada").mkdir()
    assert not linux.home_is_free(ADA)
    (root / "home/ada").rmdir()
    (root / "home").rmdir()
    (tmp_path / "outside").mkdir()
    (root / "home").symlink_to(tmp_path / "outside")
    assert not linux.home_is_free(ADA)


def test_the_passcode_is_in_shadow_as_yescrypt_and_nowhere_else(linux, root):
    make(linux)
    linux.set_passcode("ada", "correct horse 7")
    assert "ada:$y$" in (root / "etc/shadow").read_text()
    assert "$y$" not in (root / "etc/passwd").read_text()
    assert (root / "etc/shadow").stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\r"])
def test_no_letter_of_a_full_name_hides_the_account_from_the_half_that_must_close_it(linux, root, end):
    make(linux)
    linux.set_passcode("ada", "correct horse 7")
    linux.join_group("ada", "video")
    passwd = root / "etc/passwd"
    passwd.write_bytes(passwd.read_bytes().replace(b"Ada Lovelace", f"Ada{end}Lovelace,1{end},,{end}".encode()))
    found = linux.find("ada")
    assert (found.uid, found.locked, found.passcode_set, found.groups) == (20000, False, True, frozenset({"video"}))


def test_only_processes_of_this_root_and_this_uid_are_ended(linux, root):
    inside = _start_inside(root, 20000)
    outside = _start("import os,time; os.setuid(20000)")
    other = _start_inside(root, 20001)
    try:
        assert linux.end_sessions(20000) == 1
        assert inside.wait(timeout=60) == -9
        assert (outside.poll(), other.poll()) == (None, None)
    finally:
        for process in (inside, outside, other):
            process.kill()
            process.wait()
            process.stdout.close()


def _start_inside(root, uid):
    """A process whose root is the folder; Python itself is loaded before it goes in."""
    return _start(f"import os,time; os.chroot({str(root)!r}); os.chdir('/'); os.setuid({uid})")


def _start(code):
    """A process that lives on once it has done what the code says; it has when this returns."""
    code += "; print('there', flush=True); time.sleep(600)"
    process = subprocess.Popen(["/usr/bin/python3", "-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"there\n"
    return process


def test_jobs_are_held_and_released(linux, root):
    make(linux)
    crontabs = root / "var/spool/cron/crontabs"
    at_jobs = root / "var/spool/cron/atjobs"
    for folder in (crontabs, at_jobs):
        folder.mkdir(parents=True)
    (crontabs / "ada").write_text("* * * * * true\n")
    (at_jobs / "a0000101c9a1b2").write_text("true\n")
    subprocess.run(["chown", "20000", str(at_jobs / "a0000101c9a1b2")], check=True)
    found = linux.find("ada")
    for _ in range(2):
        linux.disable_jobs(found)
        assert not (crontabs / "ada").exists()
        assert not (at_jobs / "a0000101c9a1b2").exists()
    for _ in range(2):
        linux.enable_jobs(found)
        assert (crontabs / "ada").exists()
        assert (at_jobs / "a0000101c9a1b2").exists()


def test_administrators_get_a_checked_sudoers_file(linux, root):
    linux.write_admin_rule()
    rule = root / "etc/sudoers.d/homeport"
    assert rule.stat().st_mode & 0o777 == 0o440
    assert "%homeport-admins ALL=(ALL:ALL) ALL" in rule.read_text()
    assert [path.name for path in rule.parent.iterdir()] == ["homeport"]


def test_who_left_the_administrators_is_named_in_the_sudoers_file_because_their_sessions_keep_the_group(linux, root):
    make(linux)
    linux.add_group(ADMIN_GROUP, None)
    linux.write_admin_rule()
    rule = root / "etc/sudoers.d/homeport"
    for _ in range(2):
        linux.join_group("ada", ADMIN_GROUP)
        assert "\n%homeport-admins ALL=" in rule.read_text()
    for _ in range(2):
        linux.leave_group("ada", ADMIN_GROUP)
        linux.write_admin_rule()
        assert "\n%homeport-admins, !ada ALL=(ALL:ALL) ALL\n" in rule.read_text()
    linux.join_group("ada", ADMIN_GROUP)
    assert "!ada" not in rule.read_text()
    linux.leave_group("ada", ADMIN_GROUP)
    linux.remove_account("ada", 20000)
    linux.write_admin_rule()
    assert "!ada" not in rule.read_text()
