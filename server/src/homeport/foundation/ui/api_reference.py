"""The page that describes the REST API, made from its OpenAPI document; it loads nothing from elsewhere and needs no script."""

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from homeport.foundation.http.routes import Router
from homeport.foundation.ui.templates import Templates

PATH = "/api/reference"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body; `name` of a nested one is its path, such as `oidc.url`."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, as the page shows it."""

    id: str
    method: str
    path: str
    title: str
    text: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer_status: str
    answer: tuple[Field, ...]
    errors: tuple[tuple[str, str], ...]


class ApiReference:
    """The page. `document` gives the OpenAPI document."""

    def __init__(self, document: Callable[[], Mapping[str, Any]], templates: Templates, public_url: str) -> None:
        self.document = document
        self.templates = templates
        self.public_url = public_url

    def router(self) -> Router:
        """Return the route."""
        router = Router()
        router.add_api_route(PATH, self.show, methods=["GET"], include_in_schema=False)
        return router

    def show(self, request: Request) -> HTMLResponse:
        """Show every operation, by the things that it is about."""
        chapters: dict[str, list[Operation]] = {}
        for tag, operation in operations(self.document()):
            chapters.setdefault(tag, []).append(operation)
        page = self.templates.render("ui/api_reference.html", request, chapters=chapters, public_url=self.public_url)
        page.headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return page
        # Only this page is compressed: it is large and the same for everybody, so that its length tells nobody a secret.
        small = gzip.compress(bytes(page.body), mtime=0)
        return HTMLResponse(small, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Yield each operation of an OpenAPI 3.1 document with its first tag."""
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            one = methods[method]
            status, answer = next((code, found) for code, found in one["responses"].items() if code.startswith("2"))
            yield (
                one.get("tags", ["Other"])[0],
                Operation(
                    id=f"{method}-{path}".translate(str.maketrans("/{}", "---")).strip("-"),
                    method=method.upper(),
                    path=path,
                    title=one.get("summary", ""),
                    text=one.get("description", ""),
                    parameters=tuple(
                        Field(part["name"], kind(part["schema"]), part.get("required", False), part.get("description", ""))
                        for part in one.get("parameters", ())
                    ),
                    body=tuple(_fields(_content(one.get("requestBody", {})), schemas)),
                    answer_status=status,
                    answer=tuple(_fields(_content(answer), schemas)),
                    errors=tuple(
                        (code, found["description"]) for code, found in sorted(one["responses"].items()) if code >= "400"
                    ),
                ),
            )


def kind(schema: Mapping[str, Any]) -> str:
    """Say in a few words which values a schema takes."""
    if "enum" in schema:
        return " or ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(one) for one in schema["anyOf"]))
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return {"date-time": "time"}.get(schema.get("format", ""), str(schema.get("type", "any")))


def _content(part: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = part.get("content", {}).get("application/json", {})
    found: Mapping[str, Any] = content.get("schema", {})
    return found


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[Field]:
    """Yield the fields of an object, the objects in it and the rows of its lists; four levels deep, which all bodies are."""
    for inner in _objects(schema, schemas):
        for name, one in inner.get("properties", {}).items():
            text = one.get("description", "")
            yield Field(f"{before}{name}", kind(one), name in inner.get("required", ()), text)
            if depth < 4:  # noqa: PLR2004 - as the docstring says
                yield from _fields(one, schemas, f"{before}{name}.", depth + 1)


def _objects(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in schema:
        yield from _objects(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _objects(one, schemas)
    elif schema.get("type") == "array":
        yield from _objects(schema.get("items", {}), schemas)
    elif "properties" in schema:
        yield schema
