"""What a session needs of the database."""

from datetime import datetime
from typing import Protocol

from homeport.channels.apple.enrollment.model import Enrollment


class Entitled(Protocol):
    """Whom a Mac may belong to."""

    def is_active(self, user_id: str) -> bool:
        """Tell whether the person is there and activated."""
        ...

    def may_have(self, user_id: str, serial: str) -> bool:
        """Tell whether access and the settings let the person have this Mac: some are for assigned people, or for who has it."""
        ...

    def has_proof(self, serial: str, *, second_factor: bool) -> bool:
        """Tell whether the sign-in was strong enough for this Mac, which may be somebody's already."""
        ...

    def has_room(self, user_id: str, serial: str) -> bool:
        """Tell whether the person may have this Mac besides those they have; others who ask for the person wait until this is over."""
        ...


class EnrollmentStore(Protocol):
    """Sessions of the web view."""

    def add(self, enrollment: Enrollment) -> None:
        """Store a new session."""
        ...

    def save(self, enrollment: Enrollment) -> None:
        """Replace the stored one with the same id."""
        ...

    def get(self, enrollment_id: str, *, hold: bool = False) -> Enrollment | None:
        """Return one by id; `hold` keeps its row until the unit of work ends."""
        ...

    def by_cookie(self, cookie_hash: str, *, hold: bool = False) -> Enrollment | None:
        """Return one by the hash of its cookie."""
        ...

    def has_certificate(self, enrollment_id: str) -> bool:
        """Tell whether a certificate was issued for the session: its secret is used up."""
        ...

    def remove_before(self, moment: datetime) -> int:
        """Forget sessions that began before and earned no certificate; return how many."""
        ...
