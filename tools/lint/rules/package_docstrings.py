"""Each package says in its __init__.py what is here and what is elsewhere; Alembic reads its versions/ by path, no package."""

import ast
from collections.abc import Iterator
from pathlib import PurePath

from tools.lint.checkout import Checkout, Finding


def check(checkout: Checkout) -> Iterator[Finding]:
    for name, tree in checkout.python():
        ours = any(name.startswith(f"{place}/src/") for place in ("server", "agent", "simulators"))
        if not ours or "/migrations/versions/" in name:
            continue
        if PurePath(name).name == "__init__.py":
            if not ast.get_docstring(tree):
                yield Finding(name, 1, "say in a docstring what is here and what is elsewhere.")
        elif f"{PurePath(name).parent}/__init__.py" not in checkout.files:
            yield Finding(name, 1, "its folder has no __init__.py; add one that says what is here.")
