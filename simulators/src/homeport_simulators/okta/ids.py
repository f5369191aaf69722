"""Identifiers and secrets in Okta's shapes."""

import random
import string

_ALPHABET = string.ascii_letters + string.digits
_OKTA_ID_LENGTH = 20


class Ids:
    """Makes identifiers and secrets from one source of randomness."""

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.SystemRandom()

    def _letters(self, length: int) -> str:
        return "".join(self._source.choices(_ALPHABET, k=length))

    def okta_id(self, prefix: str) -> str:
        """Return an Okta-like id of 20 characters: `00u` for a user, `00g` for a group, `0oa` for an app."""
        return prefix + self._letters(_OKTA_ID_LENGTH - len(prefix))

    def secret(self) -> str:
        """Return a client secret, as long as Okta's."""
        return self._letters(64)

    def token(self) -> str:
        """Return an opaque value of 43 characters, about 256 bits: a code, an access token, a session."""
        return self._letters(43)

    def password(self) -> str:
        """Return a password a person can type."""
        return "-".join(self._letters(5) for _ in range(3))
