"""`model`, `ports` and `actions` of a slice import no web, database or HTTP library, and no such part of the foundation."""

import ast
from collections.abc import Iterator

from tools.lint.checkout import Checkout, Finding

LIBRARIES = (
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "sqlite3",
    "pydantic",
    "jinja2",
    "httpx2",
    "httpx",
)
PARTS = tuple(f"homeport.foundation.{part}" for part in ("http", "ui", "database", "outbound"))
CORE = tuple(f"server/src/homeport/*/{file}{end}" for file in ("model", "ports", "actions") for end in (".py", "/*.py"))


def check(checkout: Checkout) -> Iterator[Finding]:
    for name in checkout.matching(*CORE):
        if "/foundation/" in name:
            continue
        try:
            tree = checkout.tree(name)
        except SyntaxError:
            continue
        for line, module in _imports(tree):
            if any(module == forbidden or module.startswith(f"{forbidden}.") for forbidden in LIBRARIES + PARTS):
                yield Finding(name, line, f"a pure file imports {module}; give it a port, and let store, api or pages do that.")


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
