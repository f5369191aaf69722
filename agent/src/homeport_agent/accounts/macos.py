"""The macOS backend: dscl, dseditgroup, pwpolicy, sysadminctl, createhomedir. Never run on a Mac: known from imitations only.

Looking up reads every record as a property list, so no name is part of a lookup. Changing puts a name into a path of dscl, which
is checked before. A full name is one word of the command; the passcode goes to sysadminctl's standard input, where it reads when
asked with ``-`` and there is no terminal.
"""

import plistlib
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers.expat import ExpatError

from homeport_agent.accounts.backend import ADMIN_GROUP, Found
from homeport_agent.accounts.commands import Ended, Runner, SystemRunner, failed, not_adoptable
from homeport_agent.accounts.homes import lies_inside, remove_home
from homeport_agent.accounts.model import Account
from homeport_agent.accounts.names import gecos, require_mac_name
from homeport_agent.refusals import Reason, Refusal

DSCL, DSEDITGROUP, PWPOLICY = "/usr/bin/dscl", "/usr/sbin/dseditgroup", "/usr/bin/pwpolicy"
SYSADMINCTL, CREATEHOMEDIR = "/usr/sbin/sysadminctl", "/usr/sbin/createhomedir"
LAUNCHCTL, PGREP, KILL = "/bin/launchctl", "/usr/bin/pgrep", "/bin/kill"
_MACS_ADMINS = "admin"
_USER = ("RecordName", "UniqueID", "PrimaryGroupID", "RealName", "NFSHomeDirectory", "UserShell", "AuthenticationAuthority")
_GROUP = ("RecordName", "PrimaryGroupID", "GroupMembership")
_DISABLED, _HASHED = ";DisabledUser;", ";ShadowHash;"
_DAY = 86_400
_ROUNDS, _PAUSE = 20, 0.1
_LEASE = re.compile(r"policyAttributeCurrentTime < (\d+)\Z")
_HELD = ".homeport-held."
Record = dict[str, list[str]]


@dataclass(frozen=True)
class MacBackend:
    """AccountBackend for macOS. ``folder`` stands for the root of its file system; ``pause`` waits between rounds of ending processes."""

    run: Runner = field(default_factory=SystemRunner)
    folder: Path = Path("/")
    pause: Callable[[float], None] = time.sleep

    def require_ready(self) -> None:
        """Refuse when the directory cannot be read."""
        self._records("Users", _USER)

    # Looking up

    def require_name(self, username: str) -> None:
        """Refuse names of macOS's own accounts, groups and folders."""
        require_mac_name(username)

    def find(self, username: str) -> Found | None:
        """Look an account up, whatever the case of its letters: the directory of a Mac does not tell them apart."""
        user = self._user(username)
        if user is None:
            return None
        name = _first(user, "RecordName")
        authority = " ".join(user.get("AuthenticationAuthority", []))
        passcode_set = _HASHED in authority
        return Found(
            username=name,
            uid=_number(user, "UniqueID"),
            gid=_number(user, "PrimaryGroupID"),
            full_name=_first(user, "RealName"),
            home=_first(user, "NFSHomeDirectory"),
            shell=_first(user, "UserShell"),
            locked=not passcode_set or _DISABLED in authority,
            passcode_set=passcode_set,
            expires_on=self._expires_on(name),
            groups=frozenset(
                _first(group, "RecordName")
                for group in self._groups()
                if name in group.get("GroupMembership", []) and _first(group, "RecordName") != _MACS_ADMINS
            ),
        )

    def _user(self, username: str) -> Record | None:
        users = self._records("Users", _USER)
        return next((user for user in users if username.casefold() in {one.casefold() for one in user["RecordName"]}), None)

    def name_of_uid(self, uid: int) -> str | None:
        """Whose number ``uid`` is."""
        return next((_first(one, "RecordName") for one in self._records("Users", _USER) if _number(one, "UniqueID") == uid), None)

    def gid_of_group(self, name: str) -> int | None:
        """Look a group up."""
        return next((_number(one, "PrimaryGroupID") for one in self._groups() if name in one["RecordName"]), None)

    def group_of_gid(self, gid: int) -> str | None:
        """Which group's number ``gid`` is."""
        return next((_first(one, "RecordName") for one in self._groups() if _number(one, "PrimaryGroupID") == gid), None)

    def _groups(self) -> list[Record]:
        return self._records("Groups", _GROUP)

    def _records(self, kind: str, attributes: tuple[str, ...]) -> list[Record]:
        words = [DSCL, "-plist", ".", "-readall", f"/{kind}", *attributes]
        ended = self._run(words)
        try:
            found = plistlib.loads(ended.out)
            return [
                {key.rpartition(":")[2]: [str(one) for one in values] for key, values in record.items()}
                for record in found
                if "dsAttrTypeStandard:RecordName" in record
            ]
        except (ValueError, AttributeError, TypeError, ExpatError) as error:
            raise Refusal(Reason.TOOL_FAILED, f"dscl gave no list of {kind} that can be read.") from error

    def _expires_on(self, name: str) -> int | None:
        ended = self.run([PWPOLICY, "-u", name, "-getaccountpolicies"])
        start = ended.out.find(b"<?xml")  # a line for people stands before
        try:
            policies = plistlib.loads(ended.out[start:]) if ended.code == 0 and start >= 0 else {}
        except (ValueError, ExpatError):
            policies = {}
        for policy in policies.get("policyCategoryAuthentication", []) if isinstance(policies, dict) else []:
            said = _LEASE.match(str(policy.get("policyContent", "")))
            if said:
                return int(said[1]) // _DAY
        return None

    def require_adoptable(self, username: str) -> Found:
        """Refuse: macOS gives no way to try a passcode that keeps it from the command line and from the log."""
        raise not_adoptable(username, "macOS")

    def passcode_matches(self, username: str, passcode: str) -> bool:  # noqa: ARG002 - the port's words; nobody asks here
        """Refuse, as above."""
        raise not_adoptable(username, "macOS")

    def home_is_free(self, account: Account) -> bool:
        """Whether the home folder is absent or this uid's, and reached without passing a link out of the root."""
        home = self._inside(account.home)
        if not lies_inside(self.folder.resolve(), home.parent):
            return False
        try:
            found = home.lstat()
        except FileNotFoundError:
            return True
        return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid

    # Making

    def withdraw_record(self, username: str) -> None:
        """Nothing stands for an account that is not made yet."""

    def add_group(self, name: str, gid: int | None) -> None:
        """Make a group."""
        require_mac_name(name)
        if self.gid_of_group(name) is None:
            self._run([DSEDITGROUP, "-o", "create", "-n", ".", *([] if gid is None else ["-i", str(gid)]), name])

    def add_account(self, account: Account) -> None:
        """Make the record, its number first so that half of one is known as ours; without a passcode it opens nothing."""
        require_mac_name(account.username)
        user = self._user(account.username)
        if user is not None and _number(user, "UniqueID") != account.uid:
            return
        wanted = {
            "UniqueID": str(account.uid),
            "PrimaryGroupID": str(account.gid),
            "NFSHomeDirectory": account.home,
            "UserShell": account.shell,
            "RealName": gecos(account.full_name),
        }
        for key, value in wanted.items():
            if user is None or key not in user:
                self._write(account.username, key, value)

    def change_account(self, account: Account) -> None:
        """Set full name, shell and home, when they differ."""
        require_mac_name(account.username)
        user = self._user(account.username)
        wanted = {"RealName": gecos(account.full_name), "UserShell": account.shell, "NFSHomeDirectory": account.home}
        for key, value in wanted.items():
            if user is not None and _first(user, key) != value:
                self._write(account.username, key, value)

    def make_home(self, account: Account) -> None:
        """Have macOS make the home from its own template, and close it to others."""
        home = self._inside(account.home)
        if home.exists() or home.is_symlink():
            return
        require_mac_name(account.username)
        self._run([CREATEHOMEDIR, "-c", "-u", account.username])
        if not home.is_dir() or home.is_symlink():
            raise Refusal(Reason.TOOL_FAILED, "createhomedir ended well and there is no home folder.")
        home.chmod(0o700)

    def set_expiry(self, username: str, day: int | None) -> None:
        """Let an account policy refuse to authenticate from the day on; a Mac has no date of expiry."""
        found = self._known(username)
        if found is None or found.expires_on == day:
            return
        if day is None:
            self._run([PWPOLICY, "-u", found.username, "-clearaccountpolicies"])
            return
        lease = {"policyIdentifier": "homeport.lease", "policyContent": f"policyAttributeCurrentTime < {day * _DAY}"}
        with tempfile.NamedTemporaryFile(suffix=".plist") as file:  # the tool wants a file; only root can read this one
            file.write(plistlib.dumps({"policyCategoryAuthentication": [lease]}))
            file.flush()
            self._run([PWPOLICY, "-u", found.username, "-setaccountpolicies", file.name])

    def set_passcode(self, username: str, passcode: str) -> None:
        """Give it to sysadminctl on standard input, twice because it may ask twice, then see that a hash is there."""
        require_mac_name(username)
        if not passcode.isprintable():
            raise Refusal(Reason.PASSCODE_REFUSED, "The passcode holds a character that cannot be used.")
        words = [SYSADMINCTL, "-resetPasswordFor", username, "-newPassword", "-"]
        ended = self.run(words, f"{passcode}\n{passcode}\n")
        found = self.find(username)
        if ended.code or found is None or not found.passcode_set:
            raise failed("sysadminctl", ended, secret=True)  # it ends with 0 also when it did nothing
        if found.locked:
            self._run([PWPOLICY, "-u", username, "-enableuser"])

    # Closing and opening

    def void_passcode(self, username: str) -> None:
        """Take the hash and what says that there is one; the star is a passcode that nothing hashes to."""
        found = self._known(username)
        if found and found.passcode_set:
            self._write(found.username, "Password", "*")
            for key in ("AuthenticationAuthority", "ShadowHashData"):
                self._run([DSCL, ".", "-delete", f"/Users/{found.username}", key])

    def lock(self, username: str) -> None:
        """Disable, and expire."""
        found = self._known(username)
        if found and found.passcode_set and not found.locked:
            self._run([PWPOLICY, "-u", found.username, "-disableuser"])
        self.set_expiry(username, 1)

    def unlock(self, username: str) -> None:
        """Enable when a passcode is behind the lock."""
        found = self._known(username)
        if found and found.locked and found.passcode_set:
            self._run([PWPOLICY, "-u", found.username, "-enableuser"])

    def join_group(self, username: str, group: str) -> None:
        """Add to a group; our administrators also to the Mac's own, ours first so that what we gave is known."""
        if self._known(username):
            for one in (group, _MACS_ADMINS) if group == ADMIN_GROUP else (group,):
                self._edit_group("-a", username, one, member=False)

    def leave_group(self, username: str, group: str) -> None:
        """Take out of a group; of the Mac's administrators only whom we put there."""
        if self._known(username) and self._is_member(username, group):
            for one in (_MACS_ADMINS, group) if group == ADMIN_GROUP else (group,):
                self._edit_group("-d", username, one, member=True)

    def _edit_group(self, verb: str, username: str, group: str, *, member: bool) -> None:
        if self._is_member(username, group) is member:
            self._run([DSEDITGROUP, "-o", "edit", "-n", ".", verb, username, "-t", "user", group])

    def _is_member(self, username: str, group: str) -> bool:
        return any(group in one["RecordName"] and username in one.get("GroupMembership", []) for one in self._groups())

    def write_admin_rule(self) -> None:
        """Leave sudoers alone: members of the Mac's group admin may act as root by its own file."""

    def end_sessions(self, uid: int) -> int:
        """End the graphical session, then every process, until none is left."""
        if not self._processes(uid):
            return 0
        for domain in (f"gui/{uid}", f"user/{uid}"):
            self.run([LAUNCHCTL, "bootout", domain])  # it is no fault when there is none
        ended: set[str] = set()
        for _ in range(_ROUNDS):
            running = self._processes(uid)
            if not running:
                return len(ended) or 1
            ended |= set(running)
            self.run([KILL, "-KILL", *running])
            self.pause(_PAUSE)
        raise Refusal(Reason.TOOL_FAILED, "Processes of the account are still there.")

    def _processes(self, uid: int) -> list[str]:
        return [one for one in self.run([PGREP, "-U", str(uid)]).out.decode().split() if one.isdecimal()]

    def disable_jobs(self, account: Found) -> None:
        """Rename crontab and at jobs so that no daemon finds them."""
        for path in list(self._jobs(account)):
            if not path.name.startswith(_HELD):
                path.rename(path.with_name(_HELD + path.name))

    def enable_jobs(self, account: Found) -> None:
        """Rename them back; one written since then wins."""
        for path in list(self._jobs(account)):
            if path.name.startswith(_HELD):
                own = path.with_name(path.name.removeprefix(_HELD))
                path.unlink() if own.exists() else path.rename(own)

    def _jobs(self, account: Found) -> Iterator[Path]:
        tabs, at_jobs = self._inside("/private/var/at/tabs"), self._inside("/private/var/at/jobs")
        yield from (path for path in (tabs / account.username, tabs / (_HELD + account.username)) if path.is_file())
        for path in at_jobs.iterdir() if at_jobs.is_dir() else ():
            if stat.S_ISREG(path.lstat().st_mode) and path.lstat().st_uid == account.uid:
                yield path

    def remove_account(self, username: str, gid: int) -> None:
        """Remove the account from its groups, then itself, then its own group."""
        if self._known(username):
            for group in self._groups():
                if username in group.get("GroupMembership", []):
                    self._edit_group("-d", username, _first(group, "RecordName"), member=True)
            self._run([DSCL, ".", "-delete", f"/Users/{username}"])
        if self.gid_of_group(username) == gid:
            require_mac_name(username)
            self._run([DSEDITGROUP, "-o", "delete", "-n", ".", username])

    def remove_home(self, home: str, uid: int) -> None:
        """Remove the home folder, if it is the person's and not a link to somewhere else."""
        remove_home(self._inside(home), uid, self.folder.resolve())

    # Tools

    def _known(self, username: str) -> Found | None:
        found = self.find(username)
        if found is not None:
            require_mac_name(found.username)
        return found

    def _inside(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def _write(self, username: str, key: str, value: str) -> None:
        self._run([DSCL, ".", "-create", f"/Users/{username}", key, value])

    def _run(self, words: list[str], given: str = "") -> Ended:
        ended = self.run(words, given)
        if ended.code:
            raise failed(words[0].rpartition("/")[2], ended)
        return ended


def _first(record: Record, key: str) -> str:
    values = record.get(key) or [""]
    return values[0]


def _number(record: Record, key: str) -> int:
    text = _first(record, key)
    return int(text) if text.removeprefix("-").isdecimal() else -1
