"""One organization on this machine: a real server, a real simulated Okta, devices whose root filesystems are folders."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from typing import Any

import httpx2
from tests.faults.administrator import appoint
from tests.support.logs import Log
from tests.support.migrated import migrated_database
from tests.support.processes import Program, Programs, free_port, run
from tests.support.scratch_root import ScratchRoot, make_scratch_root

from homeport.bootstrap.home import Home
from homeport.demo.provider import connect
from homeport.directory.devices.model import After, OSFamily, ProvisioningSetting
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import system
from homeport.settings import Settings
from homeport_agent.root import Root

AGENT = (sys.executable, "-m", "homeport_agent")
ACTOR = system("operator")
NAMES = ("ada", "bea", "cyd", "dan", "eve", "fay", "gus", "hal")


def until(condition, what: str, seconds: float = 120):
    """Wait until the condition gives something, and return that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come about within {seconds:g} s")


@dataclass
class Device:
    """A device: its root filesystem, and its agent while that runs."""

    name: str
    root: ScratchRoot
    programs: Programs
    daemon: Program | None = None
    words: tuple[str, ...] = AGENT
    env: dict[str, str] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def state(self) -> Path:
        return Root.at(str(self.root.path)).accounts_state

    @property
    def device_id(self) -> str:
        return loads((self.root.path / "var/lib/homeport-agent/device.json").read_text())["device_id"]

    def enroll(self, server: str, key: str) -> None:
        run(*self.words, "enroll", "--server", server, "--key-file", "-", "--root", self.root.path, input=f"{key}\n")

    def keep(self, *, wait: bool = True) -> Program:
        """Start the daemon, unless it runs."""
        with self.turn:
            if self.daemon is None or not self.daemon.running:
                ready = "Keeping the accounts" if wait else None
                self.daemon = self.programs.start(*self.words, "run", "--root", self.root.path, ready=ready, env=self.env)
            return self.daemon

    def kill(self) -> None:
        with self.turn:
            if self.daemon is not None:
                self.daemon.kill()

    def sign_in(self) -> Program:
        return self.programs.start(*self.words, "sign-in", "--json", "--root", self.root.path, env=self.env)

    def accounts(self) -> dict[str, list[str]]:
        """The lines of passwd that are people's, by name."""
        lines = [line.split(":") for line in (self.root.path / "etc/passwd").read_text().splitlines()]
        return {fields[0]: fields for fields in lines if 20_000 <= int(fields[2]) < 60_000}

    def expired(self, username: str) -> bool:
        fields = (self.root.shadow_line(username) or "::::::::").split(":")
        return fields[7] == "1"

    def journal(self) -> list[dict[str, Any]]:
        with contextlib.suppress(FileNotFoundError):
            whole = (self.state / "journal.jsonl").read_text().rpartition("\n")[0]  # the last line may be on its way
            return [loads(line) for line in whole.splitlines()]
        return []


@dataclass
class Estate:
    """The whole. `port` is where the server listens; people reach it at `url`, which may be a proxy in front."""

    folder: Path
    programs: Programs
    okta: dict[str, Any]
    port: int
    url: str
    people: tuple[str, ...]
    server: Program | None = None
    devices: list[Device] = field(default_factory=list)
    turn: threading.RLock = field(default_factory=threading.RLock)
    launcher: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    """Origins that the server may reach beside the provider."""
    key: str = ""
    """An administrator's API key; `administrator` makes it when the first is needed."""
    laid_out: int = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOMEPORT_DATA": str(self.data),
            "HOMEPORT_PUBLIC_URL": self.url,
            "HOMEPORT_PORT": str(self.port),
            "HOMEPORT_OUTBOUND_ALLOW": ",".join((self.okta["issuer"], *self.allowed)),
        }

    @property
    def settings(self) -> Settings:
        return Settings.read(
            {}, data=self.data, public_url=self.url, port=self.port, outbound_allow=(self.okta["issuer"], *self.allowed)
        )

    def serve(self) -> Program:
        """Start the server, unless it runs."""
        with self.turn:
            if self.server is None or not self.server.running:
                words = (*self.launcher, sys.executable, "-m", "homeport", "serve")
                self.server = self.programs.start(*words, env=self.environment, port=self.port)
            return self.server

    def kill(self) -> None:
        with self.turn:
            if self.server is not None:
                self.server.kill()

    def stop(self) -> None:
        with self.turn:
            if self.server is not None:
                self.server.stop()

    def command(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run `homeport …` and return how it ended and what it said."""
        program = self.programs.start(sys.executable, "-m", "homeport", *words, env=self.environment)
        status = program.wait(300)
        Log("command").write(program.stderr)
        return subprocess.CompletedProcess(program.argv, status, program.stdout, program.stderr)

    @contextlib.contextmanager
    def home(self) -> Iterator[Home]:
        """The product's own actions on the data, as an operator's command has them."""
        home = Home(self.settings)
        try:
            yield home
        finally:
            home.parts.database.dispose()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.data / "homeport.sqlite", timeout=60)) as connection:
            return connection.execute(query, values).fetchall()

    def execute(self, statement: str, *values: object) -> None:
        with contextlib.closing(sqlite3.connect(self.data / "homeport.sqlite", timeout=60)) as connection, connection:
            connection.execute(statement, values)

    def asks(self, method: str, path: str) -> None:
        """Ask the REST API as an administrator does, so that the server wakes the agents that wait; it must agree."""
        if not self.key:
            _, self.key = appoint(self.home, ACTOR)
        answer = httpx2.request(method, f"{self.url}{path}", headers={"x-api-key": self.key}, timeout=60, trust_env=False)
        assert answer.is_success, f"{method} {path}: {answer.text}"

    def set_state(self, username: str, state: UserState) -> None:
        user_id = self.rows("SELECT id FROM users WHERE username = ?", username)[0][0]
        verb = {UserState.SUSPENDED: "suspend", UserState.ACTIVATED: "activate"}[state]
        self.asks("POST", f"/api/systemusers/{user_id}/state/{verb}")

    def unbind(self, username: str, device: Device, after: After) -> None:
        self.asks("DELETE", f"{self._binding(username, device)}?after={after.value}")

    def reset_passcode(self, username: str, device: Device) -> None:
        self.asks("POST", f"{self._binding(username, device)}/reset-passcode")

    def _binding(self, username: str, device: Device) -> str:
        query = "SELECT id FROM bindings WHERE username = ? AND device_id = ? AND desired <> 'removed'"
        return f"/api/v2/systems/{device.device_id}/bindings/{self.rows(query, username, device.device_id)[0][0]}"

    def nudge(self) -> None:
        """Restart the agents that run, so that they ask at once; what another process changed, the server sees only seconds later."""
        for device in self.devices:
            if device.daemon is not None and device.daemon.running:
                device.kill()
                device.keep(wait=False)

    def dismiss(self) -> None:
        """End the agents of all devices and forget these: the next test brings its own, and waits for no other."""
        for device in self.devices:
            device.kill()
        self.devices.clear()

    def add_devices(self, count: int, **more: Any) -> list[Device]:
        """Lay out and enrol devices; the server must be running."""
        with self.home() as home, home.work.write() as actions:
            _, key = actions.enrollment_keys.create(ACTOR, "lab", max_uses=count)
        made = []
        for _ in range(count):
            self.laid_out += 1
            name = f"lab-{self.laid_out}"
            root = make_scratch_root(self.folder / name, machine_id=(name.encode().hex() * 32)[:32])
            (root.path / "etc/hostname").write_text(f"{name}\n")
            (root.path / "etc/homeport").mkdir()
            (root.path / "etc/homeport/agent.json").write_text('{"allowed_groups": ["users"]}')
            device = Device(name, root, self.programs, **more)
            device.enroll(self.url, key)
            self.devices.append(device)
            made.append(device)
        return made

    def settled(self) -> bool:
        """Whether every device has reported what is wanted of it, and answered every order."""
        return all(self.settled_at(device.device_id) for device in self.devices)

    def settled_at(self, device_id: str) -> bool:
        """Whether this one has."""
        open_orders = self.rows("SELECT count(*) FROM orders WHERE state = 'pending' AND device_id = ?", device_id)
        unlike = self.rows("SELECT count(*) FROM bindings WHERE observed <> desired AND device_id = ?", device_id)
        return open_orders == unlike == [(0,)]


@contextlib.contextmanager
def estate(people: int = 4, *, public_port: int | None = None, folder: Path | None = None) -> Iterator[Estate]:
    """Set up an organization whose provider is connected; the server is not started yet."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a flush costs nothing there, and a killed process loses no more
    own = folder or Path(tempfile.mkdtemp(prefix="homeport-faults-", dir=base))
    own.chmod(0o755)
    try:
        with Programs() as programs:
            simulator = programs.start(sys.executable, "-m", "homeport_simulators", "okta", "--port", "0", "--demo")
            okta = loads(simulator.next_line())
            port = free_port()
            names = NAMES[:people]
            made = Estate(own, programs, okta, port, f"http://localhost:{public_port or port}", names)
            made.data.mkdir(mode=0o700)
            shutil.copyfile(migrated_database(), made.data / "homeport.sqlite")
            with made.home() as home:
                with home.work.write() as actions:
                    for name in names:
                        email = f"{name}@acme.example"
                        httpx2.post(
                            f"{okta['control']}/users", json={"login": email, "password": okta["password"]}, timeout=60
                        ).raise_for_status()
                        actions.people.create(ACTOR, username=name, email=email, firstname=name.title(), lastname="Example")
                    actions.provisioning.set(ACTOR, ProvisioningSetting(OSFamily.LINUX, enabled=True, several_users=True))
                connect(home, ACTOR, okta)
            yield made
    finally:
        shutil.rmtree(own, ignore_errors=True)
