"""The demo's Linux device: a scratch folder, and the real agent working on it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AGENT = (sys.executable, "-m", "homeport_agent")
FILES = {
    "etc/passwd": (0o644, "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"),
    "etc/shadow": (0o640, "root:*:20000:0:99999:7:::\nnobody:*:20000:0:99999:7:::\n"),
    "etc/group": (0o644, "root:x:0:\nsudo:x:27:\nnogroup:x:65534:\n"),
    "etc/gshadow": (0o640, "root:*::\nsudo:*::\nnogroup:!::\n"),
    "etc/login.defs": (
        0o644,
        "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nENCRYPT_METHOD YESCRYPT\nHOME_MODE 0700\nUSERGROUPS_ENAB yes\n",
    ),
    "etc/skel/.profile": (0o644, "# read by login shells\n"),
    "etc/os-release": (
        0o644,
        'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    ),
    "etc/hostname": (0o644, "demo-laptop\n"),
    "etc/machine-id": (0o444, "0123456789abcdef0123456789abcdef\n"),
}


class AgentFailed(Exception):  # noqa: N818 - says what is the case
    """The agent did not do what the demo asked of it; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device whose root filesystem is the folder `root`."""

    root: Path

    def lay_out(self) -> None:
        """Make the files that a Linux root filesystem has before anybody signs in."""
        for name, (mode, text) in FILES.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(mode)
        (self.root / "home").mkdir(exist_ok=True)

    def enroll(self, server: str, key: str) -> str:
        """Enrol the device; the key goes by standard input, so no process list shows it. Return what the agent said."""
        words = [*AGENT, "enroll", "--server", server, "--key-file", "-", "--root", str(self.root)]
        done = subprocess.run(words, input=key, text=True, capture_output=True, check=False, timeout=60)  # noqa: S603 - our own agent
        if done.returncode:
            raise AgentFailed(done.stderr or done.stdout)
        return done.stdout.strip()

    def keep(self) -> subprocess.Popen[str]:
        """Start the agent's daemon on the device."""
        words = [*AGENT, "run", "--root", str(self.root)]
        log = (self.root / "agent.log").open("w")
        return subprocess.Popen(words, stdout=log, stderr=log, text=True)  # noqa: S603 - our own agent

    def sign_in(self) -> "Conversation":
        """Start a sign-in at the device's prompt."""
        words = [*AGENT, "sign-in", "--json", "--root", str(self.root)]
        process = subprocess.Popen(  # noqa: S603 - our own agent
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return Conversation(process)

    def account(self, username: str) -> str:
        """Return the account's line in etc/passwd; empty when there is none."""
        lines = (self.root / "etc/passwd").read_text().splitlines()
        return next((line for line in lines if line.startswith(f"{username}:")), "")


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the prompt says, and what the person answers."""

    process: subprocess.Popen[str]

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield each event until the prompt is done; raise AgentFailed when it ends without an outcome."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        outcome = False
        for line in self.process.stdout:
            event = json.loads(line)
            outcome = event["event"] in {"bound", "refused"}
            yield event
        if self.process.wait(30) and not outcome:
            raise AgentFailed(self.process.stderr.read())

    def answer(self, text: str) -> None:
        """Type an answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
