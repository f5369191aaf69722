"""A forgotten password: a link by mail to the person's own address, without telling anybody whether the person exists."""

from dataclasses import dataclass

from homeport.directory.people.model import User, normal_email
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.mail.model import Message
from homeport.foundation.mail.store import Mail
from homeport.trust.signin.person.actions import Passwords
from homeport.trust.signin.person.model import LinkKind
from homeport.trust.signin.person.ports import PersonStore

KIND = "password.forgotten"
NO_MAIL = "This directory sends no mail. Ask your administrator, who can give you a link."


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Links by mail in one unit of work."""

    passwords: Passwords
    people: PersonStore
    mail: Mail
    jobs: Jobs
    limits: RateLimits
    public_url: str
    organization: str

    @property
    def by_mail(self) -> bool:
        """Tell whether links can go by mail."""
        return self.mail.configured

    def ask(self, typed: str, origin: Origin) -> None:
        """Note that somebody forgot a password; a job finds out whose, so that the answer takes as long whoever was named.

        Raises RateLimited for an address that asks too often, and Conflict when no mail is sent.
        """
        # public: whoever forgot the password cannot sign in; what follows goes to the person's own address only
        if not self.by_mail:
            raise Conflict(NO_MAIL, reason="no_mail_server")
        self.limits.require(f"forgotten {origin.network}", burst=10, per_minute=1)
        name = normal_email(typed)
        user = self.people.find_by_email(name) if "@" in name else self.people.find_by_username(name)
        self.jobs.add(KIND, {"user": user.id if user else ""})

    def answer(self, user_id: str) -> Message | None:
        """Send the link, if this is somebody who may have one and did not get three within the hour."""
        # public: called by the job; nothing is told to whoever asked
        # Held before it is read: the mail goes to the present address, not to one that is corrected at this moment.
        user = self.people.get_for_update(user_id) if user_id else None
        if user is None or not self.passwords.may_have_link(user):
            return None
        if self.limits.take(f"forgotten user {user.id}", burst=3, per_minute=0.05):
            return None
        kind, token = self.passwords.send_link(user)
        return self._send(user, kind, token)

    def send(self, actor: Actor, user_id: str) -> tuple[User, Message]:
        """Make a link as an administrator and send it; raises what `Passwords.issue_link` raises."""
        actor.require(Permission.PASSWORDS_RESET)
        actor.require_recent(self.passwords.clock.now())
        if not self.by_mail:
            raise Conflict("No mail server is configured. Make a link and hand it over instead.", reason="no_mail_server")
        user, kind, token = self.passwords.issue_link(actor, user_id)
        return user, self._send(user, kind, token)

    def _send(self, user: User, kind: LinkKind, token: str) -> Message:
        first = kind is LinkKind.ACTIVATION
        text = (
            f"Hello {user.full_name},\n\n"
            f"{'choose your password for' if first else 'somebody, probably you, asked for a new password at'} "
            f"{self.organization}'s user portal here:\n\n{self.public_url}/user/link/{token}\n\n"
            f"The link works once, for {'7 days' if first else 'an hour'}. Your user name is {user.username}.\n"
            f"{'' if first else 'If it was not you, do nothing: your present password goes on working.'}\n"
        )
        return self.mail.send(user.email, "Choose your password" if first else "A new password", text)
