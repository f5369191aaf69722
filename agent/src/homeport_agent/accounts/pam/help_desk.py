"""The prompt of the help desk: where no server can be reached, a person reads digits out and types those they hear."""

from dataclasses import dataclass
from datetime import UTC, datetime

from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.help_desk import HelpDesk, Wish, spoken
from homeport_agent.accounts.pam.talk import Result, Talk, choose_passcode
from homeport_agent.accounts.roster import Person
from homeport_agent.refusals import Reason, Refusal

_DAY = 86_400
_MOST_ASKED = 10


@dataclass(frozen=True)
class HelpDeskPrompt:
    """Asks for a code at the console, and for a new passcode where the code was for one."""

    help_desk: HelpDesk
    applier: Applier

    def hold(self, talk: Talk, wanted: Person, wish: Wish) -> Result:
        """Hold the conversation; with a code that only renews, PAM goes on to the passcode. A Refusal when nothing came of it."""
        challenge = spoken(self.help_desk.challenge(wanted.user_id, wish))
        hint = ""
        for _ in range(_MOST_ASKED):
            code = talk.ask(f"{hint}\nCall your help desk and read out  {challenge}\nCode, or only Enter to end: ", echo=True)
            if not code.strip():
                raise Refusal(Reason.CONVERSATION_ENDED, "No code was typed. Log in again when you have one.")
            try:
                day = self.help_desk.open_with(wanted.user_id, wish, code)
            except Refusal as refusal:
                if refusal.reason != Reason.CODE_WRONG:
                    raise
                hint = f"\n{refusal.message}"
                continue
            last = datetime.fromtimestamp((day - 1) * _DAY, tz=UTC).date().isoformat()
            talk.info(f"Your access to this device goes on until the end of {last} (UTC).")
            if wish is Wish.RENEW:
                return Result.IGNORE
            talk.user(wanted.username)
            choose_passcode(talk, wanted.username, lambda passcode: self.applier.replace_passcode(wanted.user_id, passcode))
            return Result.SUCCESS
        raise Refusal(Reason.CONVERSATION_ENDED, "The code did not come. Start again when you have it.")
