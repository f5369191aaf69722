"""A person's sign-in at the device: device authorization grant (RFC 8628), one order, one passcode (device.md)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from homeport_agent.client import Client, refusal_of
from homeport_agent.conversation import Conversation
from homeport_agent.jose import JoseError, read_unverified
from homeport_agent.privileged import PrivilegedHalf
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.transport import Answer

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_OK = 200
_TOO_MANY = 429
_SERVER_ERROR = 500
_SLOWER = 5
_SHOWN = ("verification_uri", "verification_uri_complete", "user_code")


@dataclass
class SignIn:
    """One attempt. ``sleep`` and ``monotonic`` are the passing of time, in seconds."""

    client: Client
    accounts: PrivilegedHalf
    conversation: Conversation
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    sign_in_id: str | None = None

    def run(self) -> bool:
        """Carry the conversation through; whether the person has an account now."""
        try:
            self._run()
        except Refusal as refusal:
            refusal.sign_in_id = refusal.sign_in_id or self.sign_in_id
            self.conversation.refused(refusal)
            return False
        return True

    def _run(self) -> None:
        # The privileged half is asked first: a person should not approve what cannot be carried out.
        self.accounts.call({"do": "status"})
        token = self._approve(self._begin())
        order, order_key = self._fetch_order(token)
        try:
            account = read_unverified(order)[1]["account"]  # the privileged half verifies it
            username = str(account["username"])
        except (JoseError, KeyError, TypeError) as error:
            raise Refusal(Reason.ORDER_MALFORMED, "The order names no account. Ask your administrator.") from error
        receipt = self.accounts.call({"do": "apply", "order": order, "order_key": order_key})["receipt"]
        if receipt["reason"] == Reason.ACCOUNT_PASSCODE_WANTED:
            receipt = self._take_over(order, order_key, username)
        self._report([receipt])
        if receipt["outcome"] != "done":
            detail = next((step["detail"] for step in reversed(receipt["steps"]) if step.get("detail")), "")
            raise Refusal(
                receipt["reason"] or Reason.TOOL_FAILED,
                detail or "The device did not carry out the order. Ask your administrator.",
            )
        adopted = any(step["step"] == "adopt" for step in receipt["steps"])
        if not adopted:
            self._set_passcode(receipt["order_id"], username)
            self._report([])
        listed = self.accounts.call({"do": "accounts"})["accounts"]
        kept = next((entry for entry in listed if entry["username"] == username and entry.get("adopted")), account)
        self.conversation.bound({**account, **kept}, self.sign_in_id or "", adopted=adopted)

    def _take_over(self, order: str, order_key: str, username: str) -> dict[str, Any]:
        while True:
            passcode = self.conversation.account_passcode(username)
            request = {"do": "take_over", "order": order, "order_key": order_key}
            answer = self.accounts.call({**request, "username": username, "passcode": passcode})
            if "receipt" in answer:
                receipt: dict[str, Any] = answer["receipt"]
                return receipt
            self.conversation.account_passcode_wrong(answer["wrong"]["message"], answer["wrong"]["tries_left"])

    def _begin(self) -> dict[str, Any]:
        answer = self.client.post_authenticated("device_authorization_endpoint", {"scope": "device_login"}, dpop=False)
        document = answer.document
        if answer.status != _OK:
            raise refusal_of(answer, "The server did not begin a sign-in")
        numbers = isinstance(document.get("interval", 5), int) and isinstance(document.get("expires_in"), int)
        if not numbers or not all(isinstance(document.get(name), str) for name in (*_SHOWN, "device_code")):
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's answer holds no code. It may need an update.")
        self.conversation.code(document)
        return document

    def _approve(self, begun: dict[str, Any]) -> str:
        interval = max(1, begun.get("interval", 5))
        deadline = self.monotonic() + begun["expires_in"] + 2 * interval
        number = ""
        polled_at = self.monotonic()
        while self.monotonic() < deadline:
            self.sleep(max(0.0, polled_at + interval - self.monotonic()))
            answer = self._poll(begun["device_code"], number)
            polled_at = (
                self.monotonic()
            )  # the interval begins with the answer: when the server got the request, nobody here knows
            if answer is None or answer.status >= _SERVER_ERROR:
                continue
            if answer.status == _TOO_MANY:
                interval += _SLOWER
                continue
            document = answer.document
            if answer.status == _OK:
                return self._token(document)
            match document.get("error"):
                case "slow_down":
                    interval += _SLOWER
                case "authorization_pending":
                    if document.get("reason") == "number_wrong":
                        self.conversation.number_wrong(document.get("attempts_left"))
                        number = self._ask_number()
                    elif not number and document.get("number_wanted"):
                        number = self._ask_number()
                case _:
                    raise refusal_of(answer, "The sign-in was refused")
        raise Refusal("expired_token", "Nobody approved the sign-in in time. Start it again.")

    def _ask_number(self) -> str:
        while not (number := self.conversation.number()):
            continue
        return number

    def _poll(self, device_code: str, number: str) -> Answer | None:
        fields = {"grant_type": _GRANT, "device_code": device_code}
        if number:
            fields["verification_number"] = number
        try:
            return self.client.post_authenticated("token_endpoint", fields, dpop=True)
        except Refusal as refusal:
            if refusal.reason != Reason.SERVER_UNREACHABLE:
                raise
            return None  # a server that restarts still knows the sign-in

    def _token(self, document: dict[str, Any]) -> str:
        token = document.get("access_token")
        if not isinstance(token, str):
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's answer holds no token. It may need an update.")
        return token

    def _fetch_order(self, token: str) -> tuple[str, str]:
        answer = self.client.with_token("POST", "/agent/v1/order", {}, token=token)
        document = answer.document
        if isinstance(document.get("sign_in_id"), str):
            self.sign_in_id = document["sign_in_id"]
        if answer.status != _OK:
            raise refusal_of(answer, "The server gave no order")
        order, order_key = document.get("order"), document.get("order_key")
        if not isinstance(order, str) or not isinstance(order_key, str):
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's answer holds no order. It may need an update.")
        return order, order_key

    def _set_passcode(self, order_id: str, username: str) -> None:
        while True:
            passcode = self.conversation.passcode(username, repeat=False)
            if passcode != self.conversation.passcode(username, repeat=True):
                self.conversation.passcode_refused("The two passcodes differ. Type the same one twice.")
                continue
            answer = self.accounts.call({"do": "set_passcode", "order_id": order_id, "passcode": passcode})
            if answer.get("ok"):
                return
            if answer.get("reason") != Reason.PASSCODE_REFUSED:
                raise Refusal(
                    answer.get("reason", Reason.TOOL_FAILED), answer.get("message", "The passcode was not set. Sign in again.")
                )
            self.conversation.passcode_refused(answer.get("message", "Choose another passcode."))

    def _report(self, receipts: list[dict[str, Any]]) -> None:
        """Tell the server at once. When it cannot be told, ``run`` will: the order stays open there until it is answered."""
        try:
            self.client.report({"receipts": receipts, "accounts": self.accounts.call({"do": "accounts"})["accounts"]})
        except Refusal as refusal:
            if refusal.reason == Reason.ACCOUNTS_UNREACHABLE:
                raise
