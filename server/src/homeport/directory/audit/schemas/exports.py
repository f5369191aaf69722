"""How an export writes entries: CSV that is safe from spreadsheet formulas, or JSON Lines."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from homeport.directory.audit.model import Entry, ExportFormat
from homeport.directory.audit.schemas.events import event, written
from homeport.foundation.kernel.csv_lines import csv_line

COLUMNS = (
    "id",
    "at",
    "event_type",
    "actor_kind",
    "actor_id",
    "actor_name",
    "address",
    "user_agent",
    "request_id",
    "resource_type",
    "resource_id",
    "resource_name",
    "success",
    "reason",
    "changes",
    "details",
    "batch",
)
MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSON_LINES: "application/jsonl; charset=utf-8",
}


def heading(form: ExportFormat) -> str:
    """Return what stands before the first entry."""
    return csv_line(COLUMNS) if form is ExportFormat.CSV else ""


def lines(form: ExportFormat, entries: Sequence[Entry]) -> str:
    """Return entries as they are written, a line each."""
    return "".join(map(_csv if form is ExportFormat.CSV else _json_line, entries))


def _csv(entry: Entry) -> str:
    values = asdict(entry) | {"at": written(entry.at)}
    return csv_line(["" if values[name] is None else str(values[name]) for name in COLUMNS])


def _json_line(entry: Entry) -> str:
    return json.dumps(event(entry), ensure_ascii=False) + "\n"
