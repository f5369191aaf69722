"""No module or folder is called utils, helpers, manager, common or misc: each has a name of its own."""

from collections.abc import Iterator
from pathlib import PurePath

from tools.lint.checkout import Checkout, Finding

NAMELESS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}


def check(checkout: Checkout) -> Iterator[Finding]:
    for name in checkout.files:
        path = PurePath(name)
        for word in {*path.parent.parts, path.name.partition(".")[0]} & NAMELESS:
            yield Finding(name, 1, f'"{word}" is no name; say what is in it.')
