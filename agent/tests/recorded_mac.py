"""A Mac that is only its answers: it keeps records, knows the commands that the backend uses, and records every one.

What it says has the form of recordings: property lists of dscl, the line before the policies of pwpolicy, exit codes of a missing
record. A word that such a command would not know ends the test.
"""

import os
import plistlib
import re
from pathlib import Path

from homeport_agent.accounts.commands import Ended

PREFIX = "dsAttrTypeStandard:"
MISSING = Ended(56, b"", b"<dscl_cmd> DS Error: -14136 (eDSRecordNotFound)\n")


class RecordedMac:
    """Answers as a Mac would; ``calls`` holds each command with what it was given."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "Users").mkdir(parents=True)
        self.calls = []
        self.processes = {}
        self.policies = {}
        self.users = {
            "root": {"UniqueID": ["0"], "PrimaryGroupID": ["0"], "RealName": ["System Administrator"], "UserShell": ["/bin/sh"]},
            "_www": {"UniqueID": ["70"], "PrimaryGroupID": ["70"], "RealName": ["World Wide Web Server"]},
            "nobody": {"UniqueID": ["-2"], "PrimaryGroupID": ["-2"], "RealName": ["Unprivileged User"]},
            "lee": {"UniqueID": ["502"], "PrimaryGroupID": ["20"]},
            "Kay": {"UniqueID": ["501"], "PrimaryGroupID": ["20"], "AuthenticationAuthority": [";ShadowHash;HASHLIST:<S>"]},
        }
        self.groups = {
            "wheel": {"PrimaryGroupID": ["0"], "GroupMembership": ["root"]},
            "staff": {"PrimaryGroupID": ["20"], "GroupMembership": ["root"]},
            "admin": {"PrimaryGroupID": ["80"], "GroupMembership": ["root", "Kay", "lee"]},
            "users": {"PrimaryGroupID": ["100"]},
        }

    def __call__(self, words, given=""):
        self.calls.append((tuple(words), given))
        program, *arguments = words
        ended = getattr(self, Path(program).name)(arguments, given)
        return ended if isinstance(ended, Ended) else Ended(0)

    def dscl(self, arguments, given):
        assert given == ""
        match arguments:
            case ["-plist", ".", "-readall", ("/Users" | "/Groups") as kind, *keys]:
                records = self.users if kind == "/Users" else self.groups
                found = [
                    {PREFIX + key: values for key, values in {"RecordName": [name], **record}.items() if key in keys}
                    for name, record in records.items()
                ]
                return Ended(0, plistlib.dumps(found))
            case [".", "-create", path, key, value]:
                self.users.setdefault(self.name_in(path), {})[key] = [value]
            case [".", "-delete", path, key]:
                if self.users.get(self.name_in(path), {}).pop(key, None) is None and key != "ShadowHashData":
                    return MISSING
            case [".", "-delete", path]:
                if self.users.pop(self.name_in(path), None) is None:
                    return MISSING
            case _:
                raise AssertionError(arguments)
        return None

    def name_in(self, path):
        name = re.fullmatch(r"/Users/([a-z][a-z0-9._-]*)", path)
        assert name, f"dscl would read {path} as another path"
        return name[1]

    def dseditgroup(self, arguments, given):
        assert given == ""
        match arguments:
            case ["-o", "create", "-n", ".", "-i", gid, name]:
                assert name not in self.groups
                self.groups[name] = {"PrimaryGroupID": [gid]}
            case ["-o", "create", "-n", ".", name]:
                assert name not in self.groups
                self.groups[name] = {"PrimaryGroupID": [str(700 + len(self.groups))]}
            case ["-o", "edit", "-n", ".", "-a", user, "-t", "user", group]:
                assert user in self.users
                self.groups[group].setdefault("GroupMembership", []).append(user)
            case ["-o", "edit", "-n", ".", "-d", user, "-t", "user", group]:
                self.groups[group]["GroupMembership"].remove(user)
            case ["-o", "delete", "-n", ".", name]:
                del self.groups[name]
            case _:
                raise AssertionError(arguments)

    def pwpolicy(self, arguments, given):
        _, name, verb, *files = arguments
        assert (arguments[0], given, len(files)) == ("-u", "", verb == "-setaccountpolicies")
        assert name in self.users
        authority = self.users[name].setdefault("AuthenticationAuthority", [])
        match verb:
            case "-getaccountpolicies":
                if not authority:
                    del self.users[name]["AuthenticationAuthority"]
                text = plistlib.dumps(self.policies[name]) if name in self.policies else b""
                return Ended(0, f"Getting account policies for user <{name}>\n".encode() + text)
            case "-setaccountpolicies":
                assert not Path(files[0]).stat().st_mode & 0o077
                self.policies[name] = plistlib.loads(Path(files[0]).read_bytes())
                self.calls[-1] = (("/usr/bin/pwpolicy", "-u", name, verb, "(file)"), plistlib.dumps(self.policies[name]).decode())
            case "-clearaccountpolicies":
                del self.policies[name]
            case "-disableuser":
                authority.append(";DisabledUser;")
            case "-enableuser":
                authority.remove(";DisabledUser;")
            case _:
                raise AssertionError(arguments)
        return None

    def sysadminctl(self, arguments, given):
        verb, name, option, dash = arguments
        assert (verb, option, dash) == ("-resetPasswordFor", "-newPassword", "-")
        first, second = given.splitlines()
        assert first == second
        if "ShadowHashDenied" in self.users.get(name, {}):
            return Ended(0, b"", b"Operation is not permitted without secure token unlock.\n")
        authority = self.users[name].setdefault("AuthenticationAuthority", [])
        if ";ShadowHash;HASHLIST:<S>" not in authority:
            authority.append(";ShadowHash;HASHLIST:<S>")
        return Ended(0, b"", f"resetting password for {name}\n".encode())

    def createhomedir(self, arguments, given):
        assert (arguments[:2], given) == (["-c", "-u"], "")
        record = self.users[arguments[2]]
        home = self.folder / record["NFSHomeDirectory"][0].lstrip("/")
        home.mkdir()
        (home / "Library").mkdir()
        os.chown(home, int(record["UniqueID"][0]), int(record["PrimaryGroupID"][0]))

    def launchctl(self, arguments, given):
        assert arguments[0] == "bootout"
        assert given == ""
        return Ended(3, b"", b"Boot-out failed: 3: No such process\n")

    def pgrep(self, arguments, given):
        assert (arguments[0], given) == ("-U", "")
        found = self.processes.get(int(arguments[1]), [])
        return Ended(0 if found else 1, "".join(f"{pid}\n" for pid in found).encode())

    def kill(self, arguments, given):
        assert (arguments[0], given) == ("-KILL", "")
        for pids in self.processes.values():
            pids[:] = [pid for pid in pids if str(pid) not in arguments]
