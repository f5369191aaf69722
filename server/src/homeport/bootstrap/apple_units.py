"""Macs out of the box, over one unit of work."""

from functools import cached_property, partial

from homeport.bootstrap.mac_sessions import MacEntitlement
from homeport.bootstrap.signin_units import SignInUnit
from homeport.channels.apple.ade import keys
from homeport.channels.apple.ade.actions import Ade
from homeport.channels.apple.ade.store import AdeSql
from homeport.channels.apple.authority.acme.actions import Acme
from homeport.channels.apple.authority.acme.parts import Parts as AcmeParts
from homeport.channels.apple.authority.acme.store import SqlAcmeStore
from homeport.channels.apple.authority.actions import Authority
from homeport.channels.apple.authority.store import SqlAuthorityStore
from homeport.channels.apple.enrollment.actions import Enrollments
from homeport.channels.apple.enrollment.store import EnrollmentSql
from homeport.channels.apple.mdm.store import MacSql
from homeport.channels.apple.push import certificate
from homeport.channels.apple.push.actions import PushCertificates
from homeport.channels.apple.push.jobs import Waking
from homeport.channels.apple.push.store import PushQueueSql, PushSql
from homeport.channels.apple.settings.actions import AppleConfiguration
from homeport.channels.apple.settings.store import AppleSettingsSql
from homeport.directory.devices.store.access import AccessSql
from homeport.directory.devices.store.groups import DeviceGroupSql
from homeport.directory.people.store import UserGroupSql, UserSql


class AppleUnit(SignInUnit):
    """The actions of the rooms of `channels.apple`, made when first asked for."""

    @cached_property
    def apple_settings(self) -> AppleConfiguration:
        """The settings of Macs."""
        store = AppleSettingsSql(self._connection, self._clock)
        groups, user_groups = DeviceGroupSql(self._connection), UserGroupSql(self._connection)
        attests = bool(self._parts.attestation_roots.certificates)
        return AppleConfiguration(store, groups, user_groups, self.audit, self._clock, attests)

    @cached_property
    def apple_enrollments(self) -> Enrollments:
        """The sessions of the web view."""
        return Enrollments(
            EnrollmentSql(self._connection),
            self.ade,
            AppleSettingsSql(self._connection, self._clock).get,
            self.apple_push.topic,
            self.mac_entitlement,
            UserGroupSql(self._connection).group_ids_of,
            self.audit,
            self._clock,
            self._entropy,
        )

    @cached_property
    def mac_entitlement(self) -> MacEntitlement:
        """Whom a Mac may belong to."""
        connection = self._connection
        settings = AppleSettingsSql(connection, self._clock)
        enrollments = EnrollmentSql(connection)
        return MacEntitlement(UserSql(connection), AccessSql(connection), MacSql(connection), settings, enrollments, self._clock)

    @cached_property
    def apple_authority(self) -> Authority:
        """The authority that vouches for Macs."""
        parts = self._parts
        store = SqlAuthorityStore(self._connection)
        return Authority(store, parts.sealer, self.audit, self._clock, self._entropy, parts.settings.organization)

    @cached_property
    def acme(self) -> Acme:
        """How Macs whose hardware vouches for their keys ask for certificates."""
        parts = self._parts
        return Acme(
            AcmeParts(
                SqlAcmeStore(self._connection),
                self.apple_authority,
                parts.attestation_roots,
                parts.sealer,
                self._clock,
                self._entropy,
                parts.settings.public_url,
            )
        )

    @cached_property
    def ade(self) -> Ade:
        """The server at Apple Business Manager and its inventory."""
        parts = self._parts
        make = partial(keys.make, self._clock.now(), parts.settings.organization)
        return Ade(AdeSql(self._connection), self.audit, parts.sealer, self._clock, make, keys.decrypt)

    @cached_property
    def apple_push(self) -> PushCertificates:
        """The certificate by which Macs are woken."""
        parts = self._parts
        make = partial(certificate.make_request, parts.settings.organization)
        return PushCertificates(PushSql(self._connection), self.audit, parts.sealer, self._clock, make, certificate.public_of)

    @cached_property
    def apple_waking(self) -> Waking:
        """Who is to be woken, and with what."""
        return Waking(PushQueueSql(self._connection), self.apple_push)
