"""Client secrets: sealed with their provider's id, opened only to be sent to the provider."""

from homeport.foundation.sealing.sealer import Sealer
from homeport.trust.federation.model import Client, Settings


def seal_secret(provider_id: str, secret: str, sealer: Sealer) -> str:
    """Return the envelope of a client secret."""
    return sealer.seal(secret.encode(), _context(provider_id))


def client_of(provider_id: str, settings: Settings, sealer: Sealer) -> Client:
    """Return client ID and opened secrets, the first first."""
    envelopes = [one for one in (settings.secret, settings.second_secret) if one is not None]
    return Client(settings.client_id, tuple(sealer.unseal(one, _context(provider_id)).decode() for one in envelopes))


def _context(provider_id: str) -> str:
    return f"client secret of identity provider {provider_id}"
