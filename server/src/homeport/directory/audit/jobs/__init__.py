"""Sealing the audit log in batches, and proving that nobody changed it afterwards.

`chain` says what is hashed and which contradictions can be found, without doing any I/O; `keys` keeps the signing key and the newest
batch's number in files outside the database; `sealer` puts both to work on the stored log. `sending` sends what is sealed to where it is
wanted: as `cloud_events` over HTTP, or as `syslog` messages. `exporting` writes exports.
"""

from homeport.directory.audit.jobs.exporting import ExportJob
from homeport.directory.audit.jobs.keys import AuditKeyError, AuditKeys
from homeport.directory.audit.jobs.sealer import AuditSealer, Verdict
from homeport.directory.audit.jobs.sending import EventSender

__all__ = ["AuditKeyError", "AuditKeys", "AuditSealer", "EventSender", "ExportJob", "Verdict"]
