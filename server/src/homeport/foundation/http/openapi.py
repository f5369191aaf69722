"""The OpenAPI document says what the API really does: how callers prove themselves, and which bodies errors have."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

KEY = "x-api-key"
ERROR = {
    "type": "object",
    "required": ["code", "message", "status"],
    "properties": {
        "code": {"type": "integer", "description": "The HTTP status."},
        "message": {"type": "string", "description": "What is wrong and how to mend it."},
        "status": {"type": "string"},
        "details": {"type": "array", "items": {"type": "object"}, "description": "The fields or the permission it is about."},
    },
}
ANSWERS = {
    "400": "Some input cannot be taken; `details` names the fields.",
    "401": "No valid API key.",
    "403": "The key's owner lacks a permission; `details` names it.",
    "404": "There is no such thing.",
    "409": "It contradicts what is there.",
    "412": "`If-Match` does not match: somebody else changed it meanwhile.",
    "413": "The body is larger than any that is taken here.",
    "429": "Too many requests; wait as many seconds as `Retry-After` says.",
    "503": "The database cannot be used at the moment; nothing was changed.",
}
"""The errors that an operation can answer; `_errors_of` says which belong to which."""


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document; made once, since routes do not change while the server runs."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        components = document.setdefault("components", {})
        components["securitySchemes"] = {"api_key": {"type": "apiKey", "in": "header", "name": KEY}}
        components.setdefault("schemas", {})["Error"] = ERROR
        document["security"] = [{"api_key": []}]
        body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                answers = operation["responses"]
                answers.pop("422", None)  # bad input answers 400 here
                for status in _errors_of(path, method, operation):
                    answers.setdefault(status, {"description": ANSWERS[status], **body})
                if any(one["name"] == "fields" for one in operation.get("parameters", ())):
                    _require_only_the_id(answers["200"], components["schemas"])
        for unused in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema


def _errors_of(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    """Return the errors that this operation can answer."""
    yield from ("400", "401", "403", "429", "503")
    if "{" in path or "requestBody" in operation:  # a body may name what is not there
        yield "404"
    if method != "get":
        yield "409"
    if "requestBody" in operation:
        yield "413"
    if any(one["name"] == "if-match" for one in operation.get("parameters", ())):
        yield "412"


def _require_only_the_id(answer: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Describe a list whose `fields` parameter leaves fields out: each row surely has its id and nothing else."""
    rows = answer["content"]["application/json"]["schema"]
    if "$ref" in rows:
        properties = schemas[_name(rows)]["properties"]
        rows = next(one for one in properties.values() if one.get("type") == "array")
    name = _name(rows["items"])
    whole = schemas[name]
    schemas[f"{name}Fields"] = {**whole, "required": [one for one in ("_id", "id") if one in whole["properties"]][:1]}
    rows["items"] = {"$ref": f"#/components/schemas/{name}Fields"}


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]
