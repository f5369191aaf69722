"""A scratch root filesystem that stands for a Linux device, and the system's own tools run inside it."""

import ctypes
import ctypes.util
import hmac
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

_FILES = {
    "etc/passwd": (
        0o644,
        """\
        root:x:0:0:root:/root:/bin/bash
        daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
        bin:x:2:2:bin:/bin:/usr/sbin/nologin
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
        """,
    ),
    "etc/group": (
        0o644,
        """\
        root:x:0:
        daemon:x:1:
        bin:x:2:
        adm:x:4:
        sudo:x:27:
        shadow:x:42:
        users:x:100:
        nogroup:x:65534:
        """,
    ),
    "etc/shadow": (
        0o640,
        """\
        root:*:20000:0:99999:7:::
        daemon:*:20000:0:99999:7:::
        bin:*:20000:0:99999:7:::
        nobody:*:20000:0:99999:7:::
        """,
    ),
    "etc/gshadow": (
        0o640,
        """\
        root:*::
        daemon:*::
        bin:*::
        adm:*::
        sudo:*::
        shadow:*::
        users:*::
        nogroup:*::
        """,
    ),
    "etc/login.defs": (
        0o644,
        """\
        MAIL_DIR /var/mail
        UMASK 022
        HOME_MODE 0700
        PASS_MAX_DAYS 99999
        PASS_MIN_DAYS 0
        PASS_WARN_AGE 7
        UID_MIN 1000
        UID_MAX 60000
        SYS_UID_MIN 100
        SYS_UID_MAX 999
        GID_MIN 1000
        GID_MAX 60000
        SYS_GID_MIN 100
        SYS_GID_MAX 999
        USERGROUPS_ENAB yes
        ENCRYPT_METHOD YESCRYPT
        """,
    ),
    "etc/default/useradd": (0o644, "SHELL=/bin/sh\n"),
    "etc/nsswitch.conf": (0o644, "passwd: files\ngroup: files\nshadow: files\ngshadow: files\nhosts: files\n"),
    "etc/shells": (0o644, "/bin/sh\n/bin/bash\n/usr/bin/bash\n"),
    "etc/hostname": (0o644, "scratch\n"),
    "etc/hosts": (0o644, "127.0.0.1 localhost\n"),
    "etc/os-release": (
        0o644,
        """\
        PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
        NAME="Debian GNU/Linux"
        VERSION_ID="12"
        VERSION="12 (bookworm)"
        VERSION_CODENAME=bookworm
        ID=debian
        """,
    ),
    "etc/skel/.profile": (0o644, "umask 027\n"),
    "etc/skel/.bash_logout": (0o644, ""),
}
_FOLDERS = {"dev": 0o755, "etc/sudoers.d": 0o750, "home": 0o755, "proc": 0o555, "root": 0o700, "run": 0o755, "tmp": 0o1777}
_SHADOW_GROUP = 42
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True)
class ScratchRoot:
    """A folder that stands for a device's root filesystem."""

    path: Path

    def passwd_line(self, user: str) -> str | None:
        """The user's line of etc/passwd, or None."""
        return self._line("etc/passwd", user)

    def shadow_line(self, user: str) -> str | None:
        """The user's line of etc/shadow, or None."""
        return self._line("etc/shadow", user)

    def inside(self, *argv: str, input: str | None = None, seconds: float = 180) -> subprocess.CompletedProcess[str]:  # noqa: A002 - subprocess's own word
        """Run one of the system's own tools inside this root; see `inside`."""
        return inside(self.path, *argv, input=input, seconds=seconds)

    def passcode_opens(self, user: str, passcode: str) -> bool:
        """Whether the passcode is the one that etc/shadow holds for the user; see `passcode_opens`."""
        return passcode_opens(self.path, user, passcode)

    def _line(self, file: str, name: str) -> str | None:
        for line in (self.path / file).read_text().splitlines():
            if line.split(":", 1)[0] == name:
                return line
        return None


def make_scratch_root(folder: Path, machine_id: str = "0123456789abcdef0123456789abcdef") -> ScratchRoot:
    """Lay out an empty device in `folder`: its account files with Debian's modes, and places where the system is mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name, mode in _FOLDERS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name).chmod(mode)
    for name, (mode, text) in {**_FILES, "etc/machine-id": (0o444, machine_id + "\n")}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        file.chmod(mode)
        if os.geteuid() == 0 and name in {"etc/shadow", "etc/gshadow"}:
            os.chown(file, 0, _SHADOW_GROUP)
    for place in ("etc/pam.d", "etc/security"):
        if Path("/", place).is_dir():
            shutil.copytree(Path("/", place), folder / place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("opasswd"))
    for name in _SYSTEM:
        system, here = Path("/", name), folder / name
        if system.is_symlink():
            here.symlink_to(system.readlink())
        elif system.is_dir():
            here.mkdir(exist_ok=True)
    return ScratchRoot(folder)


def inside(root: Path, *argv: str, input: str | None = None, seconds: float = 180) -> subprocess.CompletedProcess[str]:  # noqa: A002 - subprocess's own word
    """Run the system's own tool with `root` as its root filesystem, as root, and return what it said and its status.

    /usr and its relatives are mounted read-only, /dev and /proc as they are, in a mount namespace that only this command
    sees and that ends with it: nothing stays mounted. Needs root and the right to mount.
    """
    mounts = ["set -e", 'root=$1; shift; cd "$root"', "umask 022"]
    mounts += [
        f"mount --bind /{name} {name}; mount -o remount,bind,ro {name}"
        for name in _SYSTEM
        if Path("/", name).is_dir() and not Path("/", name).is_symlink()
    ]
    mounts += ["mount --rbind /dev dev", "mount --bind /proc proc", 'exec chroot . "$@"']
    command = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", "\n".join(mounts), "sh", str(root), *argv]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(command, env=environment, input=input, capture_output=True, text=True, timeout=seconds, check=False)
    if done.stderr.startswith(("unshare:", "mount:")):
        raise RuntimeError(f"The scratch root cannot be entered: {done.stderr.strip()} It needs root and the right to mount.")
    return done


def passcode_opens(root: Path, user: str, passcode: str) -> bool:
    """Whether `passcode` is the one that the root's etc/shadow holds for `user`, as crypt(3) of the system judges.

    False for a user without a line and for a locked or empty password field.
    """
    line = ScratchRoot(root).shadow_line(user)
    if line is None:
        return False
    stored = line.split(":")[1]
    if not stored.startswith("$"):
        return False
    return hmac.compare_digest(crypt(passcode, stored), stored)


def crypt(phrase: str, setting: str) -> str:
    """crypt(3) of the system's libcrypt; a setting it does not know gives a string that no hash equals."""
    library = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    return (library.crypt(phrase.encode(), setting.encode()) or b"*0").decode()


@pytest.fixture
def scratch_root(tmp_path: Path) -> Iterator[ScratchRoot]:
    """A fresh device root for one test."""
    root = make_scratch_root(tmp_path / "device-root")
    yield root
    mounted = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(root.path) in line]
    assert not mounted, f"something is still mounted below the scratch root: {mounted}"
