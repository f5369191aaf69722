"""docs/reference/logs.md names every event that the server logs, with its level and fields, and no others."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "server/src/homeport"
PAGE = ROOT / "docs/reference/logs.md"
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error", "critical": "critical"}


def logged():
    """Every event with its level and fields, from the calls of `log` in the code of modules that use structlog."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        if "structlog.get_logger" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
            if is_call and isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
                event = node.args[0].value
                assert re.fullmatch(r"[a-z_]+", event), f"{path}: an event is a name; what varies is a field"
                assert len(node.args) == 1, f"{path}: {event} has a value without a name"
                found.add((event, LEVELS[node.func.attr], tuple(sorted(word.arg for word in node.keywords))))
    return found


def documented():
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    return {(event, level, tuple(sorted(re.findall(r"`(\w+)`", fields)))) for event, level, fields in rows}


def test_the_page_names_every_event_with_its_level_and_fields_and_no_other():
    assert logged() == documented()
    assert len(logged()) > 5
