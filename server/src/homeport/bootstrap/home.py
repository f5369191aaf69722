"""The running product: settings → engine → stores → actions, who listens to what, and what is done by itself."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy import func, select

from homeport import upkeep
from homeport.bootstrap.figures import observe
from homeport.bootstrap.parts import Parts
from homeport.bootstrap.units import Unit
from homeport.bootstrap.waking import NO_PUSHES, waker
from homeport.channels.apple.ade.client import AdeClient
from homeport.channels.apple.ade.model import Token
from homeport.channels.apple.ade.sync import AdeSync
from homeport.channels.apple.authority.acme.attestation import AttestationRoots
from homeport.channels.apple.capture.actions import Capture
from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities
from homeport.channels.apple.mdm.renewal import Renewal
from homeport.channels.apple.push.jobs import Waker
from homeport.channels.apple.settings.model import AppleSettings
from homeport.channels.linux.tables import order_keys
from homeport.channels.linux.wakeups import Wakeups
from homeport.directory.admins.model import (
    AdministratorDeleted,
    AdministratorFactorReset,
    AdministratorPasswordChanged,
    AdministratorProofChanged,
    AdministratorSuspended,
    RoleDeleted,
    RoleRenamed,
)
from homeport.directory.admins.store.argon2id import Argon2id
from homeport.directory.audit.actions.exports import KIND as EXPORT
from homeport.directory.audit.jobs import AuditKeys, AuditSealer, EventSender, ExportJob
from homeport.directory.audit.model import EXPORTS_KEPT_FOR, JSON, Resource
from homeport.directory.audit.store import AuditStore
from homeport.directory.audit.tables import audit_batches
from homeport.directory.devices.model import BindingChanged, DesiredStateChanged, DeviceDeleted
from homeport.directory.people.jobs import KIND, ImportJob
from homeport.directory.people.model import (
    UserActivated,
    UserDeleted,
    UserEmailChanged,
    UserGroupDeleted,
    UserGroupMembersChanged,
    UsersChanging,
    UserSuspended,
)
from homeport.foundation.database import schema
from homeport.foundation.database.engine import Database, DatabaseWork, Subscriptions, UnitOfWork
from homeport.foundation.http.metrics import Metrics
from homeport.foundation.jobs.worker import Handler, Worker
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.clock import Clock, SystemClock
from homeport.foundation.kernel.entropy import Entropy, SystemEntropy
from homeport.foundation.mail.jobs import KIND as MAIL
from homeport.foundation.mail.jobs import MailJob
from homeport.foundation.mail.model import KEPT_FOR as MAIL_KEPT_FOR
from homeport.foundation.mail.smtp import Smtp
from homeport.foundation.outbound.client import Outbound
from homeport.foundation.outbound.urls import Origin
from homeport.foundation.sealing.sealer import Sealer
from homeport.settings import Settings
from homeport.trust.access.store.places import Countries
from homeport.trust.federation.health import RETRY_AFTER, FetchRecord
from homeport.trust.federation.jobs import Refresh
from homeport.trust.federation.jwks import KeySnapshot
from homeport.trust.federation.key_cache import KeyCache
from homeport.trust.federation.model import IdentityProviderChanged, IdentityProviderDeleted
from homeport.trust.signin.model import KEPT_FOR, FollowUp
from homeport.trust.signin.passkeys.model import PasskeysRemoved
from homeport.trust.signin.person.jobs import KIND as FORGOTTEN
from homeport.trust.signin.person.jobs import ForgottenJob
from homeport.trust.signin.person.model import UserPasswordChanged
from homeport.upkeep import Duty

T = TypeVar("T")
JOBS_KEPT_FOR = timedelta(days=7)
"""How long a job that is done stays, with its result."""


class Home:
    """The running product: its parts, its units of work, and its ASGI application."""

    def __init__(self, settings: Settings, clock: Clock | None = None, entropy: Entropy | None = None) -> None:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        subscriptions = Subscriptions()
        database = Database(settings.database, subscriptions)
        schema.check(database)
        with database.read() as unit:
            sealed = unit.connection.execute(select(func.count()).select_from(order_keys)).scalar_one() > 0
        sealer = Sealer.open(settings.sealing_key, may_create=not sealed)
        self.parts = Parts(
            settings,
            database,
            sealer,
            clock or SystemClock(),
            entropy or SystemEntropy(),
            Argon2id(),
            Wakeups(),
            Countries(settings.country_database),
            AttestationRoots.read(settings.apple_attestation_roots),
        )
        with database.read() as unit:
            audited = unit.connection.execute(select(func.count()).select_from(audit_batches)).scalar_one() > 0
        keys = AuditKeys.open(settings.audit_key, may_create=not audited)
        self.audit_sealer = AuditSealer(DatabaseWork(database, lambda work: AuditStore(work.connection)), keys, self.parts.clock)
        self._subscribe(subscriptions)
        self.metrics = Metrics.fresh()
        observe(self.metrics, database, subscriptions, self.parts.clock)
        with self.work.write() as actions:
            actions.order_keys.ensure()

    def require_sealing_key(self) -> None:
        """Raise SealingKeyError unless the sealing key is the one of this database; asked before anything is served."""
        with self.work.write() as actions:
            actions.order_keys.prove()

    @cached_property
    def allowed(self) -> frozenset[Origin]:
        """The exact origins that may be reached although they are private or plain http."""
        return self.parts.settings.allowed

    @cached_property
    def network(self) -> Outbound:
        """What reaches identity providers and event destinations, within limits."""
        settings = self.parts.settings
        return Outbound(
            allow=self.allowed,
            proxy=settings.outbound_proxy or None,
            ca_file=settings.outbound_ca_file,
        )

    @cached_property
    def fetcher(self) -> KeyCache:
        """The network, with the provider's keys kept in front of it."""
        return KeyCache(self.network, self.parts.clock, self._load_keys, self._save_keys, self._note_fetch)

    def duties(self) -> tuple[Duty, ...]:
        """Return what the server does by itself."""
        return (
            Duty("seal the audit log", timedelta(seconds=5), self._seal),
            Duty("refresh the identity provider", RETRY_AFTER, self._refresh),
            Duty("carry out jobs", timedelta(seconds=1), self._work_off),
            Duty("remove old entries of the audit log", timedelta(hours=1), self._remove_old_entries),
            Duty("send events", timedelta(seconds=1), self.event_sender.run),
            Duty("ask Apple about Macs", timedelta(seconds=5), self._ask_apple),
            Duty("begin and end keeping messages of Macs", timedelta(seconds=5), self._look_at_capture),
            Duty("wake Macs", timedelta(seconds=1), self._wake_macs),
            Duty("wake Macs that were silent", timedelta(minutes=10), self._sweep_macs),
            Duty("let Macs go on that wait too long", timedelta(seconds=5), self._release_macs),
            Duty("renew certificates of Macs", timedelta(hours=1), self._renew_macs),
            Duty("forget what is over", timedelta(minutes=1), self._forget),
        )

    @cached_property
    def capture(self) -> Capture:
        """Whether messages of Macs are kept."""
        return Capture(self.parts.settings.capture_end, self.parts.clock.now())

    def _look_at_capture(self) -> None:
        if self.capture.until is not None:
            with self.work.write() as actions:
                self.capture.look(actions.audit, self.parts.clock.now())

    def _load_keys(self, jwks_uri: str) -> KeySnapshot | None:
        with self.work.read() as actions:
            return actions.key_snapshots.load(jwks_uri)

    def _save_keys(self, snapshot: KeySnapshot) -> None:
        with self.work.write() as actions:
            actions.key_snapshots.save(snapshot)

    def _note_fetch(self, record: FetchRecord) -> None:
        with self.work.write() as actions:
            if record.succeeded_at is not None:
                actions.provider_fetches.note_success(record.url, record.succeeded_at, record.change)
            elif record.failed_at is not None:
                actions.provider_fetches.note_failure(record.url, record.failed_at, record.failure)

    @cached_property
    def worker(self) -> Worker:
        """What carries out jobs."""
        parts = self.parts
        hello = urlsplit(parts.settings.public_url).hostname or "localhost"
        smtp = Smtp(parts.settings.organization, hello, parts.settings.outbound_ca_file)
        imports = ImportJob(parts.database, lambda work: self._unit(work).imports)
        mail = MailJob(parts.database, lambda work: self._unit(work).mail, smtp.send)
        export = ExportJob(parts.database, lambda work: self._unit(work).audit_exports)
        forgotten = ForgottenJob(lambda work: self._unit(work).forgotten)
        handlers: dict[str, Handler] = {EXPORT: export, KIND: imports, FORGOTTEN: forgotten, MAIL: mail}
        return Worker(parts.database, parts.clock, parts.entropy, handlers, {KIND: imports.give_up, MAIL: mail.give_up})

    @cached_property
    def event_sender(self) -> EventSender:
        """What sends the audit log's entries to where they are wanted."""
        parts = self.parts
        return EventSender(
            self.work_of(lambda unit: unit.destinations),
            self.network,
            parts.clock,
            parts.entropy,
            parts.settings.public_url,
            alone=parts.database.is_sqlite,
        )

    @cached_property
    def apple_sync(self) -> AdeSync:
        """What keeps the inventory of Macs, and their profiles at Apple, up to date."""
        parts = self.parts

        def wanted() -> tuple[AppleSettings, str]:
            with self.work.read() as actions:
                return actions.apple_settings.get(system("apple-sync")), actions.apple_push.topic()

        def client(token: Token) -> AdeClient:
            return AdeClient(self.network, token, parts.clock, parts.entropy, parts.settings.apple_service.rstrip("/"))

        work = self.work_of(lambda unit: unit.ade)
        return AdeSync(work, wanted, client, parts.settings.public_url, parts.settings.organization)

    @cached_property
    def device_authorities(self) -> DeviceAuthorities:
        """The keys that vouch for what Macs say of themselves."""
        settings = self.parts.settings
        return DeviceAuthorities.read(settings.apple_device_authorities, audit_only=settings.apple_machine_info_audit_only)

    @cached_property
    def waker(self) -> Waker:
        """What wakes Macs through Apple's push service."""
        return waker(self.work_of(lambda unit: unit.apple_waking), self.network, self.parts)

    async def _wake_macs(self) -> None:
        if self.parts.settings.apple_push_service != NO_PUSHES:
            await self.waker.run()

    def _sweep_macs(self) -> None:
        self.waker.sweep()

    async def _ask_apple(self) -> None:
        await self.apple_sync.run()

    def _work_off(self) -> None:
        self.worker.run_due()

    def _remove_old_entries(self) -> None:
        days = self.parts.settings.audit_days
        if not days:
            return
        before = self.parts.clock.now() - timedelta(days=days)
        if removed := self.audit_sealer.remove_before(before):
            with self.work.write() as actions:
                resource = Resource("audit_log", "audit_log", "audit log")
                details: dict[str, JSON] = {"entries": removed, "sealed_before": before.isoformat(), "days": days}
                actions.audit.record(system("retention"), "audit_retention", resource=resource, details=details)

    def _seal(self) -> None:
        self.audit_sealer.seal()

    async def _refresh(self) -> None:
        work = self.work_of(lambda unit: unit.identity_providers)
        await Refresh(work, self.network, self.fetcher, self.parts.clock, self.allowed).run()

    def _release_macs(self) -> None:
        with self.work.read() as actions:
            if not actions.mac_management.macs.late(self.parts.clock.now(), 1):
                return
        with self.work.write() as actions:
            actions.mac_management.release_late()

    def _renew_macs(self) -> None:
        with self.work.write() as actions:
            due = [one.sha256 for one in actions.apple_authority.due_for_renewal()]
            Renewal(actions.mac_management).wake_due(due)

    def _mac_deleted(self, work: UnitOfWork, event: DeviceDeleted) -> None:
        unit = self._unit(work)
        mac = unit.mac_management.macs.lock(event.device_id)
        if mac is not None:
            unit.apple_authority.revoke_session(system("directory"), mac.session_id, "device_deleted")
            unit.mac_management.macs.remove(event.device_id)

    def _forget(self) -> None:
        with self.work.write() as actions:
            now = self.parts.clock.now()
            moment = upkeep.long_ago(now)
            actions.sign_ins.expire()
            actions.apple_authority.forget_challenges()
            actions.acme.forget()
            actions.sign_ins.store.remove_before(now - KEPT_FOR)
            actions.tokens.store.remove_before(moment)
            actions.authorizations.store.remove_before(moment)
            actions.limits.remove_before(moment)
            actions.jobs.remove_before(now - JOBS_KEPT_FOR)
            actions.mac_management.queue.forget()
            actions.mac_management.forget_orders()
            actions.imports.store.remove_before(now - JOBS_KEPT_FOR)
            actions.audit_exports.parts.remove_before(now - EXPORTS_KEPT_FOR)
            actions.passwords.links.remove_before(moment)
            actions.user_passkeys.ceremonies.remove_before(moment)
            actions.mail.remove_before(now - MAIL_KEPT_FOR)
            actions.apple_enrollments.forget()

    @property
    def work(self) -> DatabaseWork[Unit]:
        """Units of work with everybody's actions."""
        return DatabaseWork(self.parts.database, self._unit)

    def work_of(self, choose: Callable[[Unit], T]) -> DatabaseWork[T]:
        """Units of work with one slice's actions."""
        return DatabaseWork(self.parts.database, lambda work: choose(self._unit(work)))

    def _unit(self, work: UnitOfWork) -> Unit:
        return Unit(self.parts, work)

    def _subscribe(self, subscriptions: Subscriptions) -> None:
        """Say who listens to what; every handler runs in the unit of work of the change."""
        subscribe = subscriptions.subscribe
        subscribe(UsersChanging, self._hold_what_hangs_on)
        subscribe(UserSuspended, lambda work, event: self._unit(work).bindings.suspend_all_of_user(event.user_id))
        subscribe(UserActivated, lambda work, event: self._unit(work).bindings.activate_all_of_user(event.user_id))
        subscribe(UserDeleted, lambda work, event: self._unit(work).bindings.remove_all_of_user(event.user_id))
        subscribe(UserDeleted, lambda work, event: self._unit(work).access.forget_user(event.user_id))
        subscribe(UserGroupMembersChanged, self._user_group_changed)
        subscribe(UserGroupDeleted, lambda work, event: self._unit(work).access.forget_user_group(event.group_id))
        subscribe(UserGroupDeleted, lambda work, event: self._unit(work).provisioning.forget_user_group(event.group_id))
        subscribe(UserGroupDeleted, lambda work, event: self._unit(work).access_policies.refuse_named_group(event.group_id))
        subscribe(RoleDeleted, lambda work, event: self._unit(work).access_policies.refuse_named_role(event.name))
        subscribe(RoleRenamed, lambda work, event: self._unit(work).access_policies.follow_role(event))
        subscribe(UserDeleted, lambda work, event: self._unit(work).links.forget_user(event.user_id))
        subscribe(UserSuspended, self._end_user_sessions)
        subscribe(UserDeleted, self._end_user_sessions)
        subscribe(UserEmailChanged, lambda work, event: self._unit(work).passwords.end_links(event.user_id))
        subscribe(UserPasswordChanged, self._user_proof_changed)
        subscribe(PasskeysRemoved, self._passkeys_removed)
        subscribe(
            AdministratorPasswordChanged, lambda work, event: self._unit(work).admin_passkeys.forget(event.administrator_id)
        )
        subscribe(AdministratorFactorReset, lambda work, event: self._unit(work).admin_passkeys.forget(event.administrator_id))
        subscribe(AdministratorDeleted, self._end_sessions)
        subscribe(AdministratorPasswordChanged, self._end_sessions)
        subscribe(AdministratorFactorReset, self._end_sessions)
        subscribe(AdministratorSuspended, self._end_sessions)
        subscribe(AdministratorProofChanged, self._end_other_sessions)
        subscribe(IdentityProviderDeleted, self._end_sign_ins)
        subscribe(IdentityProviderChanged, self._end_sign_ins)
        subscribe(BindingChanged, lambda work, event: self._unit(work).orders.on_binding_changed(event))
        subscribe(DeviceDeleted, self._mac_deleted)
        subscribe(FollowUp, lambda work, event: self._unit(work).sign_ins.follow_up(event))
        subscribe(DesiredStateChanged, self._wake_later)

    def _end_sessions(
        self,
        work: UnitOfWork,
        event: AdministratorDeleted | AdministratorPasswordChanged | AdministratorFactorReset | AdministratorSuspended,
    ) -> None:
        unit = self._unit(work)
        unit.sessions.end_all(event.administrator_id)
        unit.password_sign_in.forget_waiting(event.administrator_id)
        unit.password_sign_in.forget_browsers(event.administrator_id)

    def _end_user_sessions(self, work: UnitOfWork, event: UserSuspended | UserDeleted) -> None:
        unit = self._unit(work)
        unit.person_sign_in.end_everything(event.user_id)
        unit.passwords.end_links(event.user_id)

    def _passkeys_removed(self, work: UnitOfWork, event: PasskeysRemoved) -> None:
        if event.whose == "user":
            self._unit(work).person_sign_in.end_everything(event.owner_id)

    def _user_proof_changed(self, work: UnitOfWork, event: UserPasswordChanged) -> None:
        sign_in = self._unit(work).person_sign_in
        sign_in.end_everything(event.user_id, but=event.session_id)
        if not event.session_id:  # by a link or an administrator: a browser known before may be a stranger's
            sign_in.forget_browsers(event.user_id)

    def _end_other_sessions(self, work: UnitOfWork, event: AdministratorProofChanged) -> None:
        unit = self._unit(work)
        unit.sessions.end_all(event.administrator_id, but=event.session_id)
        unit.password_sign_in.forget_waiting(event.administrator_id)

    def _end_sign_ins(self, work: UnitOfWork, event: IdentityProviderDeleted | IdentityProviderChanged) -> None:
        if isinstance(event, IdentityProviderDeleted) or event.issuer_changed:
            self._unit(work).sign_ins.end_open_of_provider(event.provider_id)

    def _hold_what_hangs_on(self, work: UnitOfWork, event: UsersChanging) -> None:
        self._unit(work).bindings.hold(event.user_ids)

    def _user_group_changed(self, work: UnitOfWork, event: UserGroupMembersChanged) -> None:
        unit, user_ids = self._unit(work), (*event.added, *event.removed)
        unit.access.user_group_changed(event.group_id, user_ids)
        unit.provisioning.user_group_changed(event.group_id, user_ids)

    def _wake_later(self, work: UnitOfWork, event: DesiredStateChanged) -> None:
        work.after_commit.append(lambda: self.parts.wakeups.wake(event.device_id))
