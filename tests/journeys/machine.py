"""A Linux machine: a scratch root, the real agent on it, and the person at its prompt."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import Program, Programs, run
from tests.support.scratch_root import ScratchRoot, make_scratch_root

AGENT = (sys.executable, "-m", "homeport_agent")


@dataclass(frozen=True)
class Prompt:
    """`homeport-agent sign-in --json`, one sign-in."""

    program: Program

    def hears(self, event: str) -> dict[str, Any]:
        """The next event, which must be this one."""
        heard = json.loads(self.program.next_line())
        assert heard["event"] == event, heard
        return heard

    def types(self, answer: str) -> None:
        self.program.say(answer)


@dataclass(frozen=True)
class Machine:
    """One machine, named by its host name."""

    name: str
    root: ScratchRoot
    programs: Programs

    def enroll(self, server: str, key: str) -> str:
        """Enrol with a key that goes in by standard input; return what the agent says."""
        return run(*AGENT, "enroll", "--server", server, "--key-file", "-", "--root", self.root.path, input=f"{key}\n")

    def keep(self) -> Program:
        """Start the agent's daemon."""
        return self.programs.start(*AGENT, "run", "--root", self.root.path, ready="Keeping the accounts")

    def sign_in(self) -> Prompt:
        """Begin a sign-in at the prompt."""
        return Prompt(self.programs.start(*AGENT, "sign-in", "--json", "--root", self.root.path))

    def tool(self, *argv: str) -> str:
        """What the system's own tool says inside this root; it must succeed."""
        done = self.root.inside(*argv)
        assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    def groups_of(self, username: str) -> set[str]:
        """The names of the groups, as `id` says inside this root."""
        return set(self.tool("id", "-nG", username).split())

    def expiry_of(self, username: str) -> str:
        """The line of `chage -l` about the account's expiry."""
        lines = dict(line.split(":", 1) for line in self.tool("chage", "-l", username).splitlines())
        return next(value.strip() for name, value in lines.items() if name.startswith("Account expires"))

    def work_as(self, username: str) -> "Work":
        """Let the person run a program on the machine."""
        return Work(self.root, username)


class Work:
    """A long program that runs inside the root as one of its users; it has begun when this returns."""

    def __init__(self, root: ScratchRoot, username: str) -> None:
        started = root.path / "tmp" / f"work-of-{username}"
        started.unlink(missing_ok=True)
        uid = root.passwd_line(username).split(":")[2]
        script = f"setpriv --reuid={uid} --regid={uid} --clear-groups sh -c 'echo > /tmp/{started.name}; exec sleep 600'"
        self._ended: list[subprocess.CompletedProcess[str]] = []
        self._thread = threading.Thread(
            target=lambda: self._ended.append(root.inside("sh", "-c", f"exec {script}", seconds=600)), daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 60
        while not started.exists():
            assert time.monotonic() < deadline, f"{username} could not run a program"
            time.sleep(0.02)

    def ends(self, seconds: float = 90) -> bool:
        """Whether somebody ended it within so many seconds."""
        self._thread.join(seconds)
        return bool(self._ended) and self._ended[0].returncode != 0


def set_up(folder: Path, name: str, programs: Programs) -> Machine:
    """Lay out a machine as it comes from the installer."""
    root = make_scratch_root(folder / name, machine_id=(name.encode().hex() * 32)[:32])
    (root.path / "etc" / "hostname").write_text(f"{name}\n")
    return Machine(name, root, programs)
