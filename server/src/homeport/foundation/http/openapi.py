"""The OpenAPI document says what the API really does: how callers prove themselves, and which bodies errors have."""

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
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document; made once, since routes do not change while the server runs."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        components = document.setdefault("components", {})
        components["securitySchemes"] = {"api_key": {"type": "apiKey", "in": "header", "name": KEY}}
        components.setdefault("schemas", {})["Error"] = ERROR
        document["security"] = [{"api_key": []}]
        body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        for path in document["paths"].values():
            for operation in path.values():
                answers = operation["responses"]
                answers.pop("422", None)  # bad input answers 400 here
                for status, sentence in ANSWERS.items():
                    answers.setdefault(status, {"description": sentence, **body})
        for unused in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema
