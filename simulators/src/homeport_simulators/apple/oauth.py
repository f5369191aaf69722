"""Who opens a session: OAuth 1.0a, judged by oauthlib's server side."""

from typing import Any

from oauthlib.oauth1 import RequestValidator, ResourceEndpoint  # type: ignore[import-untyped]  # it ships no types

from homeport_simulators.apple.ade_service import AdeService

LEEWAY = 600
"""Seconds that a client's clock may differ."""


class Validator(RequestValidator):  # type: ignore[misc]  # the same
    """Knows the one client and its one token."""

    def __init__(self, service: AdeService) -> None:
        super().__init__()
        self.service = service

    enforce_ssl = False
    """The simulator stands on loopback."""
    timestamp_lifetime = 10**10
    """oauthlib would ask the machine's clock; the time is judged below, by the service's own."""

    @property
    def safe_characters(self) -> set[str]:
        """Return what Apple's keys consist of."""
        return {*super().safe_characters, "_"}

    @property
    def nonce_length(self) -> tuple[int, int]:
        """Return how long a nonce is."""
        return 8, 64

    @property
    def dummy_client(self) -> str:
        """Return a client that does not exist, for equal timing."""
        return "CK_nobody"

    @property
    def dummy_access_token(self) -> str:
        """Return a token that does not exist."""
        return "AT_nobody"

    def check_client_key(self, client_key: str) -> bool:
        """Judge the form of a key."""
        return bool(client_key)

    def check_access_token(self, request_token: str) -> bool:
        """Judge the form of a token."""
        return bool(request_token)

    def validate_client_key(self, client_key: str, _request: Any) -> bool:
        """Tell whether this is our client."""
        return client_key == self.service.consumer_key

    def validate_access_token(self, _client_key: str, token: str, _request: Any) -> bool:
        """Tell whether this is its token."""
        return token == self.service.access_token

    def validate_timestamp_and_nonce(
        self,
        _client_key: str,
        timestamp: str,
        nonce: str,
        _request: Any,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        """Refuse a nonce that was used, and a time that is ten minutes off."""
        del request_token, access_token
        late = abs(int(timestamp) - self.service.now().timestamp()) > LEEWAY
        if late or (timestamp, nonce) in self.service.nonces:
            return False
        self.service.nonces.add((timestamp, nonce))
        return True

    def validate_realms(
        self, _client_key: str, _token: str, _request: Any, uri: str | None = None, realms: list[str] | None = None
    ) -> bool:
        """Apple has one realm."""
        del uri, realms
        return True

    def get_client_secret(self, _client_key: str, _request: Any) -> str:
        """Return the client's secret."""
        return self.service.consumer_secret

    def get_access_token_secret(self, _client_key: str, _token: str, _request: Any) -> str:
        """Return the token's secret."""
        return self.service.access_secret


def is_signed(service: AdeService, method: str, uri: str, headers: dict[str, str]) -> bool:
    """Tell whether a request is signed with the server token."""
    judged, _ = ResourceEndpoint(Validator(service)).validate_protected_resource_request(uri, method, None, headers, ["ADM"])
    return bool(judged)
