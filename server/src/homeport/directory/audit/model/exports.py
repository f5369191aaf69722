"""An export: the entries that a page's address found, written to the end by a job."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from homeport.directory.audit.model.entries import Entry

EXPORTS_KEPT_FOR = timedelta(days=1)
"""After this time an export can no longer be downloaded."""


class ExportFormat(StrEnum):
    """CSV for a spreadsheet, or JSON Lines, an event a line as the REST API writes it."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True)
class Export:
    """How far an export came: `done` of `total` entries. It is `over` when it can be downloaded or, with a `failure`, was given up."""

    id: str
    format: ExportFormat
    query: str
    """What the list's address asked for; empty when it asked for everything."""
    by: str
    done: int
    total: int
    over: bool
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Portion:
    """The next entries of an export, and the id after which the one that follows begins; empty when there is none."""

    entries: tuple[Entry, ...]
    after: str
