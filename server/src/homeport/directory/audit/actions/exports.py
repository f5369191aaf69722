"""What can be done with an export of the audit log."""

from dataclasses import dataclass, replace

from homeport.directory.audit.actions.log import Audit
from homeport.directory.audit.model import EXPORTS_KEPT_FOR, Export, ExportFormat, Portion, Resource
from homeport.directory.audit.ports import ExportParts, JobHandle, Outbox
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission

KIND = "audit.export"


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports of one unit of work. What is written is kept in parts, so that any process can write on and any can send it."""

    parts: ExportParts
    jobs: Outbox
    audit: Audit

    def begin(self, actor: Actor, form: ExportFormat, listing: Listing, query: str) -> str:
        """Begin to write all entries that the listing finds and that exist now; return the export's id.

        That somebody takes the log out is an entry itself.
        """
        actor.require(Permission.AUDIT_READ)
        until = Filter("at", "lte", self.audit.clock.now().isoformat())
        total = self.audit.search(actor, replace(listing, filters=(*listing.filters, until), limit=1)).total
        filters = [[one.field, one.operator, one.value] for one in (*listing.filters, until)]
        payload = {"format": form.value, "text": listing.text, "filters": filters, "query": query, "by": actor.name}
        job = self.jobs.add(KIND, payload, total=total)
        details = {"format": form.value, "query": query, "entries": total}
        self.audit.record(actor, "audit_export", resource=Resource("audit_log", job.id, "audit log"), details=details)
        return job.id

    def get(self, actor: Actor, export_id: str) -> Export:
        """Return how far an export came; raise NotFound when there is none, or its time is over."""
        actor.require(Permission.AUDIT_READ)
        job = self.jobs.get(export_id)
        if job is None or job.kind != KIND or job.created_at < self.audit.clock.now() - EXPORTS_KEPT_FOR:
            raise NotFound("There is no such export. It may be more than a day old; export again.")
        return _export(job)

    def part(self, actor: Actor, export_id: str, number: int) -> bytes | None:
        """Return one compressed part, counted from 0; None after the last."""
        actor.require(Permission.AUDIT_READ)
        return self.parts.get(export_id, number)

    def next(self, job: JobHandle, after: str, limit: int) -> Portion:
        """Return the next entries that a job writes, the newest first; none if retention removed the last one, and so all older ones."""
        # public: for the job, which acts for who began the export
        filters = tuple(Filter(*one) for one in job.payload["filters"])
        window = self.audit.log.window(Listing(text=job.payload["text"], filters=filters, limit=limit), after)
        return Portion(tuple(window.items), window.older)

    def keep(self, job: JobHandle, number: int, content: bytes) -> None:
        """Keep a compressed part."""
        # public: for the job, which acts for who began the export
        self.parts.add(job.id, number, content, self.audit.clock.now())


def _export(job: JobHandle) -> Export:
    found = job.payload
    return Export(
        job.id,
        ExportFormat(found["format"]),
        found["query"],
        found["by"],
        job.done,
        max(job.total, job.done),
        job.over,
        job.error if job.over else "",
    )
