"""Runs the commands of a Mac or of Windows: a list of words, no shell, secrets on standard input only."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from homeport_agent.refusals import Reason, Refusal

_SECONDS = 120
_KEPT = ("SystemRoot", "SystemDrive", "windir", "TEMP", "TMP")
"""Of the environment, what programs of Windows need to start."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: bytes = b""
    err: bytes = b""


class Runner(Protocol):
    """Runs one command."""

    def __call__(self, words: Sequence[str], given: str = "") -> Ended:
        """Run ``words``, the first being the program's whole path, with ``given`` on standard input."""


@dataclass(frozen=True)
class SystemRunner:
    """Runs commands of this machine; with ``folder``, of programs below it."""

    folder: Path | None = None

    def __call__(self, words: Sequence[str], given: str = "") -> Ended:
        """Run it in a session of its own: without a terminal, a program that asks for a passcode reads standard input."""
        program, *arguments = words
        path = str(self.folder / program.lstrip("/")) if self.folder else program
        try:
            done = subprocess.run(  # noqa: S603 - a list of words, each checked; no shell reads them
                [path, *arguments],
                input=given.encode(),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
                | {n: os.environ[n] for n in _KEPT if n in os.environ},
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            name = program.replace("\\", "/").rpartition("/")[2]
            raise Refusal(Reason.TOOL_FAILED, f"{name} could not be run ({type(error).__name__}).") from error
        return Ended(done.returncode, done.stdout, done.stderr)


def failed(program: str, ended: Ended, *, secret: bool = False) -> Refusal:
    """Make the Refusal of a command that ended badly; what it said is left out where it was given a secret."""
    said = ended.err.decode(errors="replace").strip().splitlines()
    cause = "".join(c for c in said[-1] if c.isprintable())[:200] if said and not secret else "no reason given"
    return Refusal(Reason.TOOL_FAILED, f"{program} ended with {ended.code}: {cause}")


def not_adoptable(username: str, system: str) -> Refusal:
    """Make the Refusal of taking over an account, which only Linux knows."""
    return Refusal(
        Reason.ACCOUNT_NOT_ADOPTABLE,
        f"The device has an account {username} already, and on {system} no account can be taken over. Ask your administrator.",
    )
