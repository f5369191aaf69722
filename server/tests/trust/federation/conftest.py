"""A provider's signing keys, tokens that are honest until a test changes them, and the pieces around them."""

import base64
import functools
import json
import warnings
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from markupsafe import Markup
from server.tests.trust.federation.network import Network
from starlette.responses import HTMLResponse

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.store import AuditStore
from homeport.directory.people.actions import People
from homeport.directory.people.model import UserDeleted, UserState
from homeport.directory.people.store import UserSql
from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.http import problems
from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.outbound.model import Response
from homeport.foundation.sealing.sealer import Sealer
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.navigation import Shell
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.actions import Federation, IdentityProviders, Links, Typed
from homeport.trust.federation.api import IdentityProviderApi
from homeport.trust.federation.discovery import Check, CheckState, Judgement
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.linking import Matched
from homeport.trust.federation.model import (
    FederatedIdentity,
    IdentityProvider,
    IdentityProviderChanged,
    IdentityProviderDeleted,
    LinkState,
    Metadata,
    ProviderKind,
    ProviderState,
    Refusal,
    Settings,
)
from homeport.trust.federation.pages import ClientSecretPages, IdentityProviderPages, LinkPages
from homeport.trust.federation.recorder import Recorder
from homeport.trust.federation.saving import Saving
from homeport.trust.federation.store import DirectorySql, HealthSql, LinkSql, ProviderSql
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


# The slice over a real database

SYSTEM = system("test")
PUBLIC_URL = "https://homeport.example"
READER = Actor(
    ActorKind.ADMINISTRATOR, "r", "Rita", frozenset({Permission.IDENTITY_PROVIDERS_READ, Permission.USERS_READ}), role="Read Only"
)


class NoDevices:
    def count_bindings(self, _user_id):
        return 0


class Slice:
    """The actions of federation over one database, as bootstrap makes them; keeps the events it was told."""

    def __init__(self, database, clock, entropy):
        self.database, self.clock, self.entropy = database, clock, entropy
        self.sealer = Sealer({"k1": b"k" * 32})
        self.events = []
        for kind in (IdentityProviderDeleted, IdentityProviderChanged):
            database.subscriptions.subscribe(kind, lambda _unit, event: self.events.append(event))
        database.subscriptions.subscribe(UserDeleted, lambda unit, event: self.links_of(unit).forget_user(event.user_id))

    def audit(self, unit):
        return Audit(AuditStore(unit.connection), self.clock, self.entropy)

    def people_of(self, unit):
        return People(UserSql(unit.connection), NoDevices(), self.audit(unit), self.clock, self.entropy, unit)

    def providers_of(self, unit):
        stores = ProviderSql(unit.connection), LinkSql(unit.connection), DirectorySql(unit.connection)
        return IdentityProviders(
            *stores, self.audit(unit), self.sealer, self.clock, self.entropy, unit, PUBLIC_URL, HealthSql(unit.connection)
        )

    def federation_of(self, unit):
        stores = ProviderSql(unit.connection), LinkSql(unit.connection)
        return Federation(
            *stores,
            self.people_of(unit),
            self.audit(unit),
            self.sealer,
            self.clock,
            self.entropy,
            unit,
            HealthSql(unit.connection),
        )

    def links_of(self, unit):
        return Links(LinkSql(unit.connection), self.people_of(unit), self.audit(unit), self.clock)

    @contextmanager
    def _over(self, build):
        with self.database.write() as unit:
            yield build(unit)

    def providers(self):
        return self._over(self.providers_of)

    def federation(self):
        return self._over(self.federation_of)

    def links(self):
        return self._over(self.links_of)

    def people(self):
        return self._over(self.people_of)

    def a_user(self, name="ada", state=UserState.ACTIVATED):
        with self.people() as people:
            return people.create(SYSTEM, username=name, email=f"{name}@example.com", firstname=name.title(), state=state)

    def typed(self, **changed):
        typed = {
            "name": "Okta",
            "url": ISSUER,
            "client_id": CLIENT_ID,
            "email_domains": ("example.com",),
            "secret": "first-secret",
        }
        return Typed(**{**typed, **changed})

    def judgement(self, issuer=ISSUER):
        found = Metadata(
            issuer=issuer,
            authorization_endpoint=f"{issuer}/oauth2/v1/authorize",
            token_endpoint=f"{issuer}/oauth2/v1/token",
            jwks_uri=f"{issuer}/oauth2/v1/keys",
            fetched_at=self.clock.now(),
        )
        return Judgement((Check("Issuer", CheckState.OK, issuer),), found)

    def a_provider(self, actor=SYSTEM, kind=ProviderKind.OKTA, **changed):
        with self.providers() as providers:
            draft = providers.draft(actor, kind)
            typed = self.typed(**changed)
            providers.candidate(actor, draft.id, typed)
            providers.propose(actor, draft.id, typed, self.judgement(changed.get("url", ISSUER)))
            return providers.apply(actor, draft.id)

    def sign_in(self, identity, started_at=None):
        """Match a verified identity and accept it, as a callback does; return a Matched or the Refusal."""
        with self.federation() as federation:
            recorder = Recorder(self.clock)
            held = federation.provider_for_callback(federation.active_provider().id)
            outcome = federation.match(identity, held, started_at or self.clock.now(), recorder)
            if isinstance(outcome, Refusal):
                return outcome
            refusal = federation.accept(outcome, held, recorder)
            return refusal or Matched(outcome.user_id, federation.links.find_by_subject(identity.issuer, identity.subject))

    def audited(self):
        with self.database.read() as unit:
            return [(entry.event_type, entry.actor_name, entry) for entry in self.audit(unit).search(SYSTEM, Listing()).items]


@pytest.fixture
def slice_(sqlite_database, clock, entropy):
    """The slice on SQLite, for rules that do not depend on the database."""
    return Slice(sqlite_database, clock, entropy)


@pytest.fixture
def each_slice(database, clock, entropy):
    """The slice on SQLite and on PostgreSQL."""
    return Slice(database, clock, entropy)


@pytest.fixture
def network(document, signer, clock):
    return Network(document, signer.keys().keys, clock)


@pytest.fixture(scope="session")
def templates():
    def shell_for(request):
        actor = request.state.actor
        return Shell(name=actor.name, role=actor.role, permissions=frozenset(one.value for one in actor.permissions))

    return Templates(Assets(), shell_for=shell_for)


@pytest.fixture
def caller(slice_, network, clock, entropy, templates):
    """Give a client of the slice's own routes that acts as `admin`, `stale` (signed in long ago), `reader` or nobody."""
    signed_in = {"admin": clock.now(), "stale": clock.now() - timedelta(hours=1)}
    actors = {
        name: Actor(ActorKind.ADMINISTRATOR, name, "Bill", frozenset(Permission), "Administrator with Billing", "session", at)
        for name, at in signed_in.items()
    } | {"reader": READER}
    app, work = FastAPI(), DatabaseWork(slice_.database, slice_.providers_of)
    app.state.authenticate_key = lambda request: actors.get(request.headers.get("x-api-key", ""))
    app.state.authenticate_session = lambda request: actors.get(request.headers.get("x-test-session", ""))
    problems.install(app, lambda _request, status, title, detail: HTMLResponse(f"{title}: {detail}", status))
    saving, panels = Saving(work, network, clock, entropy), Panels()
    panels.register("identity_provider", lambda provider, _actor: Markup("<p>section about {}</p>").format(provider.name))
    links = LinkPages(DatabaseWork(slice_.database, slice_.links_of), templates)
    app.include_router(IdentityProviderApi(work, saving, PUBLIC_URL).router())
    app.include_router(IdentityProviderPages(work, saving, templates, panels, PUBLIC_URL).router())
    app.include_router(ClientSecretPages(work, templates).router())
    app.include_router(links.router())

    def make(name="admin"):
        client = TestClient(app, headers={"x-api-key": name, "x-test-session": name}, follow_redirects=False)
        client.links = links
        return client

    return make
