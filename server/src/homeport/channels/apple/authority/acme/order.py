"""Orders (RFC 8555, section 7.4): one identifier, the one-use secret of a profile."""

from typing import Any

from homeport.channels.apple.authority.acme.model import IDENTIFIER, ORDER_LIFE, Order, OrderState, Problem, ProblemKind, Reply
from homeport.channels.apple.authority.acme.parts import SEALED_AS, Asked, Parts
from homeport.foundation.kernel.entropy import hash_token


def create(parts: Parts, asked: Asked) -> Reply:
    """Take an order for the session whose secret is given; raise Problem when the secret earns nothing."""
    word = _word(asked.payload)
    promised = parts.authority.promised(word)
    if promised is None:
        raise Problem(ProblemKind.REJECTED_IDENTIFIER, "The identifier is not known, was used, or is over.")
    made = Order(
        id=parts.entropy.new_id(),
        account_id=asked.account.id,
        word_hash=hash_token(word),
        word_sealed=parts.sealer.seal(word.encode(), SEALED_AS),
        token=parts.entropy.token(32),
        expires_at=min(parts.clock.now() + ORDER_LIFE, promised.expires_at),
    )
    parts.store.add_order(made)
    return Reply(201, document(parts, made), {"Location": parts.url("order", made.id)})


def show(parts: Parts, asked: Asked) -> Reply:
    """Return how far an order is."""
    return Reply(200, document(parts, parts.order(asked)))


def document(parts: Parts, order: Order) -> dict[str, Any]:
    """Return an order as section 7.1.3 writes it."""
    found = {
        "status": order.state.value,
        "expires": order.expires_at.isoformat(timespec="seconds"),
        "identifiers": [identifier(parts, order)],
        "authorizations": [parts.url("authorization", order.id)],
        "finalize": parts.url("finalize", order.id),
    }
    if order.state is OrderState.VALID:
        found["certificate"] = parts.url("certificate", order.id)
    return found | error(order)


def identifier(parts: Parts, order: Order) -> dict[str, str]:
    """Return the order's identifier."""
    return {"type": IDENTIFIER, "value": parts.sealer.unseal(order.word_sealed, SEALED_AS).decode()}


def error(order: Order) -> dict[str, Any]:
    """Return why an order is invalid, as a member of its documents; empty when it is not."""
    return {"error": Problem(ProblemKind(order.problem), order.detail).document()} if order.problem else {}


def _word(payload: dict[str, Any] | None) -> str:
    listed = (payload or {}).get("identifiers")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        raise Problem(ProblemKind.MALFORMED, "An order has exactly one identifier.")
    if listed[0].get("type") != IDENTIFIER:
        raise Problem(ProblemKind.UNSUPPORTED_IDENTIFIER, f"The only kind of identifier is {IDENTIFIER}.")
    value = listed[0].get("value")
    return value if isinstance(value, str) else ""
