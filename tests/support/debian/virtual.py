"""A machine with a kernel and an init of its own: Debian booted by systemd in QEMU, which emulates the processor in software.

Its first serial line is the console, where a getty of systemd's asks who is there. Root's commands go in by ssh, with a key of the
test. Its network ends at this machine: 127.0.0.1:`port` over there is 127.0.0.1:`port` here, carried by systemd-socket-proxyd.
"""

import json
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from tests.support.debian.image import SUITE, require_root
from tests.support.debian.machine import MachineError
from tests.support.debian.terminal import Terminal
from tests.support.processes import free_port
from tools.debian_root import image

_DISK_MEGABYTES = 1600
_OUTSIDE = "10.0.2.2"  # what QEMU's user network calls the machine that runs it
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_FILES = {
    "etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
    "etc/systemd/network/wired.network": f"[Match]\nName=e*\n\n[Network]\nAddress={_OUTSIDE.removesuffix('.2')}.15/24\n",
    "etc/systemd/system/wire.socket": "[Socket]\nListenStream=127.0.0.1:@PORT@\n\n[Install]\nWantedBy=sockets.target\n",
    "etc/systemd/system/wire.service": f"[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd {_OUTSIDE}:@PORT@\n",
    "etc/resolv.conf": "",
}
_ENABLED = {
    "sockets.target.wants/wire.socket": "/etc/systemd/system/wire.socket",
    "multi-user.target.wants/systemd-networkd.service": "/lib/systemd/system/systemd-networkd.service",
    "network-online.target.wants/systemd-networkd-wait-online.service": "/lib/systemd/system/systemd-networkd-wait-online.service",
}


class VirtualMachine:
    """Debian in QEMU, from a disk that is made for it and gone with it. `seconds` is the patience at its console."""

    def __init__(self, name: str, *, port: int, seconds: float = 240) -> None:
        require_root()
        self.name, self._port, self._seconds = name, port, seconds
        self._folder = Path(tempfile.mkdtemp(prefix="homeport-virtual-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self._ssh_port = free_port()
        try:
            self._lay_out()
            self.console = Terminal("/dev/pts", self._words(), seconds=seconds)
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    # What it is made of

    def _lay_out(self) -> None:
        tar = image(SUITE, "booting")
        if not tar.exists():
            raise AssertionError(f"{tar.name} is missing in .cache: run `make test-vm`, which builds it.")
        root = self._folder / "root"
        root.mkdir()
        subprocess.run(["tar", "--extract", "--file", tar, "--directory", root, "--exclude=./dev/*"], check=True)
        for path, text in _FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.replace("@PORT@", str(self._port)))
        for link, target in _ENABLED.items():
            path = root / "etc/systemd/system" / link
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
        (root / "etc/hostname").write_text(f"{self.name}\n")
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._folder / "key"], check=True)
        (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self._folder / "key.pub", root / "root/.ssh/authorized_keys")
        for name in ("vmlinuz", "initrd.img"):
            shutil.copy(root / (root / name).readlink(), self._folder / name)
        disk = self._folder / "disk"
        making = ["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1", "-d", root, disk, f"{_DISK_MEGABYTES}M"]
        subprocess.run(making, check=True, capture_output=True)
        shutil.rmtree(root)

    def _words(self) -> list[str]:
        folder = self._folder
        return [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"),
            *("-nodefaults", "-display", "none", "-no-user-config"),
            *("-kernel", f"{folder}/vmlinuz", "-initrd", f"{folder}/initrd.img"),
            *("-append", "root=/dev/vda rw console=ttyS0 quiet"),
            *("-drive", f"file={folder}/disk,format=raw,if=virtio,cache=unsafe", "-device", "virtio-rng-pci"),
            *(
                "-netdev",
                f"user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:{self._ssh_port}-:22",
                "-device",
                "virtio-net-pci,netdev=net,id=card",
            ),
            *("-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"),
            *("-qmp", f"unix:{folder}/control,server=on,wait=off"),
        ]

    # Root's commands

    def ssh_words(self, user: str, *options: str) -> list[str]:
        """The words of Debian's own ssh client on this machine, to the sshd over there."""
        known = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        given = [word for option in known for word in ("-o", option)]
        return ["ssh", "-F", "none", *given, *options, "-p", str(self._ssh_port), f"{user}@127.0.0.1"]

    def inside(self, *argv: str | Path) -> list[str]:
        """The words of a command that runs on the machine as root."""
        shared = ["-o", "ControlMaster=auto", "-o", f"ControlPath={self._folder}/ssh", "-o", "ControlPersist=600"]
        command = shlex.join(["env", "LANG=C.UTF-8", "PAGER=cat", *map(str, argv)])
        return [*self.ssh_words("root", "-i", f"{self._folder}/key", "-o", "BatchMode=yes", *shared), command]

    def attempt(self, *argv: str | Path, input: str = "", seconds: float = 240) -> subprocess.CompletedProcess[str]:  # noqa: A002 - subprocess's own word
        """Run a command as root and return how it ended."""
        return subprocess.run(
            self.inside(*argv), input=input, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
        )

    def run(self, *argv: str | Path, input: str = "", seconds: float = 240) -> str:  # noqa: A002 - subprocess's own word
        """Run a command as root, which must end well, and return its output."""
        ended = self.attempt(*argv, input=input, seconds=seconds)
        if ended.returncode != 0:
            words = " ".join(map(str, argv))
            raise MachineError(f"`{words}` ended with {ended.returncode} on {self.name}: {ended.stdout}{ended.stderr}")
        return ended.stdout

    def read(self, path: str) -> str:
        return self.run("cat", path)

    def entry(self, database: str, name: str) -> list[str] | None:
        """The fields of the name's line in etc/passwd, shadow or group, as the file has them."""
        lines = self.read(f"/etc/{database}").splitlines()
        return next((line.split(":") for line in lines if line.split(":", 1)[0] == name), None)

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
        """Wait until the condition gives something, and return that."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise MachineError(f"{what} did not come about on {self.name} within {seconds:g} s")
            time.sleep(0.3)
        return found

    # From outside

    def wait_for_boot(self) -> None:
        """Wait until the console asks who is there and systemd has started all it wants."""
        self.console.reads(f"{self.name} login: $")
        self.until(lambda: self.attempt("true").returncode == 0, "an answer of its sshd")
        self.attempt("systemctl", "is-system-running", "--wait")

    def reboot(self) -> None:
        """Have systemd go down and up again, and wait for it."""
        before = self.read(_BOOT_ID)
        self.attempt("systemctl", "reboot")
        leaving = ["ssh", "-o", f"ControlPath={self._folder}/ssh", "-O", "exit", "root@127.0.0.1"]
        subprocess.run(leaving, capture_output=True, check=False)
        self.console.skip()
        # No shared connection before it is up again: one that was made while it went down would hang for minutes.
        options = ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=2"]
        given = ["-i", f"{self._folder}/key", *(word for option in options for word in ("-o", option))]
        asked = [*self.ssh_words("root", *given), f"cat {_BOOT_ID}"]

        def is_another() -> bool:
            said = subprocess.run(asked, capture_output=True, text=True, check=False)
            return said.returncode == 0 and said.stdout != before

        self.until(is_another, "another boot", self._seconds)
        self.wait_for_boot()

    def pull_the_cable(self) -> None:
        """Take the network away, as an unplugged cable does."""
        self._control("set_link", name="card", up=False)

    def plug_the_cable(self) -> None:
        """Give the network back."""
        self._control("set_link", name="card", up=True)

    def _control(self, command: str, **arguments: Any) -> None:
        """Say one thing to QEMU, by its own protocol (QMP)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(20)
            line.connect(f"{self._folder}/control")
            with closing(line.makefile("rw")) as stream:
                stream.readline()
                for execute, given in (("qmp_capabilities", {}), (command, arguments)):
                    stream.write(json.dumps({"execute": execute, "arguments": given}) + "\n")
                    stream.flush()
                    while "return" not in (answer := json.loads(stream.readline())):
                        if "error" in answer:
                            raise MachineError(f"QEMU refused {execute}: {answer}")

    def switch_off(self) -> None:
        """End it at once, as pulling the plug does."""
        with suppress(OSError, MachineError, ValueError):
            self._control("quit")
        self.console.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.switch_off()
