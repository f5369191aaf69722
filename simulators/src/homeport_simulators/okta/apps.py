"""The OIDC web apps registered with the org."""

import hmac
from dataclasses import dataclass, field

from homeport_simulators.okta.ids import Ids

MAX_SECRETS = 2  # Okta keeps two, so that one can be rotated


@dataclass(kw_only=True)
class Secret:
    """A client secret; a deactivated one is kept but opens nothing."""

    id: str
    value: str
    active: bool = True


@dataclass(kw_only=True)
class App:
    """A confidential client and its sign-on settings."""

    client_id: str
    label: str
    secrets: list[Secret] = field(default_factory=list)
    redirect_uris: list[str] = field(default_factory=list)
    post_logout_redirect_uris: list[str] = field(default_factory=list)
    pkce_required: bool = False
    federation_broker_mode: bool = False
    thin_id_token: bool = False
    consent: bool = False
    assigned_users: set[str] = field(default_factory=set)
    assigned_groups: set[str] = field(default_factory=set)

    def accepts(self, secret: str) -> bool:
        """Say whether this is one of the app's active secrets."""
        return any(known.active and hmac.compare_digest(known.value.encode(), secret.encode()) for known in self.secrets)


class Apps:
    """All apps, by client id."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.by_client_id: dict[str, App] = {}

    def add(self, label: str, *, client_id: str | None = None, client_secret: str | None = None) -> App:
        """Register an app with one active secret and return it."""
        app = App(client_id=client_id or self._ids.okta_id("0oa"), label=label)
        self.add_secret(app, client_secret)
        self.by_client_id[app.client_id] = app
        return app

    def add_secret(self, app: App, value: str | None = None) -> Secret:
        """Give an app another secret; the caller has checked that it has fewer than `MAX_SECRETS`."""
        secret = Secret(id=self._ids.okta_id("ocs"), value=value or self._ids.secret())
        app.secrets.append(secret)
        return secret
