"""The server at Apple Business Manager: its keys and token, what a synchronization found, and what a Mac would get."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from homeport.channels.apple.ade import profiles, token
from homeport.channels.apple.ade.inventory import merged, serial_of
from homeport.channels.apple.ade.model import AdeDevice, AdeServer, Token, TokenState
from homeport.channels.apple.ade.ports import AdeStore
from homeport.channels.apple.settings.model import AppleSettings
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Change, Resource
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.foundation.kernel.listing import Listing, Page
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.sealing.sealer import Sealer

SYNC = system("apple-sync")
EVERY = timedelta(minutes=30)
"""How often Apple is asked by itself."""
STEP = 100
"""Serial numbers in one assignment. Apple has put thousands of devices off for a day after one large assignment."""
AGAIN = timedelta(hours=1)
"""When an assignment is repeated that Apple did not carry out."""
KEY_CONTEXT, TOKEN_CONTEXT = "apple server key", "apple server token"
WRONG_SERVER = (
    "This token belongs to another server in Apple Business Manager than the one connected here. Upload the token of the same server, "
    "or disconnect first: the inventory and the Macs' enrolment profile belong to it."
)

MakeKeys = Callable[[], tuple[str, bytes, datetime]]
"""Makes a key pair: certificate (PEM), private key (PEM), and until when the certificate is valid."""
Decrypt = Callable[[bytes, str, bytes], bytes]
"""Opens a CMS message with a certificate (PEM) and a private key (PEM); raises Invalid when it cannot."""


@dataclass(frozen=True, slots=True)
class Ade:
    """The server of one unit of work."""

    store: AdeStore
    audit: Audit
    sealer: Sealer
    clock: Clock
    make_keys: MakeKeys
    decrypt: Decrypt

    def server(self, actor: Actor) -> AdeServer | None:
        """Return the server; None before the public key was first downloaded."""
        actor.require(Permission.APPLE_READ)
        return self.store.server()

    def public_key(self, actor: Actor) -> str:
        """Return the certificate (PEM) for Apple Business Manager; makes the key pair when there is none yet."""
        actor.require(Permission.APPLE_WRITE)
        found = self.store.server(hold=True)
        if found is not None:
            return found.certificate
        certificate, private, until = self.make_keys()
        self.store.save_server(AdeServer(certificate, self.sealer.seal(private, KEY_CONTEXT), until))
        self.audit.record(
            actor, "apple_server_create", resource=_resource(None), details={"certificate_until": until.isoformat()}
        )
        return certificate

    def upload(self, actor: Actor, file: bytes) -> AdeServer:
        """Take a server token; raises Invalid with a sentence when it is none, is of another server, or is over."""
        actor.require(Permission.APPLE_WRITE)
        server = self.store.server(hold=True)
        if server is None:
            problem = "Download the public key first, and upload it to Apple Business Manager."
            raise Invalid(problem, {"token": problem})
        private = self.sealer.unseal(server.key_sealed, KEY_CONTEXT)
        found = token.read(file, lambda message: self.decrypt(message, server.certificate, private))
        if found.expires_at <= self.clock.now():
            problem = f"This token ended on {found.expires_at:%Y-%m-%d}. Download a new one from Apple Business Manager."
            raise Invalid(problem, {"token": problem})
        if server.consumer_key and found.consumer_key != server.consumer_key:
            raise Invalid(WRONG_SERVER, {"token": WRONG_SERVER})
        before = server.token_expires_at
        after = replace(
            server,
            consumer_key=found.consumer_key,
            token_sealed=self.sealer.seal(_written(found), TOKEN_CONTEXT),
            token_expires_at=found.expires_at,
            attempted_at=None,
            paused_until=None,
            error="",
            error_text="",
            version=server.version + 1,
        )
        self.store.save_server(after)
        changes = [Change("token_expires_at", before.isoformat() if before else None, found.expires_at.isoformat())]
        self.audit.record(actor, "apple_token_upload", resource=_resource(after), changes=changes)
        return after

    def disconnect(self, actor: Actor) -> None:
        """Forget key, token and inventory; Macs that are enrolled stay so."""
        actor.require(Permission.APPLE_WRITE)
        actor.require_recent(self.clock.now())
        server = self.store.server(hold=True)
        if server is None:
            raise Conflict("No server of Apple Business Manager is connected.", reason="not_connected")
        self.store.remove_server()
        self.audit.record(actor, "apple_server_remove", resource=_resource(server))

    def ask_soon(self, actor: Actor) -> AdeServer:
        """Let the next synchronization begin at once; raises Conflict while it could not."""
        actor.require(Permission.APPLE_WRITE)
        server = self.store.server(hold=True)
        now = self.clock.now()
        if server is None or server.token_state(now) in {TokenState.MISSING, TokenState.EXPIRED}:
            raise Conflict("There is no valid server token. Upload one first.", reason="no_token")
        if server.paused_until is not None and server.paused_until > now:
            raise Conflict(
                f"Apple asked for a pause until {server.paused_until:%Y-%m-%d %H:%M} UTC. Homeport goes on by itself then.",
                reason="paused",
            )
        after = replace(server, attempted_at=None)
        self.store.save_server(after)
        self.audit.record(actor, "apple_sync_request", resource=_resource(server))
        return after

    def devices(self, actor: Actor, listing: Listing) -> Page[AdeDevice]:
        """Return a page of the inventory."""
        actor.require(Permission.APPLE_READ)
        return self.store.list(listing)

    def counts(self, actor: Actor) -> dict[str, int]:
        """Return how many devices, Macs, assigned Macs and put-off ones there are."""
        actor.require(Permission.APPLE_READ)
        server = self.store.server()
        return self.store.counts(server.profile_uuid if server else "")

    def device(self, actor: Actor, serial: str) -> AdeDevice:
        """Return a device of the inventory; raises NotFound."""
        actor.require(Permission.APPLE_READ)
        found = self.store.get(serial)
        if found is None:
            raise NotFound(
                f"No device with the serial number “{serial[:64]}” is in the inventory. Assign it to this server in Apple Business "
                "Manager, and synchronize."
            )
        return found

    def is_ours(self, serial: str) -> bool:
        """Tell whether Apple Business Manager has assigned this serial number to us; only such a Mac may enrol."""
        # public: asked for a Mac that has nobody signed in yet
        found = self.store.get(serial)
        return found is not None and found.ours and found.is_mac and not found.blocked

    def block(self, actor: Actor, serial: str, *, blocked: bool) -> AdeDevice:
        """Let nobody enrol a device of the inventory, or let people again; raises NotFound."""
        actor.require(Permission.APPLE_WRITE)
        found = self.device(actor, serial)
        if self.store.set_blocked(serial, blocked=blocked):
            changes = [Change("blocked", not blocked, blocked)]
            self.audit.record(actor, "apple_device_block", resource=Resource("apple_device", serial, serial), changes=changes)
        return replace(found, blocked=blocked)

    # What the synchronization does, each in a unit of work of its own

    def begin(self) -> tuple[AdeServer, Token] | None:
        """Return server and token when a synchronization is due, and note that it began."""
        # public: the server's own upkeep
        now = self.clock.now()
        server = self.store.server(hold=True)
        if server is None or server.token_state(now) is TokenState.MISSING:
            return None
        if server.attempted_at is not None and now - server.attempted_at < EVERY and server.paused_until is None:
            return None
        if server.paused_until is not None and now < server.paused_until:
            return None
        if server.token_state(now) is TokenState.EXPIRED:
            self._fail(
                server, "token_expired", "The server token is over. Renew it in Apple Business Manager and upload it here."
            )
            return None
        server = replace(server, attempted_at=now, paused_until=None)
        self.store.save_server(server)
        return server, self._opened(server)

    def note_account(self, account: Mapping[str, Any]) -> None:
        """Keep what Apple calls server and organization."""
        # public: the server's own upkeep
        server = self._held()
        known = {"server_name": 255, "server_uuid": 64, "org_name": 255}
        values: dict[str, Any] = {name: str(account.get(name) or "")[:longest] for name, longest in known.items()}
        self.store.save_server(replace(server, **values))

    def present(self) -> AdeServer:
        """Return the server as it is now; raise Conflict when it was disconnected."""
        # public: the server's own upkeep
        return self._held()

    def take(self, page: Mapping[str, Any]) -> AdeServer:
        """Store a page of the inventory together with its cursor, so that a crash loses and repeats nothing."""
        # public: the server's own upkeep
        server, now = self._held(), self.clock.now()
        if not server.fetched and not server.cursor:
            server = replace(server, generation=server.generation + 1)
        entries = [one for one in page.get("devices") or [] if isinstance(one, dict) and serial_of(one)]
        latest = {serial_of(one): one for one in entries}  # of several changes of one device in a page, the last counts
        known = self.store.get_all(list(latest))
        self.store.put([merged(one, known.get(serial), server.generation, now) for serial, one in latest.items()])
        cursor = page.get("cursor")
        server = replace(server, cursor=str(cursor) if isinstance(cursor, str) else server.cursor)
        if not server.fetched and not page.get("more_to_follow"):
            server = self._fetched(server, now)
        self.store.save_server(server)
        return server

    def cursor_refused(self, code: str) -> AdeServer:
        """Go on after Apple refused the cursor: with the changes when all was fetched, else from the beginning."""
        # public: the server's own upkeep
        server = self._held()
        if code == "EXHAUSTED_CURSOR" and not server.fetched:
            server = self._fetched(server, self.clock.now())
        else:
            server = replace(server, cursor="", fetched=False)
        self.store.save_server(server)
        return server

    def defined(self, profile_uuid: str, digest: str) -> AdeServer:
        """Keep which profile at Apple has the present settings; an empty one lets it be defined again."""
        # public: the server's own upkeep
        server = self._held()
        after = replace(
            server,
            profile_uuid=profile_uuid,
            profile_digest=digest,
            profile_defined_at=self.clock.now() if profile_uuid else None,
        )
        self.store.save_server(after)
        if profile_uuid:
            changes = [Change("profile_uuid", server.profile_uuid or None, profile_uuid)]
            self.audit.record(SYNC, "apple_profile_define", resource=_resource(after), changes=changes)
        return after

    def to_assign(self) -> tuple[str, Sequence[str]]:
        """Return the profile and the next serial numbers that should have it and do not, whatever Apple told of their changes."""
        # public: the server's own upkeep
        server = self._held()
        found = self.store.unlike(server.profile_uuid, self.clock.now(), STEP) if server.profile_uuid else ()
        return server.profile_uuid, [one.serial for one in found]

    def assigned(self, profile_uuid: str, serials: Sequence[str], words: Mapping[str, str]) -> bool:
        """Note what became of an assignment; return whether the next may follow at once."""
        # public: the server's own upkeep
        server = self._held()
        now, known = self.clock.now(), self.store.get_all(serials)
        pause = timedelta(seconds=int(words.get("retry_after_seconds", "0")))
        changed, throttled = [], False
        for serial, device in known.items():
            word = words.get(serial, "FAILED")[:32]
            throttled = throttled or word == "THROTTLED"
            done: dict[str, Any] = {"profile_uuid": profile_uuid, "profile_status": "assigned", "profile_assigned_at": now}
            put_off: dict[str, Any] = {"failure": word, "try_after": now + max(pause, AGAIN)}
            changed.append(replace(device, **({**done, "failure": "", "try_after": None} if word == "SUCCESS" else put_off)))
        self.store.put(changed)
        count = sum(words.get(serial) == "SUCCESS" for serial in serials)
        details: dict[str, JSON] = {"assigned": count, "not_assigned": len(serials) - count, "profile_uuid": profile_uuid}
        self.audit.record(
            SYNC, "apple_profile_assign", resource=_resource(server), success=count == len(serials), details=details
        )
        return not throttled

    def finish(self) -> None:
        """Note that a synchronization came to its end."""
        # public: the server's own upkeep
        self.store.save_server(replace(self._held(), synced_at=self.clock.now(), error="", error_text=""))

    def failed(self, code: str, sentence: str, pause: timedelta | None = None) -> None:
        """Note why a synchronization stopped, for the administrator; `pause` is how long Apple wants to be left alone."""
        # public: the server's own upkeep
        server = self._held()
        if pause is not None:
            server = replace(server, paused_until=self.clock.now() + pause)
        self._fail(server, code, sentence)

    def _fail(self, server: AdeServer, code: str, sentence: str) -> None:
        self.store.save_server(replace(server, error=code[:64], error_text=sentence[:1000], attempted_at=self.clock.now()))
        if server.error != code:  # once, not at each attempt
            self.audit.record(SYNC, "apple_sync_fail", resource=_resource(server), success=False, reason=code[:64])

    def _fetched(self, server: AdeServer, now: datetime) -> AdeServer:
        gone = self.store.remove_unseen(server.generation, now)
        self.audit.record(SYNC, "apple_inventory_fetch", resource=_resource(server), details={"no_longer_ours": gone})
        return replace(server, fetched=True)

    def _held(self) -> AdeServer:
        server = self.store.server(hold=True)
        if server is None:
            raise Conflict("The server was disconnected meanwhile.", reason="not_connected")
        return server

    def _opened(self, server: AdeServer) -> Token:
        return token.parse(self.sealer.unseal(server.token_sealed, TOKEN_CONTEXT))


def wanted_profile(settings: AppleSettings, public_url: str, organization: str) -> tuple[Mapping[str, Any], str]:
    """Return the profile that the settings ask for, and its digest."""
    found = profiles.document(settings, public_url, organization)
    return found, profiles.digest(found)


def _resource(server: AdeServer | None) -> Resource:
    name = server.server_name if server and server.server_name else "Apple Business Manager"
    return Resource("apple_server", "apple", name)


def _written(found: Token) -> bytes:
    return json.dumps(
        {
            "consumer_key": found.consumer_key,
            "consumer_secret": found.consumer_secret,
            "access_token": found.access_token,
            "access_secret": found.access_secret,
            "access_token_expiry": found.expires_at.isoformat(),
        }
    ).encode()
