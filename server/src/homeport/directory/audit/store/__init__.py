"""The audit log, its destinations and its exports in SQL."""

from homeport.directory.audit.store.addresses import AddressRules
from homeport.directory.audit.store.destinations import DestinationSql
from homeport.directory.audit.store.exports import ExportSql
from homeport.directory.audit.store.log import AuditStore

__all__ = ["AddressRules", "AuditStore", "DestinationSql", "ExportSql"]
