"""The sign-ins that are open at this device's prompts, as the network half keeps them: begun once, redeemed by a number."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from homeport_agent.client import Client, refusal_of
from homeport_agent.refusals import Reason, Refusal

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_OK = 200
_TOO_MANY = 429
_SERVER_ERROR = 500
_SLOWER = 5
_MOST = 2_000
_SHOWN = ("verification_uri", "verification_uri_complete", "user_code")


@dataclass
class Transaction:
    """One device authorization (RFC 8628) with what the server answered to it."""

    begun: dict[str, Any]
    until: float
    interval: float
    polled_at: float
    earned: dict[str, Any] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Transactions:
    """Open sign-ins by the name that the privileged half gave them; forgotten when their time is over."""

    client: Client
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    _open: dict[str, Transaction] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begin(self, nonce: str, fields: dict[str, str]) -> dict[str, Any]:
        """Begin a sign-in, or give again what it began with: address, code, QR code, seconds left."""
        now = self.monotonic()
        with self._lock:
            for old in [name for name, transaction in self._open.items() if transaction.until < now]:
                del self._open[old]
            known = self._open.get(nonce)
        if known is None:
            known = self._ask(fields)
            with self._lock:
                if len(self._open) >= _MOST:
                    raise Refusal(Reason.TOO_MANY_SIGN_INS, "Too many sign-ins are open on this device. Wait ten minutes.")
                known = self._open.setdefault(nonce, known)
        shown = {name: known.begun[name] for name in _SHOWN}
        rows = known.begun.get("verification_qr")
        return {**shown, "verification_qr": rows, "expires_in": max(0, int(known.until - now))}

    def _ask(self, fields: dict[str, str]) -> Transaction:
        answer = self.client.post_authenticated("device_authorization_endpoint", fields, dpop=False)
        document = answer.document
        if answer.status != _OK:
            raise refusal_of(answer, "The server did not begin a sign-in")
        numbers = isinstance(document.get("interval", 5), int) and isinstance(document.get("expires_in"), int)
        if not numbers or not all(isinstance(document.get(name), str) for name in (*_SHOWN, "device_code")):
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's answer holds no code. It may need an update.")
        now = self.monotonic()
        interval = max(1.0, float(document.get("interval", 5)))
        return Transaction(document, now + document["expires_in"], interval, now - interval)

    def redeem(self, nonce: str, number: str) -> dict[str, Any]:
        """Send the number; the order that it earned, or how things stand. A Refusal ends the transaction."""
        with self._lock:
            transaction = self._open.get(nonce)
        if transaction is None:
            raise Refusal("expired_token", "Nobody approved the sign-in in time. Start it again.")
        with transaction.lock:
            if transaction.earned is None:
                try:
                    return self._poll(transaction, number)
                except Refusal as refusal:
                    if refusal.reason != Reason.SERVER_UNREACHABLE:
                        with self._lock:
                            self._open.pop(nonce, None)
                    raise
            return transaction.earned

    def _poll(self, transaction: Transaction, number: str) -> dict[str, Any]:
        self.sleep(max(0.0, transaction.polled_at + transaction.interval - self.monotonic()))
        fields = {"grant_type": DEVICE_CODE_GRANT, "device_code": transaction.begun["device_code"]}
        if number:
            fields["verification_number"] = number
        try:
            answer = self.client.post_authenticated("token_endpoint", fields, dpop=True)
        finally:  # the interval begins with the answer: when the server got the request, nobody here knows
            transaction.polled_at = self.monotonic()
        document = answer.document
        if answer.status == _OK:
            transaction.earned = self._fetch_order(document.get("access_token"))
            return transaction.earned
        if answer.status == _TOO_MANY or document.get("error") == "slow_down":
            transaction.interval += _SLOWER
            return {"pending": True}
        if answer.status >= _SERVER_ERROR:
            raise Refusal(Reason.SERVER_UNREACHABLE, "The server has trouble. Try again in a moment.")
        if document.get("error") != "authorization_pending":
            raise refusal_of(answer, "The sign-in was refused")
        return {
            "pending": True,
            "number_wanted": document.get("number_wanted") is True,
            "attempts_left": document.get("attempts_left") if document.get("reason") == "number_wrong" else None,
        }

    def _fetch_order(self, token: Any) -> dict[str, Any]:
        if not isinstance(token, str):
            raise Refusal(Reason.SERVER_ANSWER_INVALID, "The server's answer holds no token. It may need an update.")
        answer = self.client.with_token("POST", "/agent/v1/order", {}, token=token)
        if answer.status != _OK:
            raise refusal_of(answer, "The server gave no order")
        document = answer.document
        return {name: document.get(name) for name in ("order", "order_key", "approval", "sign_in_id")}
