"""The slice's REST routes."""

from homeport.directory.audit.api.destinations import DestinationsApi
from homeport.directory.audit.api.events import EventsApi

__all__ = ["DestinationsApi", "EventsApi"]
