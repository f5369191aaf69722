"""No tracked file carries a trace of the machine it was made on: a package index, a resolved address, a home folder, this checkout's place."""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.lint.checkout import Checkout, Finding

TRACES = {
    re.compile(r'"resolved"\s*:\s*"http'): "a lock's resolved address; set omit-lockfile-registry-resolved",
    re.compile(
        r"^[ \t]*(?:registry|(?:extra-)?index-url|find-links)[ \t]*=[ \t]*[\"']?https?://", re.MULTILINE
    ): "the address of a package index",
    re.compile(r"^--(?:extra-)?(?:index-url|find-links)[ =]\S", re.MULTILINE): "the address of a package index",
    re.compile(
        r"(?<![\w./:}])/(?:root|Users/\w+|home/\w+/(?:src|work|code|projects|git))/[\w.]"
    ): "a path in somebody's home folder",
    re.compile(r"(?<![\w./:])/(?:work|workspace|workspaces|builds)/[\w.]"): "a path of somebody's workplace",
}


def check(checkout: Checkout) -> Iterator[Finding]:
    traces = dict(TRACES)
    traces[re.compile(rf"{re.escape(str(Path(checkout.root).resolve()))}\b")] = "the place of this checkout"
    for name in checkout.files:
        text = checkout.text(name)
        for pattern, what in traces.items():
            for match in pattern.finditer(text):
                yield Finding(name, text.count("\n", 0, match.start()) + 1, f"{what}; nobody else has it.")
