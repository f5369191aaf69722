"""One booted machine: processes, files, terminals, sshd, cron, and its way to the server."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.support.debian.image import Layers
from tests.support.debian.terminal import Terminal
from tests.support.debian.wire import Wire
from tests.support.logs import Log

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "TERM": "linux",
    "PAGER": "cat",
}


SSH_OPTIONS = [f"-o{one}" for one in ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")]
SSH_OPTIONS.append("-oKexAlgorithms=curve25519-sha256")  # the one that OpenSSH prefers takes longer, and is not what is looked at


class MachineError(AssertionError):
    """A command on the machine did not end well; the message holds what it said."""


class Machine:
    """A Debian that was booted from layers and is gone when it is switched off; nothing it writes outlives it."""

    def __init__(self, layers: Layers, name: str, *, port: int | None = None) -> None:
        self.name = name
        self._place = Path(tempfile.mkdtemp(prefix="homeport-machine-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        boot = Path(__file__).with_name("boot.sh")
        self._keeper = subprocess.Popen(
            ["unshare", *namespaces, "--", "sh", boot, self._place, layers.option, name],
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,  # process 1 ends with it, so that a killed run leaves no machine
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._keeper.stdout.readline() != "booted\n":
            raise MachineError(f"{name} did not boot: {self._keeper.stderr.read()}")
        self.pid = int(Path(f"/proc/{self._keeper.pid}/task/{self._keeper.pid}/children").read_text().split()[0])
        self.wire = Wire(self.pid, port) if port else None
        self._terminals: list[Terminal] = []
        self._services: list[subprocess.Popen[bytes]] = []
        self._logs: set[str] = set()

    @property
    def root(self) -> Path:
        """The machine's files, as they are seen from here."""
        return Path(f"/proc/{self.pid}/root")

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text(errors="replace")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def entry(self, database: str, name: str) -> list[str] | None:
        """The fields of the name's line in etc/passwd, shadow or group, as the file has them."""
        for line in self.read(f"/etc/{database}").split("\n"):
            if line.split(":", 1)[0] == name:
                return line.split(":")
        return None

    # Running things

    def inside(self, *argv: str | Path, user: str | None = None) -> list[str]:
        """The words of a command that runs on the machine; as `user` without a login."""
        words = ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--"]
        if user:
            words += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
        return [*words, *map(str, argv)]

    def run(self, *argv: str | Path, user: str | None = None, input: str | None = None, seconds: float = 180) -> str:  # noqa: A002 - subprocess's own word
        """Run a command on the machine, as root or as `user`, and return its output; it must end well."""
        ended = self.attempt(*argv, user=user, input=input, seconds=seconds)
        if ended.returncode != 0:
            raise MachineError(
                f"`{' '.join(map(str, argv))}` ended with {ended.returncode} on {self.name}: {ended.stdout}{ended.stderr}"
            )
        return ended.stdout

    def attempt(
        self,
        *argv: str | Path,
        user: str | None = None,
        input: str | None = None,  # noqa: A002 - subprocess's own word
        seconds: float = 180,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the machine and return how it ended."""
        return subprocess.run(
            self.inside(*argv, user=user),
            env=_ENVIRONMENT,
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )

    def start(self, *argv: str | Path, user: str | None = None, log: str) -> "Service":
        """Start a program that runs until it is stopped or the machine is; it writes to the file `log` on the machine."""
        file = self.root / log.lstrip("/")
        with file.open("ab") as stream:
            process = subprocess.Popen(
                self.inside(*argv, user=user),
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        self._services.append(process)
        self._logs.add(log)
        return Service(self, process, log)

    def terminal(self, *argv: str, **more: Any) -> Terminal:
        """Run a program on a terminal of its own."""
        words = ["env", "-i", *(f"{name}={value}" for name, value in _ENVIRONMENT.items()), "setsid", "--ctty", *argv]
        made = Terminal(f"{self.root}/dev/pts", self.inside(*words), **more)
        self._terminals.append(made)
        return made

    def console(self, **more: Any) -> Terminal:
        """Debian's own `login`, as getty starts it on a console."""
        return self.terminal("/bin/login", "-p", **more)

    def ssh(self, user: str, *options: str, **more: Any) -> Terminal:
        """Debian's own ssh client on this same machine, at a terminal."""
        return self.terminal("ssh", *SSH_OPTIONS, *options, f"{user}@localhost", **more)

    def start_sshd(self, *options: str) -> "Service":
        """Start Debian's own sshd."""
        if not (self.root / "etc/ssh/ssh_host_ed25519_key").exists():
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
        service = self.start("/usr/sbin/sshd", "-D", "-e", *options, log="/var/log/sshd.log")
        service.wait_for_log("Server listening on")
        return service

    @staticmethod
    def at_another_time(shift: str, *argv: str) -> list[str]:
        """The words of a command that believes in another time: `+15d`, or `+0 x60` for a clock that runs so much faster."""
        # Not by the command `faketime`, which stays between and would be killed alone.
        return ["env", "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1", f"FAKETIME={shift}", *argv]

    def move_the_clock(self, shift: str) -> None:
        """Let every program that starts from now on believe in another time, such as `+15d`, also those that run with more rights."""
        library = self.run("find", "/usr/lib", "-name", "libfaketime.so.1").strip()
        self.write("/etc/faketimerc", f"{shift}\n")
        self.write("/etc/ld.so.preload", f"{library}\n")

    # Processes

    def processes(self, uid: int) -> list[int]:
        """The processes of a user, as numbered from here."""
        namespace = Path(f"/proc/{self.pid}/ns/pid").readlink()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError, IndexError):
                    status = (entry / "status").read_text()
                    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
                    alive = fields["State"].split()[0] not in {"Z", "X"}
                    if alive and str(uid) in fields["Uid"].split() and (entry / "ns/pid").readlink() == namespace:
                        found.append(int(entry.name))
        return found

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 90) -> Any:
        """Wait until the condition gives something, and return that."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise MachineError(f"{what} did not come about on {self.name} within {seconds:g} s")
            time.sleep(0.03)
        return found

    def switch_off(self) -> None:
        """End everything at once, as pulling the plug does."""
        if self.wire:
            self.wire.close()
        for service in self._services:
            # nsenter stops itself when its program was stopped; then it would never bury the dead, and process 1 would wait for that.
            service.kill()
            service.wait()
        for path in self._logs:
            Log(f"{self.name}-{Path(path).name}").write(self.read(path))
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._keeper.wait(90)
        for terminal in self._terminals:
            terminal.close()
        self._keeper.stdin.close()
        self._keeper.stdout.close()
        self._keeper.stderr.close()
        self._place.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.switch_off()


class Service:
    """A program that keeps running on the machine."""

    def __init__(self, machine: Machine, process: subprocess.Popen[bytes], log: str) -> None:
        self.machine, self.process, self._log = machine, process, log

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def log(self) -> str:
        return self.machine.read(self._log)

    @property
    def pid(self) -> int:
        """The program's own number, as seen from here."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def wait_for_log(self, words: str, seconds: float = 90) -> None:
        def said() -> bool:
            if words in self.log:
                return True
            if not self.running:
                raise MachineError(f"the program ended before it said {words!r}: {self.log}")
            return False

        self.machine.until(said, f"{words!r} in {self._log}", seconds)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        while self.running:  # nsenter may be about to start it still
            with suppress(ProcessLookupError, IndexError, FileNotFoundError):
                os.kill(self.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.5)

    def stop(self) -> int:
        """Ask it to end."""
        with suppress(ProcessLookupError, IndexError, FileNotFoundError):
            os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(90)
