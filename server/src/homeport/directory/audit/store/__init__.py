"""The audit log and its destinations in SQL."""

from homeport.directory.audit.store.addresses import AddressRules
from homeport.directory.audit.store.destinations import DestinationSql
from homeport.directory.audit.store.log import AuditStore

__all__ = ["AddressRules", "AuditStore", "DestinationSql"]
