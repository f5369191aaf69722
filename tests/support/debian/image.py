"""The root filesystem of a device: Debian's, unpacked, and on top of it what the agent's package installs."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.agent_deb import build
from tools.debian_root import SUITES, image

SUITE = os.environ.get("HOMEPORT_DEBIAN_SUITE", "bookworm")
"""Which Debian the devices run; `make test-debian13` says trixie."""


@dataclass(frozen=True)
class Layers:
    """The folders that a machine's overlay stands on, the topmost first."""

    folders: tuple[Path, ...]

    @property
    def option(self) -> str:
        return ":".join(map(str, self.folders))


def require_root() -> None:
    if os.geteuid() != 0:
        raise AssertionError("These tests boot a Debian in namespaces, so they need root: run `make test`, or use sudo.")
    tried = subprocess.run(
        ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode != 0:
        raise AssertionError(
            f"These tests boot a Debian in namespaces, and this root may not make or mount them: {tried.stderr.strip()}. "
            "In a container, give it the SYS_ADMIN capability (docker run --privileged)."
        )


@contextmanager
def unpacked(suite: str = SUITE) -> Iterator[Path]:
    """The bare Debian in a folder that goes away."""
    require_root()
    tar = image(suite)
    if not tar.exists():
        raise AssertionError(
            f"{tar.name} is missing in .cache: the {SUITES[suite]} root is built outside the tests, because they have no network. "
            f"Run `make test`, or `.venv/bin/python -m tools.debian_root {suite}`."
        )
    folder = Path(tempfile.mkdtemp(prefix=f"homeport-{suite}-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        root = folder / "root"
        root.mkdir(mode=0o755)
        subprocess.run(["tar", "--extract", "--file", tar, "--directory", root, "--exclude=./dev/*"], check=True)
        yield root
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def installed(suite: str = SUITE) -> Iterator[Layers]:
    """The Debian with the agent's package, built from this checkout and installed by dpkg."""
    with unpacked(suite) as root:
        package = build(root.parent)
        (root / "tmp/agent.deb").write_bytes(package.read_bytes())
        mounts = 'cd "$1"; mount -t proc proc proc; mount --rbind /dev dev; mount -t tmpfs tmpfs run; '
        command = mounts + "exec chroot . env DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io --install /tmp/agent.deb"
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--net", "--", "sh", "-ec", command, "sh", root],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"dpkg did not install the agent's package: {done.stdout}{done.stderr}")
        (root / "tmp/agent.deb").unlink()
        yield Layers((root,))
