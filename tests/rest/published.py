"""JumpCloud's published interface for the paths that Homeport shares with it: names and types, no prose.

`published.json` was reduced from JumpCloud's public OpenAPI document of its console API in November 2026.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

FILE = Path(__file__).with_name("published.json")
SAMPLES: dict[str, Any] = {"boolean": True, "integer": 1, "number": 1, "array": [], "object": {}, "string": "text"}


@cache
def document() -> dict[str, Any]:
    """The whole file."""
    return json.loads(FILE.read_text())


def shape(path: str) -> str:
    """The path without the names of its parameters, by which both sides are compared."""
    return re.sub(r"\{[^}]+\}", "{}", path)


@dataclass(frozen=True)
class Operation:
    """One published operation."""

    method: str
    path: str
    parameters: dict[str, str]
    answers: dict[str, Any]
    body: Any

    @property
    def label(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def answer(self, status: int) -> Any:
        """The schema of the answer with this status; None when the document leaves it open."""
        return self.answers.get(str(status))


def operations() -> Iterator[Operation]:
    """Every published operation of the file."""
    for path, methods in document()["paths"].items():
        for method, one in methods.items():
            yield Operation(method, path, one["parameters"], one["answers"], one.get("body"))


def contradictions(schema: Any, value: Any) -> list[str]:
    """Where a value is of another type than the schema says.

    What is missing or null is no contradiction: Homeport has fewer features, and writes null for what has no value.
    """
    whole = {"schemas": _loosened(document()["schemas"]), "allOf": [_loosened(schema)]}
    validator = jsonschema_rs.validator_for(whole, validate_formats=False)
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(value)]


def fields(schema: Any) -> dict[str, Any]:
    """The properties of an object, or of the objects of a list, through references and the envelope `results`."""
    schema = resolved(schema)
    if schema.get("type") == "array":
        return fields(schema["items"])
    found = schema.get("properties", {})
    return fields(found["results"]) if "results" in found else found


def resolved(schema: Any) -> Any:
    """The schema that a reference names, or the schema itself."""
    while isinstance(schema, dict) and "$ref" in schema:
        schema = document()["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema or {}


def sample(schema: Any) -> Any:
    """A value of the published type, as a client of JumpCloud's might send."""
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return "2026-11-25T12:00:00Z"
    return SAMPLES[schema.get("type", "string") if isinstance(schema.get("type", "string"), str) else schema["type"][0]]


def _loosened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_loosened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _loosened(value) for name, value in schema.items() if name not in {"required", "nullable", "pattern"}}
    if isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    return kept
