"""Every slice's actions over one unit of work."""

from functools import cached_property

from homeport.bootstrap.apple_units import AppleUnit
from homeport.bootstrap.mac_certificates import MacCertificates
from homeport.bootstrap.mac_sessions import MacSessions
from homeport.channels.apple.ade.store import AdeSql
from homeport.channels.apple.applemdms.actions import AppleMdms
from homeport.channels.apple.authority.store import SqlAuthorityStore
from homeport.channels.apple.enrollment.signed_profile import SignedProfiles
from homeport.channels.apple.enrollment.store import EnrollmentSql
from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.command_queue import Queue
from homeport.channels.apple.mdm.management import Management
from homeport.channels.apple.mdm.ports import Certificates, Sessions
from homeport.channels.apple.mdm.record import MacLog
from homeport.channels.apple.mdm.second_approver import SecondApprover
from homeport.channels.apple.mdm.store import CommandSql, MacSql, OrderSql
from homeport.channels.apple.settings.store import AppleSettingsSql
from homeport.channels.linux.actions import Orders
from homeport.channels.linux.help_desk import HelpDesk
from homeport.channels.linux.order_keys import OrderKeys
from homeport.channels.linux.store import SqlHelpDeskStore, SqlKeyStore, SqlOrderStore
from homeport.channels.portal.actions import Own
from homeport.directory.admins.store.roles import RoleSql
from homeport.directory.devices.actions import (
    Access,
    AutomatedEnrollment,
    Bindings,
    DeviceActions,
    DeviceGroups,
    Devices,
    Enrollment,
    EnrollmentKeys,
    Passcodes,
    Policies,
    Provisioning,
)
from homeport.directory.devices.store.access import AccessSql
from homeport.directory.devices.store.bindings import BindingSql
from homeport.directory.devices.store.devices import DeviceSql
from homeport.directory.devices.store.enrollment import EnrollmentKeySql
from homeport.directory.devices.store.groups import DeviceGroupSql
from homeport.directory.devices.store.policies import PolicySql
from homeport.directory.devices.store.provisioning import ProvisioningSql, UnixIdSql
from homeport.directory.people.actions import Imports, People, UserGroups
from homeport.directory.people.actions.import_rows import RowImport
from homeport.directory.people.store import ImportSql, UserGroupSql, UserSql
from homeport.foundation.http.rate_limit import RateLimits
from homeport.trust.access.actions import AccessActions, AccessPolicies, IpLists, Simulator
from homeport.trust.access.store.lists import IpListSql
from homeport.trust.access.store.policies import PolicySql as PolicySqlOfAccess
from homeport.trust.federation.actions import Federation, IdentityProviders, Links
from homeport.trust.federation.store import DirectorySql, HealthSql, KeySnapshotSql, ProviderSql
from homeport.trust.federation.store import LinkSql as FederationLinks
from homeport.trust.issuer.actions import AccessTokens, DeviceAuthorizations
from homeport.trust.issuer.device_login import DeviceLogin
from homeport.trust.issuer.store import SqlAuthorizationStore, SqlTokenStore
from homeport.trust.signin.actions import SignIns
from homeport.trust.signin.model import ConnectionTest, Purpose
from homeport.trust.signin.store import SqlSignInStore


class Unit(AppleUnit):
    """Every slice's actions over one unit of work, made when first asked for."""

    @cached_property
    def limits(self) -> RateLimits:
        """Rate limits."""
        return RateLimits(self._connection, self._clock)

    @cached_property
    def people(self) -> People:
        """Users."""
        users, usage = UserSql(self._connection), BindingSql(self._connection)
        return People(users, usage, self.audit, self._clock, self._entropy, self._work, self.passwords)

    @cached_property
    def imports(self) -> Imports:
        """Imports of users."""
        store = ImportSql(self._connection)
        rows = RowImport(store, self.people, self.user_groups, self.audit, self._clock, self._entropy)
        return Imports(store, rows, self.jobs, self.audit, self._clock, self._entropy)

    @cached_property
    def user_groups(self) -> UserGroups:
        """User groups."""
        return UserGroups(UserGroupSql(self._connection), self.audit, self._clock, self._entropy, self._work)

    @cached_property
    def bindings(self) -> Bindings:
        """Bindings."""
        return Bindings(
            store=BindingSql(self._connection),
            devices=DeviceSql(self._connection),
            unix_ids=UnixIdSql(self._connection),
            provisioning=ProvisioningSql(self._connection),
            users=UserSql(self._connection),
            access=AccessSql(self._connection),
            clock=self._clock,
            entropy=self._entropy,
            publisher=self._work,
            audit=self.audit,
        )

    @cached_property
    def passcodes(self) -> Passcodes:
        """Local passcodes."""
        return Passcodes(BindingSql(self._connection), DeviceSql(self._connection), self._work, self.audit)

    @cached_property
    def devices(self) -> Devices:
        """Devices."""
        devices, groups = DeviceSql(self._connection), DeviceGroupSql(self._connection)
        access = AccessSql(self._connection)
        return Devices(devices, groups, access, self.bindings, self.policies, self._clock, self._work, self.audit)

    @cached_property
    def enrollment(self) -> Enrollment:
        """Enrolment of devices."""
        keys, devices = EnrollmentKeySql(self._connection), DeviceSql(self._connection)
        groups = DeviceGroupSql(self._connection)
        return Enrollment(keys, devices, groups, self._clock, self._entropy, self._work, self.audit)

    @cached_property
    def automated(self) -> AutomatedEnrollment:
        """Macs of Automated Device Enrollment, and their accounts."""
        keys, devices = EnrollmentKeySql(self._connection), DeviceSql(self._connection)
        groups = DeviceGroupSql(self._connection)
        return AutomatedEnrollment(keys, devices, groups, self.bindings, self._clock, self._entropy, self._work, self.audit)

    def macs(self, sessions: Sessions, certificates: Certificates) -> Management:
        """Macs under management; `sessions` knows the sign-ins that enrolled them, `certificates` what they earned."""
        sealer = self._parts.sealer
        queue = Queue(CommandSql(self._connection), sealer, self._clock, self._entropy)
        macs, settings = MacSql(self._connection), AppleSettingsSql(self._connection, self._clock)
        return Management(
            macs,
            queue,
            sessions,
            self.devices,
            self.automated,
            sealer,
            MacLog(self.audit, self.devices),
            self._clock,
            self._entropy,
            certificates,
            SecondApprover(OrderSql(self._connection), lambda: settings.get().second_approver),
        )

    @cached_property
    def mac_sessions(self) -> MacSessions:
        """The sign-ins in the web view, as MDM asks for them."""
        settings, users = AppleSettingsSql(self._connection, self._clock), UserSql(self._connection)
        authority = SqlAuthorityStore(self._connection)
        return MacSessions(EnrollmentSql(self._connection), settings, AdeSql(self._connection), users, authority)

    @cached_property
    def mac_profiles(self) -> SignedProfiles:
        """The profiles by which Macs are managed."""
        settings, attests = self._parts.settings, bool(self._parts.attestation_roots.certificates)
        own = AppleSettingsSql(self._connection, self._clock)
        return SignedProfiles(
            self.apple_authority, settings.public_url, settings.organization, attests, lambda: own.get().certificate_way
        )

    @cached_property
    def mac_management(self) -> Management:
        """Macs under management."""
        return self.macs(self.mac_sessions, MacCertificates(self.apple_authority, self.mac_profiles))

    @cached_property
    def apple_mdms(self) -> AppleMdms:
        """Macs under management, as the REST API asks for them."""
        inventory, certificates = AdeSql(self._connection), SqlAuthorityStore(self._connection)
        macs, listed, organization = MacActions(self.mac_management), MacSql(self._connection), self._parts.settings.organization
        return AppleMdms(self.ade, self.apple_settings, macs, listed, inventory, certificates, self.apple_push, organization)

    @cached_property
    def enrollment_keys(self) -> EnrollmentKeys:
        """Enrolment keys."""
        keys = EnrollmentKeySql(self._connection)
        groups = DeviceGroupSql(self._connection)
        return EnrollmentKeys(keys, groups, self._clock, self._entropy, self.audit, self.order_keys.fingerprint)

    @cached_property
    def device_groups(self) -> DeviceGroups:
        """Device groups."""
        return DeviceGroups(
            DeviceGroupSql(self._connection),
            DeviceSql(self._connection),
            EnrollmentKeySql(self._connection),
            AccessSql(self._connection),
            self.bindings,
            self.policies,
            self._clock,
            self._entropy,
            self.audit,
        )

    @cached_property
    def policies(self) -> Policies:
        """What devices and device groups say of ssh and sudo."""
        store, devices, groups = PolicySql(self._connection), DeviceSql(self._connection), DeviceGroupSql(self._connection)
        return Policies(store, devices, groups, ProvisioningSql(self._connection), self._clock, self._work, self.audit)

    @cached_property
    def access(self) -> Access:
        """Who may sign in on which device."""
        store, devices, groups = AccessSql(self._connection), DeviceSql(self._connection), DeviceGroupSql(self._connection)
        return Access(store, devices, groups, self.bindings, self.policies, self._clock, self.audit)

    @cached_property
    def provisioning(self) -> Provisioning:
        """Device account provisioning."""
        return Provisioning(
            ProvisioningSql(self._connection), UnixIdSql(self._connection), self.bindings, self.policies, self.audit
        )

    @cached_property
    def device_actions(self) -> DeviceActions:
        """All actions of the devices slice, for its edges."""
        return DeviceActions(
            self.devices,
            self.enrollment_keys,
            self.enrollment,
            self.bindings,
            self.provisioning,
            self.device_groups,
            self.access,
            self.user_groups,
            self.policies,
            self.passcodes,
        )

    @cached_property
    def authorizations(self) -> DeviceAuthorizations:
        """Device authorizations."""
        store, tokens = SqlAuthorizationStore(self._connection), SqlTokenStore(self._connection)
        return DeviceAuthorizations(store, tokens, self._clock, self._entropy, self._work)

    @cached_property
    def tokens(self) -> AccessTokens:
        """Access tokens of devices."""
        public_url = self._parts.settings.public_url
        return AccessTokens(SqlTokenStore(self._connection), self._clock, self._entropy, public_url)

    @cached_property
    def order_keys(self) -> OrderKeys:
        """The order root and order keys."""
        parts = self._parts
        return OrderKeys(SqlKeyStore(self._connection), parts.sealer, self._clock, self._entropy, parts.settings.public_url)

    @cached_property
    def orders(self) -> Orders:
        """Orders to Linux devices."""
        return Orders(
            SqlOrderStore(self._connection),
            self.order_keys,
            self.devices,
            self.bindings,
            self.people,
            self.audit,
            self._clock,
            self._entropy,
            self._work,
        )

    @cached_property
    def help_desk(self) -> HelpDesk:
        """Codes of the help desk."""
        return HelpDesk(
            SqlHelpDeskStore(self._connection),
            SqlOrderStore(self._connection),
            self.order_keys,
            self._parts.sealer,
            self.devices,
            self.bindings,
            self.audit,
            self._clock,
        )

    @cached_property
    def federation(self) -> Federation:
        """What a sign-in asks about providers and links."""
        return Federation(
            ProviderSql(self._connection),
            FederationLinks(self._connection),
            self.people,
            self.audit,
            self._parts.sealer,
            self._clock,
            self._entropy,
            self._work,
            HealthSql(self._connection),
        )

    @cached_property
    def identity_providers(self) -> IdentityProviders:
        """Identity providers, as administrators manage them."""
        return IdentityProviders(
            ProviderSql(self._connection),
            FederationLinks(self._connection),
            DirectorySql(self._connection),
            self.audit,
            self._parts.sealer,
            self._clock,
            self._entropy,
            self._work,
            self._parts.settings.public_url,
            HealthSql(self._connection),
        )

    @cached_property
    def provider_fetches(self) -> HealthSql:
        """What became of fetching what the provider publishes."""
        return HealthSql(self._connection)

    @cached_property
    def links(self) -> Links:
        """Federated identities, as administrators manage them."""
        return Links(FederationLinks(self._connection), self.people, self.audit, self._clock)

    @cached_property
    def key_snapshots(self) -> KeySnapshotSql:
        """The provider's keys as they were last fetched."""
        return KeySnapshotSql(self._connection)

    @cached_property
    def own(self) -> Own:
        """What a person asks of their own in the user portal."""
        return Own(self.people, self.bindings, self.passcodes, self.sign_ins, self._clock)

    @cached_property
    def access_policies(self) -> AccessPolicies:
        """Access policies, as administrators edit them."""
        policies, lists = PolicySqlOfAccess(self._connection), IpListSql(self._connection)
        roles = RoleSql(self._connection)
        return AccessPolicies(policies, lists, roles, self.access_decisions, self.audit, self._clock, self._entropy)

    @cached_property
    def ip_lists(self) -> IpLists:
        """IP lists."""
        policies, lists = PolicySqlOfAccess(self._connection), IpListSql(self._connection)
        return IpLists(lists, policies, self.access_decisions, self.audit, self._clock, self._entropy)

    @cached_property
    def access_actions(self) -> AccessActions:
        """All actions of the access slice, for its edges."""
        people, groups, administrators = self.people, self.user_groups, self.administrators
        factors, countries = self.portal_policies, self._parts.countries
        simulator = Simulator(self.access_decisions, people, groups, administrators, countries, factors)
        return AccessActions(self.access_policies, self.ip_lists, simulator, people, groups, administrators)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Sign-ins."""
        parts = self._parts
        return SignIns(
            store=SqlSignInStore(self._connection),
            federation=self.federation,
            people=self.people,
            audit=self.audit,
            continuations={
                **dict.fromkeys(
                    (Purpose.DEVICE_LOGIN, Purpose.PASSCODE_RESET, Purpose.SUDO),
                    DeviceLogin(self.authorizations, self.devices, self.bindings),
                ),
                Purpose.CONNECTION_TEST: ConnectionTest(),
                Purpose.MAC_ENROLLMENT: self.apple_enrollments,
            },
            sealer=parts.sealer,
            clock=self._clock,
            entropy=self._entropy,
            publisher=self._work,
            public_url=parts.settings.public_url,
        )
