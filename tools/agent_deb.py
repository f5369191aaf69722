"""Build the agent's Debian package: `python -m tools.agent_deb` writes dist/homeport-agent_VERSION_ARCH.deb.

A copy goes where the server looks, which hands it out to machines and is packed with it.

One package serves Debian 12 and 13: the Python half needs nothing but Debian's python3 and python3-cryptography, and the PAM module
is built against Debian 12's older libraries. The same commit gives the same bytes.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import tempfile
import tomllib
from email.utils import formatdate
from pathlib import Path

ROOT = Path(__file__).parents[1]
AGENT = ROOT / "agent"
PACKAGING = AGENT / "debian"
LIBRARY = "usr/share/homeport-agent"
# Where Debian looks for PAM modules; /lib is a link to /usr/lib on every Debian since 12.
MODULES = {"amd64": "usr/lib/x86_64-linux-gnu/security", "arm64": "usr/lib/aarch64-linux-gnu/security"}
FILES = {
    "homeport-agent": ("usr/bin/homeport-agent", 0o755),
    "sshd.conf": (f"{LIBRARY}/sshd.conf", 0o644),
    "sysusers.conf": ("usr/lib/sysusers.d/homeport-agent.conf", 0o644),
    "tmpfiles.conf": ("usr/lib/tmpfiles.d/homeport-agent.conf", 0o644),
    "homeport-accounts.service": ("usr/lib/systemd/system/homeport-accounts.service", 0o644),
    "homeport-agent.service": ("usr/lib/systemd/system/homeport-agent.service", 0o644),
    "copyright": ("usr/share/doc/homeport-agent/copyright", 0o644),
}
MAINTAINER = "The Homeport developers <homeport@localhost.invalid>"
HANDED_OUT = ROOT / "server/src/homeport/channels/linux/agent_packages"


def build(folder: Path) -> Path:
    """Build the package into `folder` and return its path."""
    version = tomllib.loads((AGENT / "pyproject.toml").read_text())["project"]["version"]
    architecture = said("dpkg", "--print-architecture")
    with tempfile.TemporaryDirectory(prefix="homeport-deb-") as place:
        tree = Path(place) / "tree"
        lay_out(tree, version, architecture)
        describe(tree, version, architecture)
        when = commit_time()
        for path in [tree, *tree.rglob("*")]:
            os.utime(path, (when, when), follow_symlinks=False)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"homeport-agent_{version}_{architecture}.deb"
        half = target.with_suffix(f".{os.getpid()}.half")
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build", tree, half],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(when)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        half.replace(target)
    return target


def lay_out(tree: Path, version: str, architecture: str) -> None:
    """Put every file where the package installs it."""
    library = tree / LIBRARY
    library.parent.mkdir(parents=True)
    shutil.copytree(AGENT / "src", library, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name, (target, mode) in FILES.items():
        place(tree / target, (PACKAGING / name).read_bytes(), mode)
    when = formatdate(commit_time())
    changes = (
        f"homeport-agent ({version}) stable; urgency=medium\n\n  * See CHANGELOG.md of Homeport.\n\n -- {MAINTAINER}  {when}\n"
    )
    place(tree / "usr/share/doc/homeport-agent/changelog.gz", gzip.compress(changes.encode(), 9, mtime=0))
    page = (PACKAGING / "homeport-agent.1").read_bytes()
    place(tree / "usr/share/man/man1/homeport-agent.1.gz", gzip.compress(page, 9, mtime=0))
    if (AGENT / "pam").is_dir():  # a profile without its module would refuse everybody
        compile_module(tree / MODULES[architecture] / "pam_homeport.so")
        place(tree / "usr/share/pam-configs/homeport", (PACKAGING / "pam-config").read_bytes())
    for path in tree.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
        elif not os.access(path, os.X_OK):
            path.chmod(0o644)
    tree.chmod(0o755)


def compile_module(target: Path) -> None:
    """Compile the PAM module as its Makefile says; paths of the machine that builds would make every build another."""
    flags = f"CFLAGS=-g0 -ffile-prefix-map={ROOT}=. -Wl,--build-id=sha1 -s"
    subprocess.run(["make", "-s", "-C", AGENT / "pam", f"OUT={target.parent}", flags], check=True)
    target.chmod(0o644)


def describe(tree: Path, version: str, architecture: str) -> None:
    """Write the control files."""
    control = tree / "DEBIAN"
    control.mkdir()
    contents = sorted(path for path in tree.rglob("*") if path.is_file())
    size = sum(-(-path.stat().st_size // 1024) for path in contents)
    text = (PACKAGING / "control").read_text()
    for word, value in {
        "@VERSION@": version,
        "@ARCHITECTURE@": architecture,
        "@SIZE@": str(size),
        "@MAINTAINER@": MAINTAINER,
    }.items():
        text = text.replace(word, value)
    place(control / "control", text.encode())
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in contents)  # noqa: S324 - dpkg's own format
    place(control / "md5sums", "".join(sums).encode())
    for script in ("postinst", "prerm", "postrm"):
        place(control / script, (PACKAGING / script).read_bytes(), 0o755)


def place(target: Path, content: bytes, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(mode)


def commit_time() -> int:
    """When the commit was made; a source without its history counts from 1980, the earliest that every archive can hold."""
    try:
        return int(said("git", "-C", str(ROOT), "log", "-1", "--format=%ct"))
    except (OSError, subprocess.CalledProcessError):
        return 315_532_800


def said(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    built = build(ROOT / "dist")
    shutil.rmtree(HANDED_OUT, ignore_errors=True)
    HANDED_OUT.mkdir()
    shutil.copy2(built, HANDED_OUT)
    print(built.relative_to(ROOT))
