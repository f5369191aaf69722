"""Nonces (RFC 8555, section 6.5): each is good for one request."""

from homeport.channels.apple.authority.acme.model import NONCE_LIFE, Problem, ProblemKind
from homeport.channels.apple.authority.acme.parts import Parts
from homeport.foundation.kernel.entropy import hash_token


def fresh(parts: Parts) -> str:
    """Return a new nonce."""
    made = parts.entropy.token(16)
    parts.store.add_nonce(hash_token(made), parts.clock.now() + NONCE_LIFE)
    return made


def take(parts: Parts, nonce: str) -> None:
    """Use a nonce up; raise Problem when it is not one of ours, was used, or is over."""
    if not parts.store.take_nonce(hash_token(nonce), parts.clock.now()):
        raise Problem(ProblemKind.BAD_NONCE, "The nonce is not known, was used, or is over. Take the one of this answer.")
