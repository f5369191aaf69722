"""Signs a request with OAuth 1.0a (RFC 5849, section 3) as Apple's `/session` wants it: HMAC-SHA1, in the Authorization header."""

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit

from homeport.channels.apple.ade.model import Token

REALM = "ADM"


def authorization(token: Token, method: str, url: str, *, nonce: str, now: datetime) -> str:
    """Return the value of the Authorization header. `nonce` must not repeat within the same second."""
    parameters = {
        "oauth_consumer_key": token.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(now.timestamp())),
        "oauth_token": token.access_token,
        "oauth_version": "1.0",
    }
    key = f"{_escaped(token.consumer_secret)}&{_escaped(token.access_secret)}"
    digest = hmac.new(key.encode(), _base_string(method, url, parameters).encode(), hashlib.sha1).digest()
    signed = {"realm": REALM, **parameters, "oauth_signature": base64.b64encode(digest).decode()}
    return "OAuth " + ", ".join(f'{name}="{_escaped(value)}"' for name, value in signed.items())


def _base_string(method: str, url: str, parameters: dict[str, str]) -> str:
    """Return what is signed (RFC 5849, section 3.4.1); the realm is no part of it."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname or ""
    place = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {None, default} else "") + (parts.path or "/")
    pairs = [*parameters.items(), *parse_qsl(parts.query, keep_blank_values=True)]
    joined = "&".join(f"{name}={value}" for name, value in sorted((_escaped(n), _escaped(v)) for n, v in pairs))
    return "&".join((method.upper(), _escaped(place), _escaped(joined)))


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
