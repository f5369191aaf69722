"""The org: everything one simulated Okta tenant knows, in memory."""

import copy
from dataclasses import dataclass

from homeport_simulators.okta.apps import Apps
from homeport_simulators.okta.clock import Clock
from homeport_simulators.okta.directory import Directory
from homeport_simulators.okta.faults.book import FaultBook
from homeport_simulators.okta.grants import Grants
from homeport_simulators.okta.ids import Ids
from homeport_simulators.okta.keys import KeyRing

ORG_SERVER = "org"
CUSTOM_SERVER = "default"


@dataclass(frozen=True, kw_only=True)
class AuthorizationServer:
    """One issuer of the org: the org server itself, or the custom server `default`."""

    name: str
    issuer: str
    endpoints: str
    keys: KeyRing

    def endpoint(self, name: str) -> str:
        """Return the address of an endpoint such as `token`."""
        return f"{self.endpoints}/v1/{name}"


@dataclass(kw_only=True)
class Settings:
    """Switches of the org that are properties, not faults."""

    advertise_iss: bool = False
    custom_server_enabled: bool = True
    custom_server_policy: bool = True
    rate_limit: int = 1200
    enforce_rate_limit: bool = False
    keys_cache_control: str = "max-age=5184000, must-revalidate"


class Org:
    """One simulated tenant; its address is the issuer of its org authorization server."""

    def __init__(self, issuer: str, *, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.issuer = issuer.rstrip("/")
        self.clock = clock or Clock()
        self.ids = ids or Ids()
        self.id = self.ids.okta_id("00o")
        self.servers = {
            ORG_SERVER: self._server(ORG_SERVER, self.issuer, f"{self.issuer}/oauth2"),
            CUSTOM_SERVER: self._server(CUSTOM_SERVER, f"{self.issuer}/oauth2/default", f"{self.issuer}/oauth2/default"),
        }
        self.faults = FaultBook(self.clock)
        self.settings = Settings()
        self.directory = Directory(self.ids)
        self.apps = Apps(self.ids)
        self.grants = Grants()
        self.remember()

    def _server(self, name: str, issuer: str, endpoints: str) -> AuthorizationServer:
        return AuthorizationServer(name=name, issuer=issuer, endpoints=endpoints, keys=KeyRing(self.ids))

    def remember(self) -> None:
        """Take people and apps as they are now for what `reset` goes back to."""
        self._start = copy.deepcopy((self.directory.users, self.directory.groups, self.apps.by_client_id))

    def reset(self) -> None:
        """Go back to the start: its people with their ids, its apps with their secrets; the keys stay."""
        self.directory.users, self.directory.groups, self.apps.by_client_id = copy.deepcopy(self._start)
        self.settings = Settings()
        self.grants = Grants()
        self.faults.clear()

    @property
    def session_cookie(self) -> str:
        """The cookie's name; it holds the port, since a browser sends cookies of one host to all its ports."""
        return "idx_" + (self.issuer.rpartition(":")[2] if self.issuer.count(":") > 1 else "443")
