"""The events of the audit log, found in the calls that record them."""

import ast
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import homeport

SOURCE = Path(homeport.__file__).parent
HANDED_ON = ("event_type", "event")
"""The parameters of functions whose callers name the event."""
PLACES = {"record": 1, "Happening": 0}
"""Where in a call's arguments the event's name stands."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Event:
    """One event of one action; `*` stands for an outcome that the name ends in. `said` is the first sentence of what the action says of itself."""

    name: str
    slice: str
    said: str


def events() -> Sequence[Event]:
    """Return every event, in order; raise ValueError for one whose name cannot be told from the code."""
    modules = {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}
    known = Known(dict(pair for tree in modules.values() for pair in _constants(tree)), _held(modules.values()))
    return sorted({event for path, tree in modules.items() for event in _in_module(path, tree, known)})


@dataclass(frozen=True)
class Known:
    """What names stand for anywhere in the source: constants of modules, and fields that hold text."""

    constants: Mapping[str, str]
    fields: Mapping[str, set[str]]


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))


def _held(trees: Collection[ast.Module]) -> Mapping[str, set[str]]:
    """Return the texts that a class's fields hold: by default, and where an object is made."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    order: dict[str, list[str]] = {}
    held: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
            order[node.name] = [one.target.id for one in fields if isinstance(one.target, ast.Name)]
            for name, one in zip(order[node.name], fields, strict=True):
                held[name] |= _text(one.value)
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in order:
            for name, value in zip(order[node.func.id], node.args, strict=False):
                held[name] |= _text(value)
    return held


def _text(value: ast.expr | None) -> set[str]:
    return {value.value} if isinstance(value, ast.Constant) and isinstance(value.value, str) else set()


def _in_module(path: Path, tree: ast.Module, known: Known) -> Iterator[Event]:
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    passed_on = {one.name: _position(one) for one in functions if _position(one) is not None}
    for function in functions:
        local = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            place = passed_on.get(name, PLACES.get(name))
            if place is None or not _records(call, name, passed_on):
                continue
            given = next((word.value for word in call.keywords if word.arg in HANDED_ON), None)
            value = given or (call.args[place] if len(call.args) > place else None)
            for event in _names(value, local, known, path):
                yield Event(event, ".".join(path.relative_to(SOURCE).parts[:2]).removesuffix(".py"), _said(function))


def _records(call: ast.Call, name: str, passed_on: Mapping[str, int | None]) -> bool:
    """Tell the audit log's `record` from what else is called so."""
    if name != "record" or name in passed_on:
        return True
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).rpartition(".")[2].strip("_") in {"audit", "log"}


def _position(function: Function) -> int | None:
    names = [one.arg for one in function.args.args if one.arg != "self"]
    return next((names.index(one) for one in HANDED_ON if one in names), None)


def _names(value: ast.expr | None, local: Mapping[str, ast.expr], known: Known, path: Path) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(name)):
            yield name
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), ast.FormattedValue()]):
            yield f"{start}*"
        case ast.IfExp(body=body, orelse=other):
            yield from _names(body, local, known, path)
            yield from _names(other, local, known, path)
        case ast.Name(id=name) if name in HANDED_ON and name not in local:
            return  # handed on; whoever calls this function names it
        case ast.Name(id=name) if name in local:
            yield from _names(local[name], local, known, path)
        case ast.Name(id=name) if name in known.constants:
            yield known.constants[name]
        case ast.Attribute(attr=name) if known.fields.get(name):
            yield from sorted(known.fields[name])
        case _:
            raise ValueError(f"{path}: the event's name cannot be told from {ast.unparse(value) if value else 'the call'}")


def _said(function: Function) -> str:
    said = (ast.get_docstring(function) or "").partition("\n")[0]
    return said.partition(";")[0].partition(". ")[0].rstrip(".")
