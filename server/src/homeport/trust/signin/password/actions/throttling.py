"""The growing delay after failures: of an account, of an address, and of a browser known to the account."""

from dataclasses import dataclass, replace
from math import ceil

from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import RateLimited
from homeport.trust.signin.password import model
from homeport.trust.signin.password.ports import ThrottleStore


@dataclass(frozen=True, slots=True)
class Throttling:
    """The failures counted in one unit of work."""

    throttles: ThrottleStore
    clock: Clock

    def count(self, keys: tuple[str, ...]) -> None:
        """Count an attempt as a failure until `forgive` says otherwise; raise RateLimited while it is too early."""
        # public: this is what slows down whoever has not proved anything yet
        now = self.clock.now()
        held = [self.throttles.hold(key, now).present(now) for key in sorted(keys)]
        wait = max((one.blocked_until - now).total_seconds() for one in held)
        if wait > 0:
            raise RateLimited(
                f"Too many attempts. Wait {ceil(wait)} {'second' if ceil(wait) == 1 else 'seconds'} and try again.",
                retry_after=ceil(wait),
            )
        for one in held:
            self.throttles.save(one.failed(model.pace_of(one.key), now))

    def forgive(self, keys: tuple[str, ...]) -> None:
        """Take back what `count` counted, since the attempt was right."""
        # public: its callers have checked the proof
        now = self.clock.now()
        for key in sorted(keys):
            held = self.throttles.hold(key, now)
            # An address keeps its other failures: one account of their own must not let somebody guess at others.
            self.throttles.save(
                held.forgiven(now) if key.startswith("address:") else replace(held, failures=0, blocked_until=now)
            )
