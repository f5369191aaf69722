"""Decides whether a prompt may let somebody through: the server's signed word, under the prompt's own nonce (device.md section 3)."""

import hmac
from dataclasses import dataclass
from typing import Any

from homeport_agent.accounts.orders import Pin, verified_claims
from homeport_agent.refusals import Reason, Refusal

_TYPE = "homeport-approval+jwt"
_LEEWAY = 120


@dataclass(frozen=True)
class Expected:
    """What the prompt waits for. The nonce was made here for this prompt, so no other approval can stand in for this one."""

    nonce: str
    purpose: str
    user_id: str


def check_approval(approval: Any, order_key: Any, pin: Pin, expected: Expected, now: float) -> None:
    """Refuse what is not the server's approval of exactly this; ``now`` as for orders that grant."""
    claims, valid_from, valid_until = verified_claims(approval, order_key, pin, _TYPE)
    ends = claims.get("exp")
    if not isinstance(ends, int) or now > ends or not valid_from - _LEEWAY <= now <= valid_until:
        raise Refusal(
            Reason.ORDER_EXPIRED, "The approval's time is over by this device's clock. Check the clock and sign in again."
        )
    if claims.get("user_id") != expected.user_id:
        raise Refusal(Reason.ANOTHER_PERSON, "Another person signed in than the one this prompt was for. Nothing was done.")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Refusal(Reason.ORDER_SUPERSEDED, "The approval was for another prompt. Sign in again.")
    if claims.get("purpose") != expected.purpose:
        raise Refusal(Reason.ORDER_MALFORMED, "The approval is for something else than this prompt asks for. Nothing was done.")
