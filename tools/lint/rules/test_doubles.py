"""Tests use real parts: no unittest.mock, and a skip or an expected failure says why."""

import ast
from collections.abc import Iterator

from tools.lint.checkout import Checkout, Finding

_LEAVING = {"skip", "xfail", "importorskip", "fail"}
_MARKS = {"skip", "skipif", "xfail"}
_GIVES_REASON_FIRST = {"skip", "xfail", "fail"}


def check(checkout: Checkout) -> Iterator[Finding]:
    for name, tree in checkout.python():
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if (isinstance(node, ast.Import) and any(alias.name.startswith("unittest.mock") for alias in node.names)) or (
                isinstance(node, ast.ImportFrom)
                and (node.module == "unittest.mock" or (node.module == "unittest" and any(a.name == "mock" for a in node.names)))
            ):
                yield Finding(name, node.lineno, "unittest.mock is not used here; build the real part, or pass another in.")
            elif isinstance(node, ast.Call) and _is_pytest(node.func, _LEAVING | _MARKS) and not _has_reason(node):
                yield Finding(name, node.lineno, f"`{ast.unparse(node.func)}` needs a reason.")
            elif isinstance(node, ast.Attribute) and id(node) not in called and _is_mark(node, _MARKS):
                yield Finding(name, node.lineno, f"`{ast.unparse(node)}` needs a reason.")


def _is_mark(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "pytest.mark"


def _is_pytest(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) in {"pytest", "pytest.mark"}


def _has_reason(call: ast.Call) -> bool:
    by_name = any(word.arg in {"reason", "msg"} and not _is_empty(word.value) for word in call.keywords)
    first_is_reason = call.func.attr in _GIVES_REASON_FIRST and not (call.func.attr == "xfail" and _is_mark(call.func, _MARKS))
    return by_name or (first_is_reason and bool(call.args) and not _is_empty(call.args[0]))


def _is_empty(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value
