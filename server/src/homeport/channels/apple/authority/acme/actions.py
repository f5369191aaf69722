"""What ACME does with a signed request."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from homeport.channels.apple.authority.acme import (
    account,
    authorization,
    certificate,
    challenge,
    directory,
    finalize,
    jws,
    nonce,
    order,
)
from homeport.channels.apple.authority.acme.model import KEPT_FOR, Problem, ProblemKind, Reply
from homeport.channels.apple.authority.acme.parts import Asked, Parts, Word
from homeport.foundation.kernel.actor import Origin

NEW_ACCOUNT = "new-account"
WORDS: Mapping[str, Word] = MappingProxyType({
    "account": account.show,
    "new-order": order.create,
    "order": order.show,
    "authorization": authorization.show,
    "challenge": challenge.respond,
    "finalize": finalize.finish,
    "certificate": certificate.chain,
})  # fmt: skip
"""What an account may ask for; `new-account` stands apart, since it comes from a key that has none."""
TELLING = frozenset({ProblemKind.BAD_ATTESTATION, ProblemKind.BAD_CSR, ProblemKind.REJECTED_IDENTIFIER, ProblemKind.UNAUTHORIZED})
"""Problems that an administrator wants to know about."""


@dataclass(frozen=True, slots=True)
class Acme:
    """ACME over one unit of work."""

    parts: Parts

    def directory(self) -> dict[str, Any]:
        """Return where each request goes."""
        # public: the same for everybody
        return directory.document(self.parts)

    def nonce(self) -> str:
        """Return a fresh nonce."""
        # public: worth nothing by itself
        return nonce.fresh(self.parts)

    def answer(self, word: str, identity: str, body: bytes, origin: Origin) -> Reply:
        """Carry a signed request out, about the object with this id; raise Problem when it is not carried out.

        The nonce is used up in either case: the caller commits.
        """
        # public: the signature and the one-use secret are the proof
        try:
            reply = self._answer(word, identity, body)
        except Problem as problem:
            if problem.kind in TELLING:
                self.parts.authority.note_refusal(problem.detail, origin)
            raise
        if word == "challenge" and isinstance(reply.body, dict) and "error" in reply.body:
            self.parts.authority.note_refusal(str(reply.body["error"]["detail"]), origin)
        return reply

    def forget(self) -> None:
        """Forget what is over."""
        # public: the server's own upkeep
        now = self.parts.clock.now()
        self.parts.store.remove_before(now, now - KEPT_FOR)

    def _answer(self, word: str, identity: str, body: bytes) -> Reply:
        request, parts = jws.read(body), self.parts
        nonce.take(parts, request.nonce)
        if request.url != parts.url(word, identity):
            raise Problem(ProblemKind.UNAUTHORIZED, "The protected header names another address than the request's.")
        if word == NEW_ACCOUNT:
            if request.jwk is None:
                raise Problem(ProblemKind.MALFORMED, "A new account is asked for with jwk.")
            return account.create(parts, request, request.verified(request.jwk))
        prefix = parts.url("account") + "/"
        found = parts.store.account(request.kid.removeprefix(prefix)) if request.kid.startswith(prefix) else None
        if found is None:
            raise Problem(ProblemKind.ACCOUNT_DOES_NOT_EXIST, "The protected header's kid is no account.")
        return WORDS[word](parts, Asked(found, identity, request.verified(found.jwk)))
