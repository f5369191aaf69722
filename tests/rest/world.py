"""One installation whose REST API can be asked anything: a key for each role, and fresh objects for each path.

The server runs in this process, on a real database; the provider is the simulator, a process of its own, since saving one fetches
its metadata for real.
"""

import json
import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
from tests.support.factor import set_up
from tests.support.house import ADMIN, ORIGIN, House
from tests.support.processes import Programs

from homeport.channels.apple.ade.actions import TOKEN_CONTEXT
from homeport.channels.apple.mdm.model import Mac, MacState
from homeport.channels.console.mail.actions import TypedServer
from homeport.directory.admins.model import BILLING, READ_ONLY, REQUIRED_FOR, ROLES, Administrator, actor_of
from homeport.directory.audit.model import DestinationKind
from homeport.directory.devices.model import DeviceFacts
from homeport.foundation.database import schema
from homeport.foundation.database.engine import Database
from homeport.foundation.kernel.clock import SystemClock
from homeport.foundation.kernel.entropy import SystemEntropy
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.settings import Settings
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action, Mode, Portal
from homeport.trust.federation.model import ProviderKind, redirect_uri
from homeport.trust.signin.model import Purpose
from homeport.trust.signin.passkeys.model import Passkey
from homeport.trust.signin.person.model import DirectoryPassword

SERIAL = "C02REST"
"""The serial number of the one Mac."""
PASSWORD = "five unrelated words today"


@dataclass
class World:
    """The installation. `keys` has an API key by role; `okta` is what the simulator printed when it was ready.

    `asking` is the role whose own things are made, such as its API keys.
    """

    house: House
    okta: dict[str, Any]
    keys: dict[str, str]
    numbers: Any = field(default_factory=lambda: count(1))
    asking: str = BILLING

    @classmethod
    def open(cls, folder: Path, programs: Programs, public_url: str = "https://id.example.com") -> "World":
        """Start the simulator, lay out the data, make an administrator with a key for each role."""
        simulator = programs.start(
            sys.executable, "-m", "homeport_simulators", "okta", "--host", "127.0.0.1", "--port", "0", "--demo"
        )
        okta = json.loads(simulator.next_line())
        settings = Settings.read({}, data=folder / "data", public_url=public_url, outbound_allow=(okta["issuer"],))
        settings.data.mkdir(parents=True, mode=0o700)
        database = Database(settings.database)
        schema.migrate(database)
        database.dispose()
        house = House(settings, SystemClock(), SystemEntropy())
        house.provision()
        return cls(house, okta, {role: key_of(house, role) for role in ROLES})

    @cached_property
    def controller(self) -> httpx2.Client:
        """What asks the simulator's control API; without the roots of the web, which take long to read and vouch for nothing here."""
        return httpx2.Client(base_url=self.okta["control"], verify=False, timeout=60)

    def close(self) -> None:
        """Let go of the database."""
        self.controller.close()
        self.house.close()

    def name(self, prefix: str) -> str:
        """A name that nothing here has yet."""
        return f"{prefix}-{next(self.numbers)}"

    def user(self) -> str:
        """A fresh user's id."""
        return self.house.user(self.name("person")).id

    def user_with_password(self, *, factor: bool = False) -> str:
        """A fresh user's id, who has a password, and a second factor if wanted; mail goes to nobody."""
        user = self.house.user(self.name("person"))
        self.mail_recipient()

        def make(act: Any) -> str:
            act.passwords.passwords.save(DirectoryPassword(user.id, "x", factor_since=self.house.clock.now() if factor else None))
            return user.id

        return self.house.do(make)

    def mail_recipient(self) -> str:
        """An address that mail can be sent to; a mail server is configured, and delivers nothing."""
        typed = TypedServer("localhost", 9, "none", "", "", "homeport@acme.example")
        self.house.do(lambda act: None if act.mail.configured else act.mail_settings.save(ADMIN, typed))
        return "admin@acme.example"

    def device(self) -> str:
        """A fresh device's id."""
        return self.house.device(self.name("lab")).id

    def binding(self) -> tuple[str, str]:
        """The ids of a fresh device and of a person's binding on it."""
        self._let_everybody_in()
        device, user = self.device(), self.user()

        def bind(act: Any) -> str:
            act.help_desk.introduce(act.devices.find(device), "CQ" + "A" * 41, (0, 0))
            return str(act.bindings.admit(act.people.get(ADMIN, user), act.devices.find(device), "01a20a00").id)

        return device, self.house.do(bind)

    def _let_everybody_in(self) -> None:
        """Take back what generated requests may have set."""
        self.house.provision()

        def reset(act: Any) -> None:
            act.device_actions.keys.set_approval_wanted(ADMIN, wanted=False)
            act.device_actions.groups.set_default(ADMIN, None)

        self.house.do(reset)

    def device_group(self) -> str:
        """A fresh device group's id."""
        return self.house.do(lambda act: act.device_actions.groups.create(ADMIN, self.name("Devices")).id)

    def user_group(self) -> str:
        """A fresh user group's id."""
        return self.house.do(lambda act: act.user_groups.create(ADMIN, name=self.name("People")).id)

    def access_policy(self) -> str:
        """A policy that is only monitored."""
        wanted = Wanted(self.name("policy"), Action.DENY, Mode.MONITOR)
        return self.house.do(lambda act: act.access_policies.create(ADMIN, Portal.USER, wanted).id)

    def ip_list(self) -> str:
        """An IP list that no policy names."""
        return self.house.do(lambda act: act.ip_lists.create(ADMIN, name=self.name("list"), networks=["192.0.2.1"]).id)

    def enrollment_key(self) -> str:
        """A fresh enrolment key's id."""
        return self.house.do(lambda act: act.enrollment_keys.create(ADMIN, self.name("Key"))[0].id)

    def no_event_destinations(self) -> str:
        """Make room for another one, and return a name for it."""

        def clear(act: Any) -> None:
            for one in act.destinations.list(ADMIN):
                act.destinations.delete(ADMIN, one.id)

        self.house.do(clear)
        return self.name("Collector")

    def event_destination(self) -> str:
        """The id of a fresh event destination, which Homeport refuses to reach."""
        name, webhook = self.no_event_destinations(), DestinationKind.WEBHOOK
        return self.house.do(
            lambda act: act.destinations.create(ADMIN, kind=webhook, name=name, address="https://127.0.0.1:9/")[0].id
        )

    def no_provider(self) -> None:
        """Make room for the one provider that there can be."""

        def clear(act: Any) -> None:
            for provider in act.identity_providers.list(ADMIN):
                act.identity_providers.delete(ADMIN, provider.id)

        self.house.do(clear)

    def provider(self) -> str:
        """The provider's id; it is the simulator, tried for real."""
        self.no_provider()
        answer = self.house.client.post(
            "/api/v2/identity-providers", json=self.provider_body(), headers={"x-api-key": self.keys[BILLING]}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def administrator(self, *, factor: bool = False) -> str:
        """A fresh administrator's id, who may little; with a second factor if wanted."""
        now, number = self.house.clock.now(), self.house.entropy.new_id()
        made = Administrator(number, f"{self.name('admin')}@acme.example", "", "", READ_ONLY, "x", True, 1, now, now)

        def make(act: Any) -> str:
            act.administrators.administrators.add(made)
            if factor:
                set_up(act, made, self.house.clock)
            return number

        return self.house.do(make)

    def no_roles(self) -> None:
        """Make room: there can be only so many custom roles."""

        def clear(act: Any) -> None:
            for role in act.roles.list(ADMIN):
                if not act.roles.users_of(ADMIN, role):
                    act.roles.delete(ADMIN, role.id)

        self.house.do(clear)

    def role(self) -> str:
        """A fresh custom role's id."""
        self.no_roles()
        return str(self.house.do(lambda act: act.roles.create(ADMIN, name=self.name("Role"), permissions=["users:read"]).id))

    def service_account(self) -> str:
        """A fresh service account's id."""
        name = self.name("Account")
        return str(self.house.do(lambda act: act.service_accounts.create(ADMIN, name=name, role=READ_ONLY).id))

    def session(self) -> tuple[str, str]:
        """The ids of a fresh administrator and of a session of theirs."""
        administrator = self.administrator()

        def start(act: Any) -> str:
            return str(act.sessions.start(act.administrators.get(ADMIN, administrator), ORIGIN)[0].id)

        return administrator, self.house.do(start)

    def user_session(self) -> tuple[str, str]:
        """The ids of a fresh user and of a session of theirs in the user portal."""
        user = self.user()
        return user, self.house.do(lambda act: str(act.user_sessions.start(act.people.get(ADMIN, user), ORIGIN)[0].id))

    def passkey(self) -> tuple[str, str]:
        """The ids of a fresh user and of a passkey of theirs, which opens nothing."""
        user = self.user()
        made = Passkey(self.house.entropy.new_id(), user, self.house.entropy.token(), "x", 0, "Laptop", self.house.clock.now())
        self.house.do(lambda act: act.user_passkeys.passkeys.add(made))
        return user, made.id

    def invitation(self) -> str:
        """An open invitation's id."""

        def invite(act: Any) -> str:
            token = act.administrator_links.invite(ADMIN, f"{self.name('invited')}@acme.example", READ_ONLY)
            return str(act.administrator_links.look(token).id)

        return self.house.do(invite)

    def api_key(self) -> str:
        """The id of a fresh API key of whoever is asking."""

        def make(act: Any) -> str:
            owner = act.administrators.find_by_email(address_of(self.asking))
            return str(act.api_keys.create(ADMIN, name=self.name("Key"), owner_id=owner.id)[0].id)

        return self.house.do(make)

    def sign_in(self) -> str:
        """The id of a sign-in, which was turned away."""
        reason = ReasonCode.DEVICE_GONE
        return str(self.house.do(lambda act: act.sign_ins.turn_away(Purpose.DEVICE_LOGIN, "", reason, "browser", ORIGIN).id))

    def apple_server(self) -> str:
        """The id of the Apple MDM configuration, with a valid server token and no synchronization that waits."""

        def connect(act: Any) -> None:
            act.ade.public_key(ADMIN)
            until, sealed = self.house.clock.now() + timedelta(days=300), act.ade.sealer.seal(b"{}", TOKEN_CONTEXT)
            act.ade.store.save_server(replace(act.ade.store.server(), token_sealed=sealed, token_expires_at=until))

        self.house.do(connect)
        return "apple"

    def mac(self) -> str:
        """The Mac under management, as if it had just enrolled: no order waits, and nobody has given one this hour."""

        def enroll(act: Any) -> str:
            management, now = act.mac_management, self.house.clock.now()
            facts = DeviceFacts(hostname="mac", serial_number=SERIAL, os="macos", os_name="macOS 15.1")
            device = management.automated.enroll(SERIAL, facts, None, ORIGIN)
            act.limits.remove_before(now + timedelta(days=1))
            named = {"udid": "udid", "certificate_sha256": "sha256", "session_id": "session", "user_id": "user"}
            management.macs.add(Mac(device.id, SERIAL, state=MacState.ENROLLED, enrolled_at=now, last_seen_at=now, **named))
            return device.id

        return self.house.do(enroll)

    def provider_with_two_secrets(self) -> str:
        """The provider's id, with its secret entered a second time."""
        name, key = self.provider(), {"x-api-key": self.keys[BILLING]}
        change = {"oidc": {"secondClientSecret": self.okta["client_secret"]}}
        answer = self.house.client.put(f"/api/v2/identity-providers/{name}", json=change, headers=key)
        assert answer.status_code == 200, answer.text
        return name

    def provider_body(self) -> dict[str, Any]:
        """What creates the simulator's provider, once the simulator knows the redirect URI of the draft, as guide step 7 says."""
        draft = self.house.do(lambda act: act.identity_providers.draft(ADMIN, ProviderKind.OKTA))
        uris = [redirect_uri(self.house.settings.public_url, draft.id)]
        self.controller.patch(f"/apps/{self.okta['client_id']}", json={"redirect_uris": uris}).raise_for_status()
        client = {"clientId": self.okta["client_id"], "clientSecret": self.okta["client_secret"], "url": self.okta["issuer"]}
        return {"name": "Okta", "type": "OKTA", "oidc": client, "emailDomains": ["acme.example"]}


def address_of(role: str) -> str:
    """The address of the administrator who has this role's key."""
    return f"{role.lower().replace(' ', '-')}@acme.example"


def key_of(house: House, role: str) -> str:
    """Make an administrator of this role, as an invitation would, with an API key, and return the key."""
    email = address_of(role)

    def make(act: Any) -> str:
        token = act.administrator_links.invite(ADMIN, email, role)
        owner = act.administrator_links.accept(
            token, email=email, firstname="Key", lastname="Owner", password=PASSWORD, origin=ORIGIN
        )
        if role in REQUIRED_FOR:
            set_up(act, owner, house.clock)
        owner = act.administrators.change(ADMIN, owner.id, role=role, api_keys_allowed=True)
        signed_in = replace(actor_of(owner, ORIGIN), session_id="s", authenticated_at=house.clock.now())
        return str(act.api_keys.create(signed_in, name="contract")[1])

    return house.do(make)
