"""A small Debian as a tar, for the tests of tests/devices: `python -m tools.debian_root bookworm | trixie` builds it once.

With the word `booting` behind the suite it holds a kernel and all that systemd needs to boot besides, for `make test-vm`.

It is kept in .cache under a name that holds a digest of the package list, so a second run finds it. The packages come from the
mirror of the machine's own apt sources; HOMEPORT_DEBIAN_MIRROR names another one.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CACHE = Path(__file__).parents[1] / ".cache"
SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
PACKAGES = (
    "adduser",
    "at",  # a suspended person's at jobs
    "cron",  # and their crontab
    "faketime",  # lets cron and at believe that a minute is a second
    "iproute2",
    "libnss-systemd",  # reads the user records of assigned people
    "libpam-modules",
    "libpam-runtime",  # pam-auth-update
    "login",
    "openssh-client",
    "openssh-server",
    "pamtester",
    "passwd",
    "procps",
    "python3",
    "python3-cryptography",  # all that the agent needs
    "sudo",
    "systemd",  # checks units, makes users and folders; it is not started here
    "util-linux",
    "wget",  # what the portal's command fetches the package with
    "whiptail",  # what debconf asks with in a minimal system
)
BOOTING = (
    "dbus",
    "dbus-user-session",  # a person's own services and timers
    "initramfs-tools",
    "libpam-systemd",  # sessions that logind knows
    "linux-image-cloud-amd64",  # the kernel without drivers of real hardware
    "systemd-sysv",
    "udev",
)
KINDS = {"": PACKAGES, "booting": PACKAGES + BOOTING}


def image(suite: str, kind: str = "") -> Path:
    """Where the suite's tar is kept; it need not exist yet."""
    digest = hashlib.sha256(" ".join((suite, *KINDS[kind])).encode()).hexdigest()[:12]
    return CACHE / f"{_name(suite, kind)}-{digest}.tar"


def _name(suite: str, kind: str) -> str:
    return f"debian-{kind}-{suite}" if kind else f"debian-{suite}"


def build(suite: str, kind: str = "") -> Path:
    """Build the tar unless it is there; a half-built one never has its name."""
    wanted = image(suite, kind)
    if wanted.exists():
        return wanted
    CACHE.mkdir(exist_ok=True)
    purpose = "that boots in QEMU" if kind else "for the tests of the login"
    print(f"setup: building a {SUITES[suite]} root in .cache {purpose}; it takes a minute.", flush=True)
    begun = time.monotonic()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the folder that mmdebstrap makes is private
    with tempfile.TemporaryDirectory(prefix="homeport-root-", dir=memory) as folder:
        half = Path(f"{wanted}.half.tar")
        options = ["--variant=minbase", "--mode=root", f"--include={','.join(KINDS[kind])}", "--quiet"]
        # A frozen mirror's lists are older than their own validity.
        options += ["--aptopt=Acquire::Check-Valid-Until false", "--aptopt=Acquire::Languages none"]
        ended = subprocess.run(
            ["mmdebstrap", *options, suite, str(half), f"deb {mirror()} {suite} main"],
            env={**os.environ, "TMPDIR": folder},
            check=False,
        )
        if ended.returncode != 0:
            half.unlink(missing_ok=True)
            raise SystemExit(f"setup: mmdebstrap could not build the {SUITES[suite]} root. Its own words stand above.")
        half.replace(wanted)
    for other in CACHE.glob(f"{_name(suite, kind)}-*.tar"):
        if other != wanted:
            other.unlink()
    print(f"setup: built it in {time.monotonic() - begun:.0f} s.", flush=True)
    return wanted


def mirror() -> str:
    """Find the mirror of Debian's main archive that this machine itself uses."""
    if named := os.environ.get("HOMEPORT_DEBIAN_MIRROR"):
        return named
    asked = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    for line in lines:
        origin, label, component, address = line.split(" ", 3)
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return address
    raise SystemExit(
        "setup: this machine's apt sources name no Debian mirror, or its lists were never read. Run apt-get update, "
        "or name a mirror with HOMEPORT_DEBIAN_MIRROR=http://… make …"
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case [suite] if suite in SUITES:
            build(suite)
        case [suite, "booting"] if suite in SUITES:
            build(suite, "booting")
        case _:
            raise SystemExit(f"usage: python -m tools.debian_root {' | '.join(SUITES)} [booting]")
