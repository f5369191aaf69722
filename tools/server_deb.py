"""Build the server's Debian package: `python -m tools.server_deb [FOLDER]` writes dist/homeport_VERSION_ARCH.deb, for Debian 12.

The libraries are the hash-pinned wheels of requirements/runtime.txt, laid out for Debian 12's Python 3.11 in .cache by
`python -m tools.server_deb libraries`, which is the only part that asks the package index.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

from tools.agent_deb import MAINTAINER, ROOT, commit_time, place, said

SERVER = ROOT / "server"
PACKAGING = SERVER / "debian"
LOCK = ROOT / "requirements" / "runtime.txt"
PYTHON = Path("/usr/bin/python3.11")
LIBRARIES = "usr/lib/homeport"
FILES = {
    PACKAGING / "homeport": ("usr/bin/homeport", 0o755),
    PACKAGING / "homeport.env": ("usr/share/homeport/homeport.env", 0o644),
    PACKAGING / "sysusers.conf": ("usr/lib/sysusers.d/homeport.conf", 0o644),
    PACKAGING / "tmpfiles.conf": ("usr/lib/tmpfiles.d/homeport.conf", 0o644),
    PACKAGING / "copyright": ("usr/share/doc/homeport/copyright", 0o644),
    ROOT / "deploy/homeport.service": ("usr/lib/systemd/system/homeport.service", 0o644),
    ROOT / "deploy/nginx.conf": ("usr/share/doc/homeport/nginx.conf", 0o644),
    ROOT / "deploy/Caddyfile": ("usr/share/doc/homeport/Caddyfile", 0o644),
    ROOT / "docs/reference/settings.md": ("usr/share/doc/homeport/settings.md", 0o644),
}
SCRIPTS = ("postinst", "prerm", "postrm")


def libraries() -> Path:
    """Where the libraries of this lock are kept; they need not be there yet."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return ROOT / ".cache" / f"server-libraries-{digest}"


def fetch_libraries() -> Path:
    """Lay the locked wheels out unless they are there; a half-made folder never has the name."""
    wanted = libraries()
    if wanted.exists():
        return wanted
    if not PYTHON.exists():
        raise SystemExit(f"make deb: {PYTHON} is missing. The server's package is for Debian 12 and is built there.")
    wanted.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="libraries-", dir=wanted.parent) as folder:
        made = Path(folder) / "made"
        words = ["uv", "pip", "install", "--quiet", "--python", PYTHON, "--target", made, "--require-hashes", "--no-deps"]
        subprocess.run([ROOT / ".venv/bin" / words[0], *words[1:], "--only-binary", ":all:", "-r", LOCK], check=True)
        shutil.rmtree(made / "bin", ignore_errors=True)
        (made / ".lock").unlink(missing_ok=True)
        compile_all(made)
        made.rename(wanted)
    return wanted


def compile_all(folder: Path) -> None:
    """Compile with Debian's own Python, so that nothing has to be written where root installs; dpkg guards source and code alike."""
    script = (
        "import compileall, py_compile, sys; sys.exit(not compileall.compile_dir(sys.argv[1], quiet=1, stripdir=sys.argv[1], "
        f"prependdir='/{LIBRARIES}', invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH))"
    )
    subprocess.run([PYTHON, "-I", "-c", script, folder], check=True)


def build(folder: Path, *, fast: bool = False) -> Path:
    """Build the package into `folder` and return its path; `fast` does not compress."""
    source = SERVER / "src"
    if not libraries().exists():
        raise AssertionError("The server's libraries are not in .cache. Run: .venv/bin/python -m tools.server_deb libraries")
    if not (source / "homeport/foundation/ui/static/vendor/tabler.css").exists():
        raise AssertionError("The portal's style sheet is not built. Run: make assets")
    with room() as tree:
        lay_out(tree, source, version_of(source))
        return pack(tree, folder, version_of(source), fast=fast)


def following(package: Path, folder: Path, changes: Path) -> Path:
    """Build a next version's package out of `package`, as `fast` as that; `changes` holds those files of homeport/ that are other in it."""
    with room() as tree:
        subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
        shutil.rmtree(tree / "DEBIAN")
        compile_all(changes / "homeport")
        shutil.copytree(changes, tree / LIBRARIES, dirs_exist_ok=True)
        return pack(tree, folder, version_of(changes), fast=True)


@contextmanager
def room() -> Iterator[Path]:
    """Where the files of a package are laid out."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the folder that is made is private
    with tempfile.TemporaryDirectory(prefix="homeport-deb-", dir=memory) as made:
        yield Path(made) / "tree"


def pack(tree: Path, folder: Path, version: str, *, fast: bool) -> Path:
    """Add the control files and pack it all."""
    architecture = said("dpkg", "--print-architecture")
    describe(tree, version, architecture)
    when = commit_time()
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (when, when), follow_symlinks=False)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"homeport_{version}_{architecture}.deb"
    half = target.with_suffix(f".{os.getpid()}.half")
    packing = ["-Znone"] if fast else ["-Zxz", "--threads-max=1"]
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", *packing, "--build", tree, half],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(when)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    half.replace(target)
    return target


def version_of(source: Path) -> str:
    """Read the version that the source states."""
    lines = (source / "homeport/__init__.py").read_text().splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("__version__"))


def lay_out(tree: Path, source: Path, version: str) -> None:
    """Put every file where the package installs it."""
    shutil.copytree(libraries(), tree / LIBRARIES)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "homeport", tree / LIBRARIES / "homeport", ignore=ignored)
    compile_all(tree / LIBRARIES / "homeport")
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.suffix == ".so" else 0o644)
    for origin, (target, mode) in FILES.items():
        place(tree / target, origin.read_bytes(), mode)
    changes = (
        f"homeport ({version}) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- {MAINTAINER}  {formatdate(commit_time())}\n"
    )
    place(tree / "usr/share/doc/homeport/changelog.gz", gzip.compress(changes.encode(), 9, mtime=0))
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)


def describe(tree: Path, version: str, architecture: str) -> None:
    """Write the control files."""
    contents = sorted(path for path in tree.rglob("*") if path.is_file())
    size = sum(-(-path.stat().st_size // 1024) for path in contents)
    text = (PACKAGING / "control").read_text()
    values = {"VERSION": version, "ARCHITECTURE": architecture, "SIZE": str(size), "MAINTAINER": MAINTAINER}
    for word, value in values.items():
        text = text.replace(f"@{word}@", value)
    control = tree / "DEBIAN"
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in contents)  # noqa: S324 - dpkg's own format
    place(control / "control", text.encode())
    place(control / "md5sums", "".join(sums).encode())
    place(control / "templates", (PACKAGING / "templates").read_bytes())
    for script in SCRIPTS:
        place(control / script, (PACKAGING / script).read_bytes(), 0o755)


if __name__ == "__main__":
    if sys.argv[1:] == ["libraries"]:
        fetch_libraries()
    else:
        fetch_libraries()
        print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
