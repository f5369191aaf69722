"""How JumpCloud's API writes what is connected with what (`GraphConnection`, `GraphObjectWithPaths`)."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints


class GraphObject(BaseModel):
    """One end of a connection."""

    attributes: dict[str, Any] | None = None
    id: str
    type: str


class GraphConnection(BaseModel):
    """A connection from one thing to another."""

    attributes: dict[str, Any] | None = None
    source: GraphObject = Field(alias="from")
    to: GraphObject

    @classmethod
    def between(cls, source: tuple[str, str], to: tuple[str, str]) -> Self:
        """Connect two ends, each given as its type and id."""
        return cls.model_validate({"from": {"type": source[0], "id": source[1]}, "to": {"type": to[0], "id": to[1]}})


class GraphObjectWithPaths(BaseModel):
    """A thing that is reached, and every way that leads to it."""

    compiledAttributes: dict[str, Any] | None = None  # noqa: N815 - the wire's name
    id: str
    type: str
    paths: list[list[GraphConnection]]

    @classmethod
    def reached(cls, *ways: list[tuple[str, str]]) -> Self:
        """Describe the last thing of each way; a way is the things it passes, each given as its type and id."""
        kind, found = ways[0][-1]
        paths = [[GraphConnection.between(way[step], way[step + 1]) for step in range(len(way) - 1)] for way in ways]
        return cls(type=kind, id=found, paths=paths)


GraphId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$")]
"""An id in a body; what cannot be one is refused before the database sees it."""
