"""Who signs in with a password, administrators and users, over one unit of work."""

from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy import Table

from homeport.bootstrap.parts import Parts
from homeport.channels.console.mail.actions import MailSettings
from homeport.directory.admins.actions import (
    AdministratorActions,
    AdministratorLinks,
    Administrators,
    ApiKeys,
    Factors,
    Roles,
    ServiceAccounts,
)
from homeport.directory.admins.actions.one_time import OneTimePasswords
from homeport.directory.admins.store.administrators import AdministratorSql
from homeport.directory.admins.store.administrators import LinkSql as AdministratorLinkSql
from homeport.directory.admins.store.api_keys import ApiKeySql
from homeport.directory.admins.store.factors import FactorSql
from homeport.directory.admins.store.roles import RoleSql
from homeport.directory.admins.store.service_accounts import ServiceAccountSql
from homeport.directory.audit.actions import Audit, Destinations, Exports
from homeport.directory.audit.store import AddressRules, AuditStore, DestinationSql, ExportSql
from homeport.directory.devices.store.devices import DeviceSql
from homeport.directory.people.store import UserGroupSql, UserSql
from homeport.foundation.database.engine import UnitOfWork
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.mail.store import Mail
from homeport.trust.access.actions import Decisions
from homeport.trust.access.actions.browsers import DeviceBrowsers
from homeport.trust.access.store.browsers import DeviceBrowserSql
from homeport.trust.access.store.lists import IpListSql
from homeport.trust.access.store.places import EnrolledDevices
from homeport.trust.access.store.policies import PolicySql as PolicySqlOfAccess
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.passkeys.store import CeremonySql, PasskeySql
from homeport.trust.signin.passkeys.tables import admin_passkeys, user_passkeys
from homeport.trust.signin.passkeys.webauthn import PyWebAuthn
from homeport.trust.signin.password.actions import PasswordSignIn, Sessions
from homeport.trust.signin.password.actions.rules import AdminRules
from homeport.trust.signin.password.actions.throttling import Throttling
from homeport.trust.signin.password.recording import PasswordAttempts
from homeport.trust.signin.password.store import BrowserSql, ChallengeSql, SessionSql, ThrottleSql
from homeport.trust.signin.password.tables import user_browsers, user_challenges, user_sessions
from homeport.trust.signin.person.actions import Passwords, PersonFactors, PersonSignIn
from homeport.trust.signin.person.actions.owners import USERS, SessionUsers
from homeport.trust.signin.person.actions.policies import PortalPolicies
from homeport.trust.signin.person.actions.rules import PasswordRuling
from homeport.trust.signin.person.forgotten import Forgotten
from homeport.trust.signin.person.store import PasswordLinkSql, PasswordSql, RuleSql
from homeport.trust.signin.person.tables import user_factors, user_recovery_codes
from homeport.trust.signin.store import SqlSignInStore


class SignInUnit:
    """The audit log, and the actions of passwords, factors, sessions and keys, made when first asked for."""

    def __init__(self, parts: Parts, work: UnitOfWork) -> None:
        self._parts, self._work = parts, work
        self._connection, self._clock, self._entropy = work.connection, parts.clock, parts.entropy

    @cached_property
    def audit(self) -> Audit:
        """The audit log."""
        return Audit(AuditStore(self._connection), self._clock, self._entropy)

    @cached_property
    def audit_exports(self) -> Exports:
        """Exports of the audit log."""
        return Exports(ExportSql(self._connection), self.jobs, self.audit)

    @cached_property
    def destinations(self) -> Destinations:
        """Where the audit log's entries are sent."""
        store, log, parts = DestinationSql(self._connection), AuditStore(self._connection), self._parts
        addresses = AddressRules(parts.settings.allowed)
        return Destinations(store, log, self.audit, parts.sealer, self._clock, self._entropy, addresses)

    @cached_property
    def access_decisions(self) -> Decisions:
        """What access policies say of a sign-in."""
        devices = DeviceSql(self._connection)
        return Decisions(
            PolicySqlOfAccess(self._connection),
            IpListSql(self._connection),
            AdministratorSql(self._connection),
            self._parts.countries,
            EnrolledDevices(devices.find_by_thumbprint, devices.get, DeviceBrowserSql(self._connection), self._clock),
        )

    @cached_property
    def device_browsers(self) -> DeviceBrowsers:
        """Browsers whose sign-ins a device's agent began."""
        return DeviceBrowsers(DeviceBrowserSql(self._connection), self._clock, self._entropy)

    @cached_property
    def portal_policies(self) -> PortalPolicies:
        """What access policies say of a sign-in to the user portal."""
        passkeys = PasskeySql(self._connection, user_passkeys)
        return PortalPolicies(self.access_decisions, UserGroupSql(self._connection), PasswordSql(self._connection), passkeys)

    @cached_property
    def jobs(self) -> Jobs:
        """The outbox."""
        return Jobs(self._connection, self._clock, self._entropy)

    @cached_property
    def mail(self) -> Mail:
        """Mail."""
        return Mail(self._connection, self.jobs, self._parts.sealer, self._clock, self._entropy, self._work)

    @cached_property
    def mail_settings(self) -> MailSettings:
        """The mail server, as administrators manage it."""
        return MailSettings(self.mail, self.audit, self._clock)

    @cached_property
    def administrators(self) -> Administrators:
        """Administrators."""
        rows, links = AdministratorSql(self._connection), AdministratorLinkSql(self._connection)
        roles = RoleSql(self._connection)
        return Administrators(rows, links, self.audit, self._clock, self._work, self.access_decisions, roles)

    @cached_property
    def factors(self) -> Factors:
        """Second factors."""
        return Factors(
            FactorSql(self._connection),
            AdministratorSql(self._connection),
            self._parts.sealer,
            self.audit,
            self._clock,
            self._entropy,
            self._work,
            self._parts.settings.organization,
        )

    @cached_property
    def administrator_links(self) -> AdministratorLinks:
        """One-time links."""
        return AdministratorLinks(
            AdministratorLinkSql(self._connection),
            AdministratorSql(self._connection),
            FactorSql(self._connection),
            self._parts.hasher,
            self.audit,
            self._clock,
            self._entropy,
            self._work,
            RoleSql(self._connection),
        )

    @cached_property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        keys, owners = ApiKeySql(self._connection), AdministratorSql(self._connection)
        return ApiKeys(keys, owners, self.audit, self._clock, self._entropy)

    @cached_property
    def roles(self) -> Roles:
        """Custom roles."""
        rows, links = RoleSql(self._connection), AdministratorLinkSql(self._connection)
        return Roles(rows, links, self.audit, self._clock, self._entropy, self._work)

    @cached_property
    def service_accounts(self) -> ServiceAccounts:
        """Service accounts and their keys."""
        rows, roles = ServiceAccountSql(self._connection), RoleSql(self._connection)
        return ServiceAccounts(rows, roles, self.audit, self._clock, self._entropy)

    @cached_property
    def administrator_actions(self) -> AdministratorActions:
        """All actions of the admins slice, in one."""
        return AdministratorActions(
            self.administrators, self.administrator_links, self.api_keys, self.factors, self.roles, self.service_accounts
        )

    @cached_property
    def sessions(self) -> Sessions:
        """Administrators' sessions."""
        rules = AdminRules(self.access_decisions, self.administrators, PasskeySql(self._connection, admin_passkeys))
        return Sessions(SessionSql(self._connection), self.administrators, rules, self.audit, self._clock, self._entropy)

    @cached_property
    def password_sign_in(self) -> PasswordSignIn:
        """Administrators' sign-in by password."""
        return PasswordSignIn(
            self.sessions,
            ThrottleSql(self._connection),
            BrowserSql(self._connection),
            ChallengeSql(self._connection),
            self.factors,
            self.administrators,
            self.administrator_links,
            self.access_decisions,
            PasskeySql(self._connection, admin_passkeys),
            self.audit,
            self._clock,
            self._entropy,
        )

    @cached_property
    def passwords(self) -> Passwords:
        """Users' directory passwords."""
        passwords, links, people = PasswordSql(self._connection), PasswordLinkSql(self._connection), UserSql(self._connection)
        rules = RuleSql(self._connection)
        return Passwords(passwords, links, people, rules, self.audit, self._clock, self._entropy, self._work)

    @cached_property
    def password_ruling(self) -> PasswordRuling:
        """The rules of users' passwords."""
        return PasswordRuling(RuleSql(self._connection), self.audit, self._clock)

    @cached_property
    def user_passkeys(self) -> Passkeys:
        """Users' passkeys."""
        return self._passkeys(user_passkeys, "user")

    @cached_property
    def admin_passkeys(self) -> Passkeys:
        """Administrators' passkeys."""
        return self._passkeys(admin_passkeys, "admin")

    def _passkeys(self, table: Table, whose: str) -> Passkeys:
        settings = self._parts.settings
        webauthn = PyWebAuthn(urlsplit(settings.public_url).hostname or "", settings.organization, settings.public_url)
        store, ceremonies = PasskeySql(self._connection, table), CeremonySql(self._connection)
        return Passkeys(store, ceremonies, webauthn, self.audit, self._clock, self._entropy, whose, self._work)

    @cached_property
    def forgotten(self) -> Forgotten:
        """Forgotten passwords, reset by mail."""
        parts = self._parts
        return Forgotten(
            self.passwords,
            UserSql(self._connection),
            self.mail,
            self.jobs,
            RateLimits(self._connection, self._clock),
            parts.settings.public_url,
            parts.settings.organization,
        )

    @cached_property
    def user_factors(self) -> PersonFactors:
        """Users' second factors."""
        store, parts = FactorSql(self._connection, user_factors, user_recovery_codes, "user_id"), self._parts
        codes = OneTimePasswords(store, parts.sealer, self._clock, self._entropy, parts.settings.organization, "user")
        passwords, people = PasswordSql(self._connection), UserSql(self._connection)
        return PersonFactors(codes, passwords, people, self.audit, self._clock, self._work)

    @cached_property
    def session_users(self) -> SessionUsers:
        """Users as the owners of sessions."""
        return SessionUsers(UserSql(self._connection), PasswordSql(self._connection))

    @cached_property
    def user_sessions(self) -> Sessions:
        """Users' sessions in the user portal."""
        store = SessionSql(self._connection, user_sessions)
        return Sessions(store, self.session_users, self.portal_policies, self.audit, self._clock, self._entropy, USERS)

    @cached_property
    def person_sign_in(self) -> PersonSignIn:
        """Users' sign-in to the user portal."""
        return PersonSignIn(
            sessions=self.user_sessions,
            throttling=Throttling(ThrottleSql(self._connection), self._clock),
            browsers=BrowserSql(self._connection, user_browsers),
            challenges=ChallengeSql(self._connection, user_challenges),
            passwords=PasswordSql(self._connection),
            people=UserSql(self._connection),
            factors=self.user_factors,
            policies=self.portal_policies,
            attempts=PasswordAttempts(SqlSignInStore(self._connection), self.audit, self._clock, self._entropy, self._work),
            audit=self.audit,
            clock=self._clock,
            entropy=self._entropy,
        )
