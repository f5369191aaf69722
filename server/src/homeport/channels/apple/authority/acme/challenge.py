"""The challenge `device-attest-01` (draft-ietf-acme-device-attest, section 5)."""

from dataclasses import replace
from typing import Any

from homeport.channels.apple.authority.acme.attestation import Attested
from homeport.channels.apple.authority.acme.jws import from_base64url
from homeport.channels.apple.authority.acme.model import CHALLENGE, Order, OrderState, Problem, ProblemKind, Reply
from homeport.channels.apple.authority.acme.order import error
from homeport.channels.apple.authority.acme.parts import Asked, Parts
from homeport.channels.apple.authority.model import Challenge, Way


def respond(parts: Parts, asked: Asked) -> Reply:
    """Judge the attestation. A wrong one makes the order invalid for ever; what was decided is never decided again."""
    found = parts.order(asked)
    if asked.payload is not None and found.state is OrderState.PENDING:
        found = _judged(parts, found, asked.payload)
        parts.store.save_order(found)
    headers = {"Link": f'<{parts.url("authorization", found.id)}>;rel="up"'}
    return Reply(200, document(parts, found), headers)


def document(parts: Parts, order: Order) -> dict[str, Any]:
    """Return the challenge of an order."""
    met = order.state in {OrderState.READY, OrderState.VALID}
    found = {
        "type": CHALLENGE,
        "url": parts.url("challenge", order.id),
        "token": order.token,
        "status": "valid" if met else order.state.value,
    }
    return found | error(order)


def _judged(parts: Parts, order: Order, payload: dict[str, Any]) -> Order:
    promised = parts.authority.promised_by(order.word_hash)
    try:
        if promised is None:
            raise Problem(ProblemKind.REJECTED_IDENTIFIER, "The identifier was used meanwhile, or is over.")  # noqa: TRY301 - joins the other refusals
        attested = parts.roots.judge(_statement(payload), order.token, parts.clock.now())
        _same_mac(promised, attested)
    except Problem as problem:
        return replace(order, state=OrderState.INVALID, problem=problem.kind.value, detail=problem.detail)
    if attested is None:
        return replace(order, state=OrderState.READY)
    return replace(order, state=OrderState.READY, attested=True, public_key=attested.public_key, udid=attested.udid)


def _statement(payload: dict[str, Any]) -> bytes:
    """Return the attestation object; empty when the Mac sent none, which one without a Secure Enclave does."""
    value = payload.get("attObj", "")
    if not isinstance(value, str):
        raise Problem(ProblemKind.MALFORMED, "attObj is base64url.")
    return from_base64url(value)


def _same_mac(promised: Challenge, attested: Attested | None) -> None:
    """Raise Problem unless the hardware is that of the session's Mac."""
    if attested is None:
        if promised.way is Way.ATTESTED:
            raise Problem(ProblemKind.BAD_ATTESTATION, "Only a Mac whose hardware vouches for its key is taken here.")
        return
    if attested.serial != promised.serial or (promised.udid and attested.udid != promised.udid):
        raise Problem(ProblemKind.BAD_ATTESTATION, "The attestation is of another Mac than the one that began the enrolment.")
