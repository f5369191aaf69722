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
def changed(below: Layers, script: str, *files: Path) -> Iterator[Layers]:
    """These layers and on top of them what a shell script of the root changes there, made once for all machines that begin with it.

    It finds `files` in /run/given, by their names.
    """
    with tempfile.TemporaryDirectory(prefix="homeport-layer-", dir=below.folders[0].parent) as folder:
        for name in ("upper", "work", "root"):
            (Path(folder) / name).mkdir(mode=0o755)
        mounts = (
            'cd "$1"; mount -t overlay overlay -o "lowerdir=$2,upperdir=upper,workdir=work" root; cd root; mount -t proc proc proc; '
            "mount --rbind /dev dev; mount -t tmpfs tmpfs run; mkdir run/given; script=$3; shift 3; "
            'for file in "$@"; do cp "$file" run/given; done; exec chroot . env DEBIAN_FRONTEND=noninteractive sh -ec "$script"'
        )
        words = ["sh", "-ec", mounts, "sh", folder, below.option, script, *files]
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--net", "--", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"`{script}` ended with {done.returncode}: {done.stdout}{done.stderr}")
        yield Layers((Path(folder) / "upper", *below.folders))


@contextmanager
def kept(below: Layers, root: Path, *folders: str) -> Iterator[Layers]:
    """These layers and on top of them whole folders of a machine that was booted from them, for others that are to begin like it."""
    with tempfile.TemporaryDirectory(prefix="homeport-layer-", dir=below.folders[0].parent) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for one in folders:
            (folder / one).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "--archive", root / one, folder / one], check=True)
        yield Layers((folder, *below.folders))


@contextmanager
def installed(suite: str = SUITE) -> Iterator[Layers]:
    """The Debian with the agent's package, built from this checkout and installed by dpkg."""
    with unpacked(suite) as root:
        package = build(root.parent)
        with changed(Layers((root,)), "dpkg --force-unsafe-io --install /run/given/*.deb", package) as layers:
            yield layers
