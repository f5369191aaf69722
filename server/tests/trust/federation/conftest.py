"""A provider's signing keys, tokens that are honest until a test changes them, and the pieces around them."""

import base64
import functools
import json
import warnings
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from homeport.foundation.outbound.model import Response
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.model import (
    FederatedIdentity,
    IdentityProvider,
    LinkState,
    Metadata,
    ProviderKind,
    ProviderState,
    Settings,
)
from homeport.trust.federation.verifier import Expectation, verify

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ISSUER = "https://example.okta.com"
CLIENT_ID = "0oa1client"
NONCE = "the-nonce-of-this-sign-in"
REDIRECT_URI = "https://homeport.example/oauth/callback/p1"


@functools.cache
def rsa_key(bits=2048, number=1):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RSAKey.generate_key(bits, {"kid": f"rsa-{bits}-{number}", "use": "sig"})


@functools.cache
def ec_key(curve="P-256"):
    return ECKey.generate_key(curve, {"kid": f"ec-{curve}", "use": "sig"})


def encoded(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Signer:
    """Makes tokens. Every part can be replaced, so that each test breaks one thing."""

    now = NOW
    issuer = ISSUER
    client_id = CLIENT_ID
    nonce = NONCE

    def claims(self, *without, **changed):
        seconds = int(NOW.timestamp())
        claims = {
            "iss": ISSUER,
            "sub": "00u1ada",
            "aud": CLIENT_ID,
            "iat": seconds,
            "exp": seconds + 3600,
            "nonce": NONCE,
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
            "auth_time": seconds - 10,
        }
        return {name: value for name, value in {**claims, **changed}.items() if name not in without}

    def key(self, algorithm="RS256"):
        return ec_key() if algorithm == "ES256" else rsa_key()

    def sign(self, claims, *, algorithm="RS256", key=None, header=None, kid=...):
        key = key or self.key(algorithm)
        protected = {"alg": algorithm, "kid": key.kid if kid is ... else kid, **(header or {})}
        payload = claims if isinstance(claims, bytes) else json.dumps(claims)
        return self.raw({name: value for name, value in protected.items() if value is not None}, payload, key, algorithm)

    def raw(self, header, payload, key, algorithm):
        """Sign whatever the header says, so that headers which no library writes can be tried."""
        text = json.dumps(header) if isinstance(header, dict) else header
        signing_input = f"{encoded(text.encode())}.{encoded(payload.encode() if isinstance(payload, str) else payload)}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signature = jws.JWSRegistry.algorithms[algorithm].sign(signing_input.encode(), key)
        return f"{signing_input}.{encoded(signature)}"

    def token(self, *without, **changed):
        return self.sign(self.claims(*without, **changed))

    def keys(self, *keys):
        return KeySet(tuple(key.as_dict(private=False) for key in (keys or (rsa_key(), ec_key()))))

    def expectation(self, **changed):
        return replace(Expectation(issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE, now=NOW), **changed)

    def verify(self, token, *, keys=None, **expected):
        return verify(token, keys or self.keys(), self.expectation(**expected))

    def identity(self, *without, **changed):
        return self.verify(self.token(*without, **changed))

    rsa = staticmethod(rsa_key)
    ec = staticmethod(ec_key)
    encoded = staticmethod(encoded)


@pytest.fixture(scope="session")
def signer():
    return Signer()


@pytest.fixture
def metadata():
    return Metadata(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/oauth2/v1/authorize",
        token_endpoint=f"{ISSUER}/oauth2/v1/token",
        jwks_uri=f"{ISSUER}/oauth2/v1/keys",
        userinfo_endpoint=f"{ISSUER}/oauth2/v1/userinfo",
        token_endpoint_auth_methods=("client_secret_basic", "client_secret_post"),
    )


@pytest.fixture
def document():
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/oauth2/v1/authorize",
        "token_endpoint": f"{ISSUER}/oauth2/v1/token",
        "userinfo_endpoint": f"{ISSUER}/oauth2/v1/userinfo",
        "jwks_uri": f"{ISSUER}/oauth2/v1/keys",
        "response_types_supported": ["code", "id_token"],
        "grant_types_supported": ["authorization_code", "implicit"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "code_challenge_methods_supported": ["S256"],
    }


@pytest.fixture
def provider():
    return IdentityProvider(
        id="p1",
        kind=ProviderKind.OKTA,
        state=ProviderState.ACTIVE,
        settings=Settings(name="Okta", url=ISSUER, issuer=ISSUER, client_id=CLIENT_ID, email_domains=("example.com",)),
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.fixture
def make_link():
    def make(**changed):
        link = FederatedIdentity(
            id="l1",
            user_id="u1",
            provider_id="p1",
            issuer=ISSUER,
            subject="00u1ada",
            email="ada@example.com",
            state=LinkState.ACTIVE,
            created_at=NOW,
        )
        return replace(link, **changed)

    return make


@pytest.fixture
def answer():
    def make(body=b"", status=200, url=ISSUER, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Response(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), raw, url)

    return make
