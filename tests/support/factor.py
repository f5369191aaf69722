"""An authenticator app for tests: it knows the secret and never shows a code twice, since Homeport takes none twice."""

import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyotp
from tests.support.logs import known

from homeport.directory.admins.model import Administrator, actor_of, step_of
from homeport.directory.admins.model.factors import STEP
from homeport.foundation.kernel.actor import Origin


@dataclass
class Authenticator:
    """One account in the app. `clock` is the test's own; without one the machine's time counts, and it waits when it must."""

    secret: str
    clock: Any = None
    last_step: int = 0

    def code(self) -> str:
        """Return a code that was not shown before and is taken now: of the step before, the present one or the next (RFC 6238, 5.2).

        The code of the step before is taken only as long as the present one lasts, so it is shown in its first half only.
        """
        step = max(self.last_step + 1, self._present() - (self._now().timestamp() % STEP < STEP / 2))
        while step > self._present() + 1:
            self._wait()
        self.last_step = step
        return known("a code of the authenticator", pyotp.TOTP(known("a TOTP secret", self.secret)).generate_otp(step))

    def _present(self) -> int:
        return step_of(self._now())

    def _now(self) -> datetime:
        return self.clock.now() if self.clock else datetime.now(UTC)

    def _wait(self) -> None:
        if self.clock:
            self.clock.forward(seconds=30)
        else:
            time.sleep(1)


def set_up(act: Any, administrator: Administrator, clock: Any) -> Authenticator:
    """Set up the second factor of an administrator as their page does; `act` holds every slice's actions."""
    actor = replace(actor_of(administrator, Origin()), session_id="set-up", authenticated_at=clock.now())
    enrolment = act.factors.begin(actor)
    app = Authenticator(enrolment.secret, clock)
    act.factors.confirm(actor, enrolment.envelope, app.code())
    return app


def shown_in(page: str) -> tuple[str, str]:
    """Return the secret and the hidden envelope that the page of the set-up shows."""
    secret = re.search(r'class="copyable-value">([A-Z2-7]{32})<', page)
    envelope = re.search(r'name="enrolment" value="([^"]+)"', page)
    assert secret is not None, page
    assert envelope is not None, page
    return secret[1], envelope[1]


def codes_in(page: str) -> list[str]:
    """Return the recovery codes that a page shows, this once."""
    return [known("a recovery code", code) for code in re.findall(r"\b(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\b", page)]
