"""What the sign-in's actions need: storage, and the continuation of each purpose."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from homeport.directory.people.model import User
from homeport.foundation.kernel.listing import Listing, Page, Window
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.recorder import Step
from homeport.trust.signin.model import DayOfSignIns, Listed, RecordedStep, Refusals, SignIn


class SignInStore(Protocol):
    """Sign-ins and their steps."""

    def add(self, sign_in: SignIn) -> None:
        """Store a new sign-in."""
        ...

    def update(self, sign_in: SignIn) -> None:
        """Replace the stored one with the same id."""
        ...

    def get(self, sign_in_id: str) -> SignIn | None:
        """Return one by id."""
        ...

    def get_for_update(self, sign_in_id: str) -> SignIn | None:
        """Return one by id and hold its row until the unit of work ends; it is held before what it was begun for."""
        ...

    def find_by_state(self, state_hash: str) -> SignIn | None:
        """Return one by the hash of its `state` and hold its row until the unit of work ends."""
        ...

    def add_steps(self, sign_in_id: str, steps: Sequence[Step]) -> None:
        """Append steps to a sign-in's timeline."""
        ...

    def steps(self, sign_in_id: str) -> Sequence[RecordedStep]:
        """Return a sign-in's timeline."""
        ...

    def open_of_provider(self, provider_id: str) -> Sequence[SignIn]:
        """Return the open sign-ins at a provider and hold their rows."""
        ...

    def open_before(self, moment: datetime) -> Sequence[SignIn]:
        """Return open sign-ins whose time was over before the moment, at most 500."""
        ...

    def days(self, since: date) -> Sequence[DayOfSignIns]:
        """Return the days (UTC) since then on which sign-ins began that have ended, oldest first."""
        ...

    def remove_before(self, moment: datetime) -> int:
        """Forget sign-ins that ended and began before the moment, with their steps, at most 1000; return how many."""
        ...

    def list(self, listing: Listing) -> Page[SignIn]:
        """Return a page of sign-ins, newest first."""
        ...

    def window(self, listing: Listing, cursor: str = "", *, newer: bool = False, resumed: bool = False) -> Window[Listed]:
        """Return a window of sign-ins with names, newest first, before or after the sign-in with the id `cursor`.

        When that one is gone: the newest, or, with `resumed`, none.
        """
        ...

    def users_called(self, text: str) -> Sequence[str]:
        """Return the ids of users with this id, user name or e-mail address."""
        ...

    def devices_called(self, text: str) -> Sequence[str]:
        """Return the ids of devices with this id, name or host name, at most 50."""
        ...

    def providers_called(self, text: str) -> Sequence[str]:
        """Return the ids of identity providers with this id, which may be a deleted one's, or this name in any case."""
        ...

    def refusals(self, provider_id: str, now: datetime) -> Sequence[Refusals]:
        """Return how often each reason refused at a provider, or anywhere without one; the most frequent of the week first."""
        ...


class Continuation(Protocol):
    """What a sign-in is for: asked once whether the person may, then told the outcome."""

    def admit(self, sign_in: SignIn, user: User) -> ReasonCode | None:
        """Tell why this person may not, or None."""
        ...

    def complete(self, sign_in: SignIn, user: User) -> ReasonCode | None:
        """Carry out what the sign-in was for, in the same unit of work; a reason means it is too late."""
        ...

    def refused(self, sign_in: SignIn, reason: ReasonCode) -> None:
        """Learn that the sign-in was refused."""
        ...

    def location(self, sign_in: SignIn) -> str:
        """Return the path of the page that follows, for this purpose."""
        ...
