"""Turns keeping on and off, each recorded in the audit log before it counts."""

from dataclasses import dataclass, field
from datetime import datetime

from homeport.channels.apple.capture.model import LONGEST
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.foundation.kernel.actor import system


@dataclass(slots=True)
class Capture:
    """Whether messages are kept in this process. `until` is the moment that was set, None for never; `started` that of the server."""

    until: datetime | None
    started: datetime
    announced: bool = field(default=False)

    @property
    def end(self) -> datetime | None:
        """Return when it ends."""
        # public: asked by the server itself
        return min(self.until, self.started + LONGEST) if self.until else None

    def is_on(self, now: datetime) -> bool:
        """Tell whether messages are kept now."""
        # public: asked by the server itself
        return self.announced and self.end is not None and now < self.end

    def look(self, audit: Audit, now: datetime) -> None:
        """Record the beginning, from which on messages are kept, or the end."""
        # public: the server's own upkeep; who runs the server set the moment
        wanted = self.end is not None and now < self.end
        if wanted == self.announced or self.end is None:
            return
        event = "mac_capture_start" if wanted else "mac_capture_end"
        details = {"until": self.end.isoformat(timespec="seconds")}
        audit.record(system("apple"), event, resource=Resource("mac_capture", "mac_capture", "messages of Macs"), details=details)
        self.announced = wanted
