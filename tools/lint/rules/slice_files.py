"""A slice of the directory has only the files the house knows; a protocol slice adds files named by its RFC's own word."""

from collections.abc import Iterator
from pathlib import PurePath

from tools.lint.checkout import Checkout, Finding

KNOWN = {"model", "ports", "actions", "tables", "store", "schemas", "api", "pages", "jobs", "templates", "__init__"}
STRICT = "server/src/homeport/directory/"


def check(checkout: Checkout) -> Iterator[Finding]:
    for name in checkout.files:
        if not name.startswith(STRICT):
            continue
        _slice, *inside = PurePath(name.removeprefix(STRICT)).parts
        if not inside:
            if name != f"{STRICT}__init__.py":
                yield Finding(name, 1, "a wing holds slices; put this into one.")
        elif inside[0].partition(".")[0] not in KNOWN:
            yield Finding(name, 1, f"a slice has no {inside[0]}; its files are {', '.join(sorted(KNOWN - {'__init__'}))}.")
