"""Client secrets: sealed with their provider's id, opened only to be sent to the provider."""

from homeport.foundation.sealing.sealer import Sealer
from homeport.trust.federation.model import Client, Settings


def seal_secret(provider_id: str, secret: str, sealer: Sealer) -> str:
    """Return the envelope of a client secret."""
    return sealer.seal(secret.encode(), _context(provider_id))


def client_of(provider_id: str, settings: Settings, sealer: Sealer) -> Client:
    """Return client ID and opened secrets, the first first."""
    places = ((settings.secret, settings.secret_id), (settings.second_secret, settings.second_secret_id))
    opened = [(sealer.unseal(one, _context(provider_id)).decode(), name) for one, name in places if one is not None]
    return Client(settings.client_id, tuple(secret for secret, _ in opened), tuple(name for _, name in opened))


def _context(provider_id: str) -> str:
    return f"client secret of identity provider {provider_id}"
