"""Accounts (RFC 8555, section 7.3): a key, and nothing about a person."""

from typing import Any

from homeport.channels.apple.authority.acme.jws import Unverified, imported
from homeport.channels.apple.authority.acme.model import Account, Problem, ProblemKind, Reply
from homeport.channels.apple.authority.acme.parts import Asked, Parts

_DOCUMENT = {"status": "valid"}


def create(parts: Parts, request: Unverified, payload: dict[str, Any] | None) -> Reply:
    """Return the account of the key that signed the request, made when it is new."""
    assert request.jwk is not None
    key = imported(request.jwk, request.algorithm)
    thumbprint = key.thumbprint()
    found = parts.store.account_of(thumbprint)
    if found is None:
        if (payload or {}).get("onlyReturnExisting") is True:
            raise Problem(ProblemKind.ACCOUNT_DOES_NOT_EXIST, "The key has no account.")
        public = {name: str(value) for name, value in key.as_dict(private=False).items()}
        made = Account(parts.entropy.new_id(), thumbprint, public, parts.clock.now())
        if parts.store.add_account(made):
            return Reply(201, _DOCUMENT, {"Location": parts.url("account", made.id)})
        found = parts.store.account_of(thumbprint)  # somebody else was faster
        assert found is not None
    return Reply(200, _DOCUMENT, {"Location": parts.url("account", found.id)})


def show(parts: Parts, asked: Asked) -> Reply:
    """Return the account; nothing about it can be changed."""
    if asked.identity != asked.account.id:
        raise Problem(ProblemKind.UNAUTHORIZED, "This is another key's account.")
    return Reply(200, _DOCUMENT, {"Location": parts.url("account", asked.account.id)})
