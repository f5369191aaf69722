"""The whole server in the test's own process: real stores on a real database, a clock to set, a provider's key, devices.

Only the provider is not there: `provider_says` makes ID tokens that its key really signed and that our verifier really judged.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi.testclient import TestClient
from joserfc import jws
from joserfc.jwk import ECKey
from tests.support.device import Device
from tests.support.logs import known
from tests.support.postgresql import PostgreSQL

from homeport.bootstrap.home import Home
from homeport.bootstrap.web import wrapped
from homeport.directory.devices.model import OSFamily, ProvisioningSetting
from homeport.directory.people.model import User, UserState
from homeport.foundation.database import schema
from homeport.foundation.database.columns import metadata
from homeport.foundation.database.engine import Database
from homeport.foundation.kernel.actor import Origin, system
from homeport.settings import Settings
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.model import IdentityProvider, Metadata, ProviderKind, Refusal
from homeport.trust.federation.recorder import Recorder
from homeport.trust.federation.verifier import Expectation, VerifiedIdentity, verify
from homeport.trust.signin.actions import Returned, Started
from homeport.trust.signin.model import Purpose, SignIn

URL = "https://id.example.com"
ISSUER = "https://acme.okta.example"
ADMIN = system("test")
ORIGIN = Origin("192.0.2.7", "Firefox")
METADATA = Metadata(
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/oauth2/v1/authorize",
    token_endpoint=f"{ISSUER}/oauth2/v1/token",
    jwks_uri=f"{ISSUER}/oauth2/v1/keys",
)


@cache
def provider_key() -> ECKey:
    """The key with which the provider signs."""
    return ECKey.generate_key("P-256", {"kid": "provider", "use": "sig", "alg": "ES256"})


@dataclass
class House:
    """One installation. `do` runs one unit of work and gives the deed every slice's actions."""

    settings: Settings
    clock: Any
    entropy: Any
    home: Home = field(init=False)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.home = Home(self.settings, self.clock, self.entropy)

    @cached_property
    def client(self) -> TestClient:
        """Asks over HTTP, through every middleware."""
        return TestClient(wrapped(self.home), base_url=self.settings.public_url, raise_server_exceptions=False)

    def close(self) -> None:
        self.home.parts.database.dispose()

    def do(self, deed: Callable[[Any], Any]) -> Any:
        with self.home.work.write() as actions:
            return deed(actions)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query of the database gives."""
        with self.home.parts.database.read() as unit:
            return [tuple(row) for row in unit.connection.exec_driver_sql(statement)]

    def empty(self) -> None:
        """Forget everything but the order keys, so that another example can begin."""
        with self.home.parts.database.write() as unit:
            for table in reversed(metadata.sorted_tables):
                if table.name not in {"order_keys", "order_epoch"}:
                    unit.connection.execute(table.delete())

    def user(self, name: str = "ada", state: UserState = UserState.ACTIVATED) -> User:
        email = f"{name}@acme.example"
        return self.do(lambda act: act.people.create(ADMIN, username=name, email=email, firstname=name.title(), state=state))

    def set_state(self, user: User, state: UserState) -> None:
        self.do(lambda act: act.people.change_state(ADMIN, user.id, state))

    def provision(self, **values: Any) -> None:
        """Enable Self Service Account Provisioning for Linux."""
        setting = ProvisioningSetting(OSFamily.LINUX, **{"enabled": True, "several_users": True, **values})
        self.do(lambda act: act.provisioning.set(ADMIN, setting))

    def connect(self, kind: ProviderKind = ProviderKind.OKTA) -> IdentityProvider:
        """Make the provider active, as if all checks had passed."""
        typed = Typed(
            name="Okta",
            url=ISSUER,
            client_id="homeport",
            email_domains=("acme.example",),
            secret=known("a client secret", "s3cret-of-the-provider"),
        )

        def connect(act: Any) -> IdentityProvider:
            providers = act.identity_providers
            draft = providers.draft(ADMIN, kind)
            providers.propose(ADMIN, draft.id, typed, Judgement((), replace(METADATA, fetched_at=self.clock.now())))
            return providers.apply(ADMIN, draft.id)

        return self.do(connect)

    def device(self, name: str = "") -> Device:
        """An enrolled, active device."""
        name = name or f"lab-{next(self.numbers)}"
        key = self.do(lambda act: act.enrollment_keys.create(ADMIN, name)[1])
        device = Device(self.settings.public_url, self.clock, name)
        answer = self.client.post("/agent/v1/enroll", json=device.enrollment(key))
        assert answer.status_code == 201, answer.text
        device.id = answer.json()["device_id"]
        return device

    def begin(self, device: Device, browser: str = "browser") -> tuple[Any, str, Started | SignIn]:
        """Start a sign-in at a device: the authorization, its device code, and where the browser is sent."""

        def begin(act: Any) -> Any:
            authorization, code = act.authorizations.authorize(act.devices.find(device.id), "192.0.2.9")
            return authorization, code, act.sign_ins.start(Purpose.DEVICE_LOGIN, authorization.id, browser, ORIGIN)

        return self.do(begin)

    def come_back(self, started: Started, browser: str = "browser", **changed: str) -> Returned | SignIn:
        """Return from the provider with a code, or with changed parameters."""
        parameters = {"code": "a-code", "state": state_of(started), **changed}
        provider_id = started.sign_in.provider_id
        return self.do(lambda act: act.sign_ins.receive(provider_id, list(parameters.items()), browser, ORIGIN))

    def conclude(self, returned: Returned, outcome: VerifiedIdentity | Refusal) -> SignIn:
        return self.do(lambda act: act.sign_ins.conclude(returned.sign_in.id, outcome, Recorder(self.clock)))

    def sign_in(self, device: Device, name: str = "ada", **claims: Any) -> tuple[SignIn, str, str]:
        """Sign in with an honest provider: the sign-in, the device code, and the number that the page shows."""
        authorization, code, started = self.begin(device)
        assert isinstance(started, Started), started
        returned = self.come_back(started)
        assert isinstance(returned, Returned), returned
        done = self.conclude(returned, self.provider_says(returned, name, **claims))
        return done, code, self.do(lambda act: act.authorizations.get(authorization.id)).number

    def provider_says(self, returned: Returned, name: str = "ada", **changed: Any) -> VerifiedIdentity | Refusal:
        """What our verifier makes of the ID token that the provider signs for this sign-in."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": "homeport",
            "sub": f"subject-of-{name}",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": returned.grant.nonce,
            "email": f"{name}@acme.example",
            "email_verified": True,
            **changed,
        }
        header = {"alg": "ES256", "kid": "provider"}
        token = jws.serialize_compact(header, json.dumps(claims).encode(), provider_key(), algorithms=["ES256"])
        expected = Expectation(
            issuer=ISSUER, client_id="homeport", nonce=returned.grant.nonce, now=self.clock.now(), max_age=returned.grant.max_age
        )
        return verify(token, KeySet((provider_key().as_dict(private=False),)), expected)

    def links(self) -> list[tuple[Any, ...]]:
        """Every link: user, subject, state."""
        return self.sql("SELECT user_id, subject, state FROM federated_identities ORDER BY created_at, id")

    def orders(self) -> list[tuple[Any, ...]]:
        """Every order: device, epoch, counter, kind, user."""
        query = "SELECT o.device_id, o.epoch, o.counter, o.kind, b.user_id FROM orders o JOIN bindings b ON b.id = o.binding_id"
        return self.sql(f"{query} ORDER BY o.device_id, o.epoch, o.counter")


def state_of(started: Started) -> str:
    """The `state` that was sent to the provider."""
    return parse_qs(urlsplit(started.location).query)["state"][0]


def on_sqlite(folder: Path, template: Path, clock: Any, entropy: Any) -> House:
    """An empty installation on SQLite; `template` is a migrated database that is made at the first call."""
    if not template.exists():
        database = Database(f"sqlite:///{template}")
        schema.migrate(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.dispose()
    data = folder / "data"
    data.mkdir(parents=True, mode=0o700)
    shutil.copyfile(template, data / "homeport.sqlite")
    return House(Settings.read({}, data=data, public_url=URL), clock, entropy)


def on_postgresql(folder: Path, server: PostgreSQL, clock: Any, entropy: Any) -> House:
    """An empty installation on PostgreSQL."""

    def fill(empty: Any) -> None:
        database = Database(empty.sqlalchemy_url)
        schema.migrate(database)
        database.dispose()

    database = server.create(template=server.template("homeport_migrated", fill))
    settings = Settings.read({}, data=folder / "data", public_url=URL, database_url=database.sqlalchemy_url)
    return House(settings, clock, entropy)
