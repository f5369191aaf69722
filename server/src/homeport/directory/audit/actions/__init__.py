"""Record, search and export entries, and say where they are sent."""

from homeport.directory.audit.actions.destinations import Destinations
from homeport.directory.audit.actions.exports import Exports
from homeport.directory.audit.actions.log import Audit

__all__ = ["Audit", "Destinations", "Exports"]
