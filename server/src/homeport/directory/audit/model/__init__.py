"""The audit log's words: entries and sealed batches, and what a reader asks for."""

from homeport.directory.audit.model.asked import conditions, event_field, listing_of
from homeport.directory.audit.model.destinations import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    MOST_DESTINATIONS,
    Destination,
    DestinationKind,
    Place,
    checked_name,
)
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
    Removal,
    Resource,
    an_entry,
    canonical,
)

__all__ = [
    "JSON",
    "LONGEST_ADDRESS",
    "LONGEST_NAME",
    "MASK",
    "MOST_DESTINATIONS",
    "SECRET_FIELDS",
    "Batch",
    "Change",
    "Destination",
    "DestinationKind",
    "Entry",
    "EventSearch",
    "Happening",
    "Header",
    "Place",
    "Removal",
    "Resource",
    "an_entry",
    "canonical",
    "checked_name",
    "conditions",
    "event_field",
    "listing_of",
]
