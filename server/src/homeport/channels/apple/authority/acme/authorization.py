"""Authorizations (RFC 8555, section 7.5): each order has one, with one challenge."""

from homeport.channels.apple.authority.acme import challenge
from homeport.channels.apple.authority.acme.model import Order, OrderState, Reply
from homeport.channels.apple.authority.acme.order import identifier
from homeport.channels.apple.authority.acme.parts import Asked, Parts


def show(parts: Parts, asked: Asked) -> Reply:
    """Return the authorization of an order."""
    found = parts.order(asked)
    document = {
        "status": state_of(found),
        "expires": found.expires_at.isoformat(timespec="seconds"),
        "identifier": identifier(parts, found),
        "challenges": [challenge.document(parts, found)],
    }
    return Reply(200, document)


def state_of(order: Order) -> str:
    """Return the status of an order's authorization: its challenge was met as soon as the order is ready."""
    return "valid" if order.state in {OrderState.READY, OrderState.VALID} else order.state.value
