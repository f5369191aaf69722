"""Finds the checks of a file and makes one mutant per check, with the check removed."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Change = Callable[[ast.AST], ast.AST]


@dataclass(frozen=True)
class Mutant:
    """The file's source without one check. `name` stays the same as long as the check's own text does."""

    name: str
    line: int
    source: str


def mutants(source: str) -> list[Mutant]:
    """One mutant for every condition of an `if`, every operand of `and` and `or`, every `_check…` call and every forbidden name.

    What only words a sentence is left alone: f-strings, and an `or` that ends in a text.
    """
    tree = ast.parse(source)
    found: list[Mutant] = []
    times: dict[str, int] = {}
    for scope, node in _nodes(tree):
        for what, change in _removals(node):
            name = f"{scope}: without `{what}`"
            times[name] = times.get(name, 0) + 1
            name += f" ({times[name]})" if times[name] > 1 else ""
            found.append(Mutant(name, node.lineno, _changed(tree, node, change)))
    return sorted(found, key=lambda mutant: mutant.line)


def _nodes(tree: ast.AST, scope: str = "module") -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.JoinedStr):
            continue
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        inner = f"{scope}.{child.name}".removeprefix("module.") if named else scope
        if hasattr(child, "lineno"):
            yield inner, child
        yield from _nodes(child, inner)


def _removals(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.If):
        yield _text(node.test), _set("test", ast.Constant(value=False))
    elif isinstance(node, ast.BoolOp) and not _ends_in_a_text(node):
        for number, operand in enumerate(node.values):
            yield f"{_text(operand)} in {_text(node)}", _without_operand(number)
    elif isinstance(node, ast.Compare) and len(node.ops) > 1:
        for number in range(len(node.ops)):
            kept = _one_comparison(node, 1 - number if len(node.ops) == 2 else 0)  # noqa: PLR2004 - a chain of two, as in a <= x <= b
            yield f"{_text(_one_comparison(node, number))} in {_text(node)}", lambda _, kept=kept: kept
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and "check" in _text(node.value.func):
        yield _text(node.value), lambda _: ast.Pass()
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and "FORBIDDEN" in _text(node.targets[0]):
        for number, forbidden in enumerate(node.value.elts):
            yield f"{_text(forbidden)} in {_text(node.targets[0])}", _without_element(number)


def _ends_in_a_text(node: ast.BoolOp) -> bool:
    last = node.values[-1]
    return isinstance(last, ast.Constant) and isinstance(last.value, str)


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _set(field: str, value: ast.expr) -> Change:
    def change(node: ast.AST) -> ast.AST:
        setattr(node, field, value)
        return node

    return change


def _without_operand(number: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        rest = [operand for at, operand in enumerate(node.values) if at != number]
        if len(rest) == 1:
            return rest[0]
        node.values = rest
        return node

    return change


def _one_comparison(node: ast.Compare, number: int) -> ast.Compare:
    sides = [node.left, *node.comparators]
    return ast.Compare(left=sides[number], ops=[node.ops[number]], comparators=[sides[number + 1]])


def _without_element(number: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        del node.value.elts[number]
        return node

    return change


def _changed(tree: ast.Module, node: ast.AST, change: Change) -> str:
    """The source of a copy of the tree in which the change was made to the node."""
    number = next(at for at, other in enumerate(ast.walk(tree)) if other is node)
    copied = copy.deepcopy(tree)
    place = next(other for at, other in enumerate(ast.walk(copied)) if at == number)

    class Exchange(ast.NodeTransformer):
        def visit(self, visited: ast.AST) -> ast.AST:
            return change(visited) if visited is place else self.generic_visit(visited)

    return ast.unparse(ast.fix_missing_locations(Exchange().visit(copied)))
