"""Record and search entries, and say where they are sent."""

from homeport.directory.audit.actions.destinations import Destinations
from homeport.directory.audit.actions.log import Audit

__all__ = ["Audit", "Destinations"]
