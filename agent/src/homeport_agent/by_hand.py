"""What root does at the machine itself: let somebody in by a code of the help desk, or end somebody's binding."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from homeport_agent.accounts.help_desk import spoken
from homeport_agent.client import Client
from homeport_agent.privileged import PrivilegedHalf
from homeport_agent.refusals import Reason, Refusal

_DAY = 86_400
_MOST_TYPED = 100


@dataclass(frozen=True)
class ByHand:
    """Asks the privileged half, and tells the server at once where it can be reached."""

    client: Client
    accounts: PrivilegedHalf

    def unlock(self, username: str) -> str:
        """Show the challenge, take the code, renew the access; what happened, in a sentence."""
        challenge = self._ask({"do": "challenge", "username": username})["challenge"]
        print(f"Give the help desk these digits:  {spoken(challenge)}", flush=True)  # noqa: T201 - the command's answer
        while True:
            sys.stdout.write("Code: ")
            sys.stdout.flush()
            code = sys.stdin.readline(_MOST_TYPED)
            if not code.strip():
                raise Refusal(Reason.CONVERSATION_ENDED, "No code was typed. Run the command again when you have one.")
            try:
                day = self._ask({"do": "unlock", "username": username, "code": code.strip()})["last_day"]
            except Refusal as refusal:
                if refusal.reason != Reason.CODE_WRONG:
                    raise
                print(refusal.message, flush=True)  # noqa: T201 - the command's answer
                continue
            last = datetime.fromtimestamp(day * _DAY, tz=UTC).date().isoformat()
            return f"{username} can log in with their passcode until the end of {last} (UTC). {self._tell()}"

    def unbind(self, username: str, after: str) -> str:
        """End the binding; what happened, in a sentence."""
        receipt = self._ask({"do": "unbind", "username": username, "after": after})["receipt"]
        if receipt["outcome"] != "done":
            detail = next((step["detail"] for step in reversed(receipt["steps"]) if step["outcome"] == "failed"), "")
            raise Refusal(
                receipt["reason"] or Reason.TOOL_FAILED, f"The binding of {username} did not end. {detail} Run it again."
            )
        steps = {step["step"] for step in receipt["steps"]}
        if after == "remove" and "remove_account" not in steps:
            after = "lock"  # an account that was here before Homeport
        became = {
            "keep": "an ordinary local account now",
            "lock": "locked, and their processes ended",
            "remove": "gone, with its home folder",
        }
        return f"The binding of {username} to this device ended; the account is {became[after]}. {self._tell()}"

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = self.accounts.call(request)
        if answer.get("ok") is not True:
            raise Refusal(str(answer.get("reason")), str(answer.get("message")))
        return answer

    def _tell(self) -> str:
        notices = self.accounts.call({"do": "notices"})["notices"]
        try:
            listed = self.accounts.call({"do": "accounts"})["accounts"]
            self.client.report({"receipts": [], "accounts": listed, "notices": notices})
        except Refusal as refusal:
            if refusal.reason == Reason.ACCOUNTS_UNREACHABLE:
                raise
            return "The server will be told at the next contact."
        self.accounts.call({"do": "told", "ids": [notice["id"] for notice in notices]})
        return "The server knows."
