"""The Linux backend: the system's own shadow tools, on this machine or on a root folder."""

import contextlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from homeport_agent.accounts.adoption import require_adoptable
from homeport_agent.accounts.backend import ADMIN_GROUP, Found
from homeport_agent.accounts.files import AccountFiles
from homeport_agent.accounts.hashes import matches
from homeport_agent.accounts.homes import copy_skeleton, lies_inside, remove_home
from homeport_agent.accounts.jobs import hold_jobs, release_jobs
from homeport_agent.accounts.model import Account
from homeport_agent.accounts.names import gecos
from homeport_agent.accounts.records import Records
from homeport_agent.accounts.sessions import end_processes
from homeport_agent.durable import disk_full_is_refused, read_only, write_atomically
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_SECONDS = 60
_NEEDED_BYTES = 1_048_576
_DAY = 86_400
_EDITORS = frozenset({"groupadd", "useradd", "usermod", "chpasswd", "gpasswd", "userdel", "groupdel"})
_RULE_MODE = 0o440  # sudo insists on it
_RULE = """\
# Written by homeport-agent: members of homeport-admins may act as root.
# A session keeps the groups that it began with, so who has left the group is named as well.
%homeport-admins{former} ALL=(ALL:ALL) ALL
"""
_FORMER = re.compile(r", !([a-z][a-z0-9._-]*)")


@dataclass(frozen=True)
class LinuxBackend:
    """AccountBackend over groupadd, useradd, usermod, chpasswd, gpasswd, userdel and groupdel (shadow 4.13).

    On a root folder most tools take ``--prefix``, which only changes which files they edit. chpasswd and gpasswd know
    no prefix but a chroot; they work in a folder that holds nothing but ``etc`` because both are loaded before the
    chroot and ``-c`` makes chpasswd hash by itself, without PAM. The passcode goes through standard input: an
    argument or a variable could be read by others.
    """

    root: Root
    records: Records | None = None

    def require_ready(self) -> None:
        """Refuse an incomplete root, one that is read-only, or one without room for the tools' own copies of the account files."""
        self.root.require_complete()
        space = os.statvfs(self.root.etc)
        if space.f_flag & os.ST_RDONLY:
            raise read_only()
        if space.f_bavail * space.f_frsize < _NEEDED_BYTES:
            raise Refusal(Reason.DISK_FULL, "Less than 1 MB is free, so no account was changed. Free some space and try again.")

    # Looking up

    def require_name(self, username: str) -> None:
        """Every name that Linux keeps is refused on all devices."""

    @property
    def _files(self) -> AccountFiles:
        return AccountFiles(self.root)

    def find(self, username: str) -> Found | None:
        """Look an account up."""
        return self._files.account(username)

    def name_of_uid(self, uid: int) -> str | None:
        """Whose number ``uid`` is."""
        return self._files.name_of_uid(uid)

    def gid_of_group(self, name: str) -> int | None:
        """Look a group up."""
        return self._files.gid_of_group(name)

    def group_of_gid(self, gid: int) -> str | None:
        """Which group's number ``gid`` is."""
        return self._files.group_of_gid(gid)

    def require_adoptable(self, username: str) -> Found:
        """Judge by the files of the root."""
        return require_adoptable(self.root, username)

    def passcode_matches(self, username: str, passcode: str) -> bool:
        """Compare with shadow's hash."""
        return matches(passcode, self._files.stored_hash(username))

    def home_is_free(self, account: Account) -> bool:
        """Whether the home folder is absent or this uid's, and lies inside the root without passing a link out of it."""
        home = self.root.inside(account.home)
        if not lies_inside(self.root.folder, home.parent):
            return False
        try:
            found = home.lstat()
        except FileNotFoundError:
            return True
        return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid

    # Making

    def withdraw_record(self, username: str) -> None:
        """Remove the user record that sshd knew the name by."""
        if self.records is not None:
            self.records.withdraw(username)

    def add_group(self, name: str, gid: int | None) -> None:
        """Make a group."""
        if self.gid_of_group(name) is not None:
            return
        self._run(
            "groupadd",
            *self._prefix,
            *(["-r"] if gid is None else ["-g", str(gid)]),
            "--",
            name,
            holds=lambda: self._has(name, gid),
        )

    def _has(self, name: str, gid: int | None) -> bool:
        found = self.gid_of_group(name)
        return found is not None and gid in {None, found}

    def add_account(self, account: Account) -> None:
        """Make the account; useradd leaves it locked until a passcode is set."""
        if self.find(account.username) is not None:
            return
        options = ["-M", "-l", "-N", "-u", str(account.uid), "-g", str(account.gid), "-K", "UID_MIN=20000", "-K", "UID_MAX=59999"]
        described = ["-d", account.home, "-s", account.shell, "-c", gecos(account.full_name)]
        self._run(
            "useradd",
            *self._prefix,
            *options,
            *described,
            "--",
            account.username,
            holds=lambda: bool(self.find(account.username)),
        )

    def change_account(self, account: Account) -> None:
        """Set full name, shell and home, when they differ."""
        found = self.find(account.username)
        wanted = (gecos(account.full_name), account.shell, account.home)
        if found and (found.full_name, found.shell, found.home) != wanted:
            name, shell, home = wanted
            self._run("usermod", *self._prefix, "-c", name, "-s", shell, "-d", home, "--", account.username)

    def make_home(self, account: Account) -> None:
        """Copy the skeleton beside and rename it into place, so that a home folder is whole or absent."""
        home = self.root.inside(account.home)
        if home.exists() or home.is_symlink():
            return
        with disk_full_is_refused():
            copy_skeleton(self.root.etc / "skel", home, account.uid, account.gid)

    def set_expiry(self, username: str, day: int | None) -> None:
        """Set or clear the expiry date."""
        found = self.find(username)
        if found and found.expires_on != day:
            date = "" if day is None else datetime.fromtimestamp(day * _DAY, tz=UTC).date().isoformat()
            self._run("usermod", *self._prefix, "-e", date, "--", username)

    def set_passcode(self, username: str, passcode: str) -> None:
        """Have chpasswd store the yescrypt hash, then see that it did."""
        self.root.require_complete()
        self._run("chpasswd", *self._chroot("-R"), "-c", "YESCRYPT", given=f"{username}:{passcode}\n")
        found = self.find(username)
        if not found or not found.passcode_set or found.locked:
            raise Refusal(
                Reason.TOOL_FAILED, "chpasswd ended well and the passcode is not set. Look at the device's account files."
            )

    # Closing and opening

    def void_passcode(self, username: str) -> None:
        """Put in the place of the hash what no passcode hashes to."""
        self.root.require_complete()
        found = self.find(username)
        if found and found.passcode_set:
            self._run("usermod", *self._prefix, "-p", "!", "--", username)

    def lock(self, username: str) -> None:
        """Lock and expire."""
        self.root.require_complete()
        found = self.find(username)
        if found and not (found.locked and found.expires_on == 1):
            self._run("usermod", *self._prefix, *([] if found.locked else ["-L"]), "-e", "1", "--", username)

    def unlock(self, username: str) -> None:
        """Unlock when a passcode is behind the lock."""
        found = self.find(username)
        if found and found.locked and found.passcode_set:
            self._run("usermod", *self._prefix, "-U", "--", username)

    def join_group(self, username: str, group: str) -> None:
        """Add to a group."""
        found = self.find(username)
        if group == ADMIN_GROUP and username in self._former_admins():
            self._write_admin_rule(self._former_admins() - {username})
        if found and group not in found.groups:
            self._run("gpasswd", *self._chroot("-Q"), "-a", username, group)

    def leave_group(self, username: str, group: str) -> None:
        """Take out of a group."""
        found = self.find(username)
        if found and group in found.groups:
            if group == ADMIN_GROUP:
                self._write_admin_rule(self._former_admins() | {username})
            self._run("gpasswd", *self._chroot("-Q"), "-d", username, group)

    def write_admin_rule(self) -> None:
        """Write the sudoers file, checked by visudo where there is one."""
        self._write_admin_rule(self._former_admins())

    def _former_admins(self) -> set[str]:
        rule = self.root.etc / "sudoers.d/homeport"
        named = _FORMER.findall(rule.read_text()) if rule.is_file() else []
        return {name for name in named if self.find(name) is not None}

    def _write_admin_rule(self, former: set[str]) -> None:
        folder = self.root.etc / "sudoers.d"
        rule, text = folder / "homeport", _RULE.format(former="".join(f", !{name}" for name in sorted(former)))
        if rule.is_file() and rule.read_text() == text and stat.S_IMODE(rule.stat().st_mode) == _RULE_MODE:
            return
        if shutil.which("visudo", path=_PATH):
            self._run("visudo", "-cqf", "-", given=text)
        with disk_full_is_refused():
            folder.mkdir(mode=0o750, exist_ok=True)
        # The name it has before the rename holds a dot, and sudo skips such names.
        write_atomically(rule, text.encode(), mode=_RULE_MODE)

    def check_by(self, words: list[str], given: str) -> None:
        """Have a tool such as visudo or sshd judge a configuration; a machine without the tool needs no judgement."""
        if shutil.which(words[0], path=_PATH):
            self._run(*words, given=given)

    def end_sessions(self, uid: int) -> int:
        """End lingering services first, then every process."""
        if self.root.is_system and shutil.which("loginctl", path=_PATH) and Path("/run/systemd/system").is_dir():
            for verb in ("disable-linger", "terminate-user"):
                with contextlib.suppress(Refusal):
                    self._run("loginctl", verb, str(uid))
        return end_processes(uid, self.root)

    def disable_jobs(self, account: Found) -> None:
        """Hold crontab and at jobs."""
        with disk_full_is_refused():
            hold_jobs(self.root, account)

    def enable_jobs(self, account: Found) -> None:
        """Release crontab and at jobs."""
        with disk_full_is_refused():
            release_jobs(self.root, account)

    def remove_account(self, username: str, gid: int) -> None:
        """Remove account and group."""
        if self.find(username) is not None:
            self._run("userdel", *self._prefix, "--", username, holds=lambda: self.find(username) is None)
        if self.gid_of_group(username) == gid:
            self._run("groupdel", *self._prefix, "--", username, holds=lambda: self.gid_of_group(username) is None)

    def remove_home(self, home: str, uid: int) -> None:
        """Remove the home folder, if it is the person's and not a link to somewhere else."""
        remove_home(self.root.inside(home), uid, self.root.folder)

    # Tools

    @property
    def _prefix(self) -> list[str]:
        return [] if self.root.is_system else ["--prefix", str(self.root.folder)]

    def _chroot(self, option: str) -> list[str]:
        return [] if self.root.is_system else [option, str(self.root.folder)]

    def _run(self, tool: str, *arguments: str, given: str = "", holds: Callable[[], bool] | None = None) -> None:
        path = shutil.which(tool, path=_PATH)
        if path is None:
            raise Refusal(Reason.TOOL_FAILED, f"{tool} is not installed. Install the package that holds it.")
        space = os.statvfs(self.root.etc)
        if tool in _EDITORS and space.f_flag & os.ST_RDONLY:
            raise read_only()
        if tool in _EDITORS and space.f_bfree == 0:
            # They would try for 15 seconds to take their lock, and the person's processes would live as long.
            raise Refusal(Reason.DISK_FULL, f"{tool} needs space and the disk is full. Free some space and try again.")
        try:
            # A session of its own: Ctrl-C at the agent's terminal must not end a tool half way.
            ended = subprocess.run(  # noqa: S603 - a list of arguments, each checked; no shell reads them
                [path, *arguments],
                input=given.encode(),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                env={"PATH": _PATH, "LC_ALL": "C", "SYSTEMD_BYPASS_USERDB": "1"},
                cwd="/",
                start_new_session=True,
                umask=0o022,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refusal(Reason.TOOL_FAILED, f"{tool} could not be run ({type(error).__name__}).") from error
        if ended.returncode == 0 or (holds is not None and holds()):
            return
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        if "No space left" in ended.stderr.decode(errors="replace") or os.statvfs(self.root.etc).f_bavail == 0:
            raise Refusal(Reason.DISK_FULL, f"{tool} found no space on the disk. Free some space and try again.")
        cause = said[-1][:200] if said and not given else "no reason given"
        raise Refusal(Reason.TOOL_FAILED, f"{tool} ended with {ended.returncode}: {cause}")
