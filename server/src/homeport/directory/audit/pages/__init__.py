"""INSIGHTS: the events, their exports, and where they are sent."""

from homeport.directory.audit.pages.destinations import DestinationPages
from homeport.directory.audit.pages.events import AuditPages
from homeport.directory.audit.pages.exports import ExportPages

__all__ = ["AuditPages", "DestinationPages", "ExportPages"]
