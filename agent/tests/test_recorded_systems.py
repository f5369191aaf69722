"""macOS and Windows: which commands an order becomes, what hostile texts do to them, and what each system refuses.

No Mac and no Windows machine was there: these tests show what would be run, not that it works.
"""

import base64
import json
import os
import plistlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from recorded_mac import PREFIX, RecordedMac
from recorded_windows import KNOWN, MACHINE, RecordedWindows
from standin import Signer, person, public_jwk

from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.backend import ADMIN_GROUP, USERS_GROUP
from homeport_agent.accounts.commands import Ended, SystemRunner
from homeport_agent.accounts.journal import Journal
from homeport_agent.accounts.ledger import Ledger
from homeport_agent.accounts.macos import DSCL, MacBackend
from homeport_agent.accounts.memory import MemoryBackend
from homeport_agent.accounts.model import Account
from homeport_agent.accounts.names import OF_MACOS, OF_WINDOWS, gecos
from homeport_agent.accounts.orders import Pin
from homeport_agent.accounts.powershell import EPILOGUE, PROLOGUE, Script, words_of
from homeport_agent.accounts.windows import SHELL, WindowsBackend
from homeport_agent.refusals import Refusal

NOW = 1_800_000_000
RECORDINGS = Path(__file__).parent / "recordings"
HOSTILE = [
    "Ada; rm -rf /",
    "$(reboot)",
    "`reboot`",
    "'; Remove-LocalUser Administrator; '",
    '" -Password x "',
    "-delete",
    "--",
    "%SystemRoot%",
    "$env:Path",
    "Ada\r\nLine two",
    "Zoë 🙂 ада",
    "a | b & c > d",
    "@(1)",
]
PASSCODE = "Käse 12 ☕ '\"; $(id)"


def account(system, name="ada", **changed):
    shell = {"macos": "/bin/zsh", "windows": SHELL}.get(system, "/bin/bash")
    homes = "/Users" if system in {"macos", "windows"} else "/home"
    return Account(f"u-{name}", name, 20000, 20000, "Ada Lovelace", f"{homes}/{name}", shell, admin=False, groups=(), **changed)


class Machine:
    """A device with its backend over a recorded system, which takes signed orders."""

    def __init__(self, system, folder):
        self.system, self.signer = system, Signer(now=NOW)
        self.recorded = {"macos": lambda: RecordedMac(folder / "mac"), "windows": RecordedWindows, "linux": lambda: None}[
            system
        ]()
        self.backend = {
            "macos": lambda: MacBackend(self.recorded, self.recorded.folder, pause=lambda _seconds: None),
            "windows": lambda: WindowsBackend(self.recorded),
            "linux": lambda: MemoryBackend(groups={"users": 100}),
        }[system]()
        pin = Pin("d-1", public_jwk(self.signer.root))
        self.applier = Applier(
            pin=lambda: pin,
            ledger=Ledger.load(folder / "ledger.json"),
            journal=Journal(folder / "journal.jsonl", lambda: NOW),
            backend=self.backend,
            allowed_groups=frozenset,
            clock=lambda: NOW,
        )

    def order(self, kind="bind", name="ada", **changed):
        described = account(self.system, name)
        said = person(name, home=described.home, shell=described.shell, **changed.pop("account", {}))
        pair = self.signer.pair("d-1", kind, account=said, **changed)
        return self.applier.apply(pair["order"], pair["order_key"])


@pytest.fixture(params=["macos", "windows"])
def machine(request, tmp_path):
    return Machine(request.param, tmp_path)


def changing(recorded):
    """The commands that change something, a line each; a passcode on standard input is shown as what it is, never as its text."""
    lines = []
    for words, given in recorded.calls:
        if isinstance(recorded, RecordedWindows):
            script = KNOWN[base64.b64decode(words[-1]).decode("utf-16-le")]
            values, passcode = (
                base64.b64decode(line).decode(code) for line, code in zip(given.splitlines(), ("utf-8", "utf-16-le"), strict=True)
            )
            if script not in {Script.LIST, Script.HOME}:
                told = {name: value for name, value in json.loads(values).items() if name != "at" or script is Script.EXPIRES}
                lines.append(f"{script.name} {json.dumps(told, sort_keys=True)}{' < a passcode' if passcode else ''}")
        elif "-readall" not in words and words[-1] != "-getaccountpolicies" and "pgrep" not in words[0]:
            policy = (
                plistlib.loads(given.encode())["policyCategoryAuthentication"][0]["policyContent"] if "<plist" in given else ""
            )
            lines.append(" ".join(words) + (f" < {policy}" if policy else " < the passcode, twice" if given else ""))
    return "".join(f"{line}\n" for line in lines)


def test_a_persons_time_on_a_device_becomes_these_commands(machine):
    """The recordings are for people to read beside the manuals; whoever changes a command changes them with it."""
    bound = machine.order(account={"permission": "admin"})
    assert (bound["outcome"], bound["reason"]) == ("done", None)
    machine.applier.set_passcode(bound["order_id"], PASSCODE)
    found = machine.backend.find("ada")
    assert (found.uid, found.locked, found.passcode_set, found.expires_on) == (20000, False, True, NOW // 86_400 + 14)
    assert found.groups == {ADMIN_GROUP, USERS_GROUP}
    assert is_administrator(machine)
    if machine.system == "macos":
        machine.recorded.processes[20000] = [4711, 4712]
    else:
        machine.recorded.processes[machine.recorded.users["ada"]["sid"]] = [4711, 4712]
    suspended = machine.order("suspend")
    assert {step["step"]: step["detail"] for step in suspended["steps"]}["end_sessions"] == "2 ended"
    found = machine.backend.find("ada")
    assert (found.locked, found.passcode_set, found.expires_on, found.groups) == (True, True, 1, frozenset())
    assert not is_administrator(machine)
    assert machine.order("activate")["outcome"] == "done"
    assert (machine.backend.find("ada").locked, machine.backend.find("ada").groups) == (False, {USERS_GROUP})
    assert machine.order("reset_passcode")["outcome"] == "done"
    assert (machine.backend.find("ada").locked, machine.backend.find("ada").passcode_set) == (True, False)
    assert machine.order("unbind", after="remove")["outcome"] == "done"
    assert machine.backend.find("ada") is None
    assert machine.backend.home_is_free(replace(account(machine.system), uid=20001))
    recorded, kept = changing(machine.recorded), (RECORDINGS / f"{machine.system}.txt").read_text()
    assert recorded == kept, recorded


def is_administrator(machine):
    if machine.system == "macos":
        return "ada" in machine.recorded.groups["admin"]["GroupMembership"]
    return machine.recorded.users["ada"]["sid"] in machine.recorded.groups["Administrators"]["members"]


@pytest.mark.parametrize("full_name", HOSTILE)
def test_a_hostile_full_name_is_one_word_or_no_word_of_a_command_at_all(machine, full_name):
    assert machine.order(account={"full_name": full_name})["outcome"] == "done"
    assert machine.backend.find("ada").full_name == gecos(full_name)
    said = [word for words, _ in machine.recorded.calls for word in words]
    if machine.system == "macos":
        assert (DSCL, ".", "-create", "/Users/ada", "RealName", gecos(full_name)) in [
            words for words, _ in machine.recorded.calls
        ]
    else:
        assert not any(gecos(full_name) in word for word in said)


def test_no_command_line_holds_a_passcode_and_no_message_repeats_it(machine):
    bound = machine.order()
    machine.applier.set_passcode(bound["order_id"], PASSCODE)
    for words, _ in machine.recorded.calls:
        texts = [*words, *(base64.b64decode(word).decode("utf-16-le") for word in words if len(word) > 200)]
        assert not any(part in text for text in texts for part in (PASSCODE, "Käse", "☕"))
    assert any(PASSCODE in given or PASSCODE.encode("utf-16-le") in decoded(given) for _, given in machine.recorded.calls)
    if machine.system == "macos":
        machine.recorded.users["ada"] |= {"ShadowHashDenied": ["yes"], "AuthenticationAuthority": []}
    with pytest.raises(Refusal) as refused:
        machine.backend.set_passcode("ada", PASSCODE + " too simple")
    assert refused.value.reason == ("tool_failed" if machine.system == "macos" else "passcode_refused")
    assert "Käse" not in refused.value.message


def decoded(given):
    return b"".join(base64.b64decode(line) for line in given.splitlines()) if "<" not in given and " " not in given else b""


def test_windows_runs_the_same_command_line_whoever_it_is_about(tmp_path):
    machine = Machine("windows", tmp_path)
    machine.order()
    machine.order(name="bob", account={"uid": 20001, "gid": 20001})
    assert {words for words, _ in machine.recorded.calls} <= {tuple(words_of(script)) for script in Script}
    for script in Script:
        assert script.text.startswith(PROLOGUE)
        assert script.text.endswith(EPILOGUE)
        assert len(words_of(script)[-1]) < 8000, "longer than a command line of Windows may be"


@pytest.mark.parametrize(
    ("system", "name"),
    [
        *(("linux", name) for name in ("root", "daemon", "sudo", "systemd-x")),
        *(("macos", name) for name in ("root", "daemon", "nobody", "admin", "staff", "guest", "shared", "_www", "kay")),
        *(
            ("windows", name)
            for name in (
                "administrator",
                "guest",
                "system",
                "con",
                "nul.txt",
                "com1",
                "administrators",
                "a" * 21,
                "ada.",
                "kay",
            )
        ),
        *(
            (system, name)
            for system in ("linux", "macos", "windows")
            for name in ("a b", "-ada", "ада", "../x", "a$(id)", "A", "")
        ),
    ],
)
def test_a_name_of_the_system_or_of_its_own_account_is_refused_and_nothing_changes(system, name, tmp_path):
    machine = Machine(system, tmp_path)
    receipt = machine.order(name=name)
    assert receipt["outcome"] == "refused", receipt
    assert receipt["reason"] in {"account_name_not_allowed", "account_name_taken", "gid_taken", "order_malformed"}
    if machine.recorded:
        assert changing(machine.recorded) == ""


@pytest.mark.parametrize(("system", "names"), [("macos", OF_MACOS), ("windows", OF_WINDOWS)])
def test_the_backend_itself_refuses_names_of_the_system(system, names, tmp_path):
    machine = Machine(system, tmp_path)
    for name in [*names, "-ada", "a b", "a;b", "$(id)", "ада", "a/b", "a*", "[ab]", "", "a\n"]:
        for verb in (machine.backend.add_account, lambda one: machine.backend.add_group(one.username, one.gid)):
            with pytest.raises(Refusal) as refused:
                verb(account(system, name))
            assert refused.value.reason == "account_name_not_allowed", name
    assert machine.recorded.calls == []


def test_an_account_that_the_machine_had_is_refused_and_never_taken_over(machine):
    receipt = machine.order(name="kay", account={"existing": "take_over"})
    assert (receipt["outcome"], receipt["reason"]) == ("refused", "account_not_adoptable")
    assert changing(machine.recorded) == ""
    with pytest.raises(Refusal):
        machine.backend.passcode_matches("kay", PASSCODE)


def test_a_mac_finishes_half_an_account_and_leaves_another_ones_alone(tmp_path):
    machine = Machine("macos", tmp_path)
    machine.recorded.users["ada"] = {"UniqueID": ["20000"]}  # the agent died after the first word of it
    machine.backend.add_account(account("macos"))
    assert machine.backend.find("ada").home == "/Users/ada"
    machine.recorded.users["bob"] = {"UniqueID": ["502"], "RealName": ["Bob"]}
    machine.recorded.calls.clear()
    machine.backend.add_account(replace(account("macos", "bob"), uid=20001))
    assert changing(machine.recorded) == ""


def test_windows_joins_the_users_again_after_a_crash_between_the_two_commands(tmp_path):
    machine = Machine("windows", tmp_path)
    machine.backend.add_account(account("windows"))
    machine.recorded.groups["Users"]["members"].remove(machine.recorded.users["ada"]["sid"])
    machine.backend.add_account(account("windows"))
    assert machine.recorded.users["ada"]["sid"] in machine.recorded.groups["Users"]["members"]


def test_an_administrator_of_the_machines_own_stays_one(machine):
    machine.backend.leave_group("lee", ADMIN_GROUP)
    admins = {"macos": "admin", "windows": "Administrators"}[machine.system]
    members = machine.recorded.groups[admins].get("GroupMembership") or machine.recorded.groups[admins]["members"]
    assert {"lee", f"{MACHINE}-999"} & set(members)
    assert machine.backend.find("lee").groups == frozenset()


def test_a_mac_holds_crontab_and_at_jobs_and_gives_them_back(tmp_path):
    machine = Machine("macos", tmp_path)
    machine.order()
    tabs, jobs = (machine.recorded.folder / f"private/var/at/{name}" for name in ("tabs", "jobs"))
    for folder in (tabs, jobs):
        folder.mkdir(parents=True)
    (tabs / "ada").write_text("* * * * * true\n")
    (jobs / "a0001").write_text("true\n")
    os.chown(jobs / "a0001", 20000, 20000)
    (jobs / "a0002").write_text("root's own\n")
    found = machine.backend.find("ada")
    for _ in range(2):
        machine.backend.disable_jobs(found)
        assert not (tabs / "ada").exists()
        assert [path.name for path in sorted(jobs.iterdir())] == [".homeport-held.a0001", "a0002"]
    for _ in range(2):
        machine.backend.enable_jobs(found)
        assert (tabs / "ada").exists()
        assert (jobs / "a0001").exists()


@pytest.mark.parametrize(
    "said", [b"", b"<plist>", b"[]", b"\xff", b"not a list", base64.b64encode(b'{"users": 3, "groups": []}')]
)
def test_an_answer_that_cannot_be_read_is_a_refusal_and_no_error(said):
    for backend in (MacBackend(lambda *_: Ended(0, said)), WindowsBackend(lambda *_: Ended(0, said))):
        with pytest.raises(Refusal) as refused:
            backend.require_ready()
        assert refused.value.reason == "tool_failed"


def test_what_a_command_says_of_its_failure_reaches_the_receipt(machine, monkeypatch):
    run = machine.recorded
    failing = {"macos": "/usr/sbin/dseditgroup", "windows": words_of(Script.ADD_USER)[-1]}[machine.system]

    def refuses(words, given=""):
        return Ended(3, b"", b"first\nno \x1b[31mright\n") if failing in words else run(words, given)

    object.__setattr__(machine.backend, "run", refuses)
    receipt = machine.order()
    assert (receipt["outcome"], receipt["reason"]) == ("failed", "tool_failed")
    assert receipt["steps"][-1]["detail"].endswith("ended with 3: no [31mright")


def test_words_reach_a_real_program_as_they_are_and_the_passcode_its_standard_input(tmp_path):
    program = tmp_path / "usr/bin/dscl"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], sys.stdin.read(), os.getsid(0) == os.getpid()]))\n"
    )
    program.chmod(0o755)
    ended = SystemRunner(tmp_path)(["/usr/bin/dscl", *HOSTILE, ""], PASSCODE)
    words, given, alone = json.loads(ended.out)
    assert (ended.code, words, given) == (0, [*HOSTILE, ""], PASSCODE)
    assert alone, "with a terminal of ours it would ask there"
    with pytest.raises(Refusal) as refused:
        SystemRunner(tmp_path)(["/usr/bin/pwpolicy"])
    assert (refused.value.reason, PREFIX in refused.value.message) == ("tool_failed", False)
