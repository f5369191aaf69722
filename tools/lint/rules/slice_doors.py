"""From outside a slice one may import its `model` and `actions`; only a store may join another slice's `tables`.

Within a wing the files that a protocol slice names by its RFC's own word are doors too: signin asks federation's verifier.
bootstrap, cli and demo put the house together and know everyone; the foundation's parts are toolkits without doors.
"""

import ast
from collections.abc import Iterator
from pathlib import PurePath

from tools.lint.checkout import Checkout, Finding

WINGS = {"channels", "trust", "directory"}
DOORS = {"model", "actions"}
INNER = {"ports", "tables", "store", "schemas", "api", "pages", "jobs", "templates"}
_SLICE = 3  # homeport.<wing>.<slice>


def check(checkout: Checkout) -> Iterator[Finding]:
    for name in checkout.matching("server/src/homeport/*.py"):
        here = PurePath(name).with_suffix("").parts[2:]
        if here[1] not in WINGS | {"foundation"}:
            continue
        try:
            tree = checkout.tree(name)
        except SyntaxError:
            continue
        for line, there in _imports(tree):
            if len(there) > _SLICE and there[1] in WINGS and there[:_SLICE] != list(here[:_SLICE]):
                door = there[_SLICE]
                joins = door == "tables" and len(here) > _SLICE and here[_SLICE] == "store"
                protocol_word = door not in INNER and there[1] == here[1] != "directory"
                if door not in DOORS and not joins and not protocol_word:
                    yield Finding(name, line, f"{'.'.join(there)} is inside another slice; its doors are model and actions.")


def _imports(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, [*node.module.split("."), alias.name]) for alias in node.names)
