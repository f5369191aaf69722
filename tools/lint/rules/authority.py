"""The first statement of an action is `actor.require(...)`, or a comment `# public: reason` says why anyone may do it."""

import ast
import re
from collections.abc import Iterator

from tools.lint.checkout import Checkout, Finding

PUBLIC = re.compile(r"#\s*public:\s*\w")


def check(checkout: Checkout) -> Iterator[Finding]:
    for name in checkout.matching("server/src/*/actions.py", "server/src/*/actions/*.py"):
        try:
            tree = checkout.tree(name)
        except SyntaxError:
            continue
        comments = dict(checkout.comments(name))
        for method in _public_methods(tree):
            if not _requires(method) and not _says_public(method, comments):
                where = f"`{method.name}` begins without `actor.require(...)`"
                yield Finding(
                    name, method.lineno, f"{where}; if anyone may do it, say so: `# public: reason` above its first statement."
                )


def _public_methods(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and not method.name.startswith("_"):
                    yield method


def _body(method: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    return method.body[1:] if ast.get_docstring(method) is not None else method.body


def _requires(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    match _body(method)[:1]:
        case [ast.Expr(value=ast.Call(func=ast.Attribute(attr="require", value=ast.Name(id="actor"))))]:
            return True
    return False


def _says_public(method: ast.FunctionDef | ast.AsyncFunctionDef, comments: dict[int, str]) -> bool:
    first = min([method.lineno, *(decorator.lineno for decorator in method.decorator_list)])
    body = _body(method)
    last = body[0].lineno if body else method.end_lineno or method.lineno
    return any(PUBLIC.search(comments.get(line, "")) for line in range(first - 1, last + 1))
