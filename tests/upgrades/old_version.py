"""The oldest version that is still supported: its source from the history, its programs, and an organization that it serves."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.faults.estate import Device, Estate
from tests.support.processes import Programs, free_port
from tests.support.scratch_root import make_scratch_root

COMMIT = "282d3c7"
"""The first whose protocol and tables are kept; a newer version moves this on and says so in CHANGELOG.md."""
ROOT = Path(__file__).parents[2]
BY_THE_OLD = Path(__file__).with_name("by_the_old_version.py")
NAMES = ("ada", "bea", "cyd")


def unpack(folder: Path) -> Path:
    """Lay the old version's source out in `folder`/old."""
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT)]
    known = subprocess.run([*git, "cat-file", "-e", f"{COMMIT}^{{commit}}"], capture_output=True, text=True, check=False)
    if known.returncode != 0:
        raise AssertionError(
            f"The oldest supported version, commit {COMMIT}, is not in this clone's history ({known.stderr.strip()}). These tests "
            "run its code beside today's. Fetch the whole history: git fetch --unshallow"
        )
    place = folder / "old"
    place.mkdir()
    archive = subprocess.run([*git, "archive", COMMIT, "server/src", "agent/src"], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", place], input=archive.stdout, check=True)
    return place


def running(old: Path, part: str) -> tuple[str, ...]:
    """The words before a program that is to be the old version's; the libraries are today's."""
    return ("env", f"PYTHONPATH={old / part / 'src'}")


@dataclass
class OldEstate(Estate):
    """An organization whose server is the old version until `upgrade`; after that it is like any other."""

    old: Path = field(default_factory=Path)

    @classmethod
    def open(cls, folder: Path, old: Path, programs: Programs, database: str = "", then: tuple[str, ...] = ()) -> "OldEstate":
        """Set it up, and do `then`, which is what `by_the_old` takes, by the same program."""
        simulator = programs.start(sys.executable, "-m", "homeport_simulators", "okta", "--port", "0", "--demo")
        okta = json.loads(simulator.next_line())
        for name in NAMES:
            login = {"login": f"{name}@acme.example", "password": okta["password"]}
            httpx2.post(f"{okta['control']}/users", json=login, timeout=60).raise_for_status()
        port = free_port()
        made = cls(folder, programs, okta, port, f"http://localhost:{port}", NAMES, launcher=running(old, "server"), old=old)
        made.database = database
        made.by_the_old("set-up", json.dumps(okta), *NAMES, *(("+", *then) if then else ()))
        return made

    database = ""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "HOMEPORT_DATABASE_URL": self.database}

    def by_the_old(self, *words: str) -> str:
        """Do something as an administrator of the old version would; several things have `+` between them."""
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(self.old / "server/src")}
        command = [sys.executable, str(BY_THE_OLD), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def add(self, name: str, key: str, words: tuple[str, ...] | None = None) -> Device:
        """Lay out a device and enrol it with a key; `words` are those of the old agent, or nothing."""
        root = make_scratch_root(self.folder / name, machine_id=(name.encode().hex() * 32)[:32])
        (root.path / "etc/hostname").write_text(f"{name}\n")
        device = Device(name, root, self.programs, **({"words": words} if words else {}))
        device.enroll(self.url, key)
        self.devices.append(device)
        device.keep()
        return device

    def upgrade(self) -> subprocess.CompletedProcess[str]:
        """Stop the old server, and let today's version migrate its data."""
        self.stop()
        self.launcher = ()
        return self.command("migrate")

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of all tables of the SQLite database."""
        names = [name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in names:
            columns = [row[1] for row in self.rows(f"PRAGMA table_info({name})")]
            found[name] = [dict(zip(columns, row, strict=True)) for row in self.rows(f"SELECT * FROM {name}")]
        return found
