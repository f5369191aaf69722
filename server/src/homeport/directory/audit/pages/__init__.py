"""INSIGHTS: the events, and where they are sent."""

from homeport.directory.audit.pages.destinations import DestinationPages
from homeport.directory.audit.pages.events import AuditPages

__all__ = ["AuditPages", "DestinationPages"]
