"""The audit log's words: entries and sealed batches, and what a reader asks for."""

from homeport.directory.audit.model.asked import conditions, event_field, listing_of
from homeport.directory.audit.model.entries import (
    JSON,
    MASK,
    SECRET_FIELDS,
    Batch,
    Change,
    Entry,
    EventSearch,
    Happening,
    Header,
    Resource,
    an_entry,
    canonical,
)

__all__ = [
    "JSON",
    "MASK",
    "SECRET_FIELDS",
    "Batch",
    "Change",
    "Entry",
    "EventSearch",
    "Happening",
    "Header",
    "Resource",
    "an_entry",
    "canonical",
    "conditions",
    "event_field",
    "listing_of",
]
