"""A Windows machine that is only its answers: it keeps accounts, knows the cmdlets that the backend uses, and records every call.

It reads a script as its lines, each a cmdlet with its parameters, and takes the values from standard input as the prologue does. A
cmdlet, a parameter or a value that PowerShell would not know there ends the test. The scripts that list, look at homes and end
sessions are known whole.
"""

import base64
import json
import re

from homeport_agent.accounts.commands import Ended
from homeport_agent.accounts.powershell import ADMINISTRATORS, EPILOGUE, POWERSHELL, PROLOGUE, USERS, Script

MACHINE = "S-1-5-21-1004336348-1177238915-682003330"
KNOWN = {script.text: script for script in Script}


class RecordedWindows:
    """Answers as Windows would; ``calls`` holds each command with what it was given."""

    def __init__(self):
        self.calls, self.passcodes, self.processes, self.homes = [], {}, {}, {}
        self.next = 1001
        self.users = {
            "Administrator": self.account("500", "Built-in account for administering the computer/domain", enabled=False),
            "Guest": self.account("501", "Built-in account for guest access to the computer/domain", enabled=False),
            "Kay": self.account("1000", ""),
            "lee": self.account("999", ""),
        }
        self.groups = {
            "Administrators": {
                "sid": ADMINISTRATORS,
                "description": "",
                "members": [f"{MACHINE}-500", f"{MACHINE}-1000", f"{MACHINE}-999"],
            },
            "Users": {"sid": USERS, "description": "", "members": ["S-1-5-4", "S-1-5-11", f"{MACHINE}-1000"]},
        }

    def account(self, relative, description, *, enabled=True):
        sid = f"{MACHINE}-{relative}"
        return {"sid": sid, "full_name": "", "description": description, "enabled": enabled, "expires": None}

    def __call__(self, words, given=""):
        self.calls.append((tuple(words), given))
        assert list(words[:-1]) == [POWERSHELL, "-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand"]
        text = base64.b64decode(words[-1]).decode("utf-16-le")
        assert given.isascii(), "a code page would change it"
        values, passcode = (base64.b64decode(line) for line in given.splitlines())
        script = KNOWN[text]
        try:
            result = self.does(script, json.loads(values), passcode.decode("utf-16-le"))
        except Failed as failed:
            return Ended(1, b"", f"{failed},Microsoft.PowerShell.Commands.LocalAccounts\r\n".encode())
        return Ended(0, base64.b64encode(json.dumps(result).encode()) + b"\r\n")

    def does(self, script, p, passcode):
        match script:
            case Script.LIST:
                return {
                    "users": [{"name": name, **user} for name, user in self.users.items()],
                    "groups": [{"name": name, **group} for name, group in self.groups.items()],
                }
            case Script.HOME:
                sid = self.homes.get(p["home"], "")
                return {"there": p["home"] in self.homes, "sid": sid}
            case Script.REMOVE_HOME:
                assert self.homes.pop(p["home"]) == p["sid"]
            case Script.END_SESSIONS:
                return len(self.processes.pop(p["sid"], []))
            case _:
                lines = script.text.removeprefix(PROLOGUE).removesuffix(EPILOGUE).splitlines()
                for line in lines:
                    self.cmdlet(line, {"$s": passcode, "$when": p["at"], **{f"$p.{name}": value for name, value in p.items()}})
        return "done"

    def cmdlet(self, line, values):
        verb, *words = line.split(" ")
        options, name = {}, ""
        for word in words:
            if word.startswith("-"):
                name = word
                options[name] = True
            else:
                options[name] = values[word]
        getattr(self, verb.replace("-", "_").lower())(options)

    def new_localuser(self, options):
        name = options["-Name"]
        assert options.keys() == {"-Name", "-FullName", "-Description", "-Password", "-Disabled", "-AccountNeverExpires"}
        assert re.fullmatch(r"[^\"/\\\[\]:;|=,+*?<>@]{1,20}", name)
        if any(one.casefold() == name.casefold() for one in (*self.users, *self.groups)):
            raise Failed("UserExists")
        self.takes(options["-Password"])
        described = self.described(options, 48)
        self.users[name] = self.account(str(self.next), described, enabled=False) | {"full_name": options["-FullName"]}
        self.next += 1
        self.passcodes[name] = options["-Password"]
        self.homes[f"\\Users\\{name}"] = self.users[name]["sid"]  # as if the person logged on at once

    def set_localuser(self, options):
        user = self.users[options.pop("-Name")]
        for option, value in options.items():
            match option:
                case "-FullName":
                    user["full_name"] = value
                case "-Description":
                    user["description"] = self.described(options, 48)
                case "-AccountExpires":
                    user["expires"] = value
                case "-AccountNeverExpires":
                    user["expires"] = None
                case "-Password":
                    self.takes(value)
                    self.passcodes[next(name for name, one in self.users.items() if one is user)] = value
                case _:
                    raise AssertionError(option)

    def described(self, options, most):
        assert len(options["-Description"]) <= most
        return options["-Description"]

    def takes(self, passcode):
        if "too simple" in passcode:
            raise Failed("InvalidPassword")

    def enable_localuser(self, options):
        self.users[options["-Name"]]["enabled"] = True

    def disable_localuser(self, options):
        self.users[options["-Name"]]["enabled"] = False

    def remove_localuser(self, options):
        gone = self.users.pop(options["-Name"])
        for group in self.groups.values():
            if gone["sid"] in group["members"]:
                group["members"].remove(gone["sid"])

    def new_localgroup(self, options):
        name = options["-Name"]
        if any(one.casefold() == name.casefold() for one in (*self.users, *self.groups)):
            raise Failed("GroupExists")
        self.groups[name] = {"sid": f"{MACHINE}-{self.next}", "description": self.described(options, 256), "members": []}
        self.next += 1

    def add_localgroupmember(self, options):
        group, sid = self.group(options["-SID"]), self.users[options["-Member"]]["sid"]
        if sid in group["members"]:
            raise Failed("MemberExists")
        group["members"].append(sid)

    def remove_localgroupmember(self, options):
        group, sid = self.group(options["-SID"]), self.users[options["-Member"]]["sid"]
        if sid not in group["members"]:
            raise Failed("MemberNotFound")
        group["members"].remove(sid)

    def group(self, sid):
        return next(group for group in self.groups.values() if group["sid"] == sid)


class Failed(Exception):  # noqa: N818 - a cmdlet's answer, not a defect
    """What a cmdlet says in place of doing it."""
