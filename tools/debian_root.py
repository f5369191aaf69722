"""A small Debian as a tar, for the tests of tests/devices: `python -m tools.debian_root bookworm | trixie` builds it once.

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


def image(suite: str) -> Path:
    """Where the suite's tar is kept; it need not exist yet."""
    digest = hashlib.sha256(" ".join((suite, *PACKAGES)).encode()).hexdigest()[:12]
    return CACHE / f"debian-{suite}-{digest}.tar"


def build(suite: str) -> Path:
    """Build the tar unless it is there; a half-built one never has its name."""
    wanted = image(suite)
    if wanted.exists():
        return wanted
    CACHE.mkdir(exist_ok=True)
    print(f"setup: building a {SUITES[suite]} root in .cache for the tests of the login; it takes a minute.", flush=True)
    begun = time.monotonic()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the folder that mmdebstrap makes is private
    with tempfile.TemporaryDirectory(prefix="homeport-root-", dir=memory) as folder:
        half = Path(f"{wanted}.half.tar")
        options = ["--variant=minbase", "--mode=root", f"--include={','.join(PACKAGES)}", "--quiet"]
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
    for other in CACHE.glob(f"debian-{suite}-*.tar"):
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
    if len(sys.argv) != 2 or sys.argv[1] not in SUITES:  # noqa: PLR2004 - the program and one word
        raise SystemExit(f"usage: python -m tools.debian_root {' | '.join(SUITES)}")
    build(sys.argv[1])
