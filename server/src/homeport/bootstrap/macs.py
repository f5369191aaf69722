"""Everything of `channels.apple` that listens: the web view, SCEP and ACME, MDM, and the pages of administrators."""

from collections.abc import Sequence
from functools import partial

from homeport.bootstrap.home import Home
from homeport.bootstrap.units import Unit
from homeport.channels.apple.ade.pages import AppleActions, ApplePages
from homeport.channels.apple.applemdms.api import AppleMdmActions, AppleMdmApi
from homeport.channels.apple.authority.acme.api import AcmeActions, AcmeEndpoints
from homeport.channels.apple.authority.api import AuthorityActions, ScepEndpoint
from homeport.channels.apple.authority.identity import Identities
from homeport.channels.apple.enrollment.pages import WebView, WebViewActions
from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.api import MdmActions, MdmEndpoints
from homeport.channels.apple.mdm.checkin import CheckIn
from homeport.channels.apple.mdm.connect import Connect
from homeport.channels.apple.mdm.pages import MacPageActions, MacPages
from homeport.channels.apple.push.pages import PushPages
from homeport.channels.apple.settings.pages import AppleSettingsPages
from homeport.foundation.http.routes import Router
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.callback import COOKIE, leave


def routers(home: Home, templates: Templates, panels: Panels) -> Sequence[Router]:
    """Return the routes; puts the chain of a Mac on its device's page."""
    parts, settings = home.parts, home.parts.settings
    mac_pages = MacPages(home.work_of(lambda unit: MacPageActions(MacActions(unit.mac_management), unit.limits)), templates)
    panels.register("device", mac_pages.panel)
    web_view = WebView(
        home.work_of(_web_view),
        templates,
        home.device_authorities,
        browser_of=lambda request: request.cookies.get(COOKIE) or parts.entropy.token(),
        leave=partial(leave, templates),
    )
    return [
        ScepEndpoint(home.work_of(_authority), settings.apple_legacy_crypto).router(),
        AcmeEndpoints(home.work_of(lambda unit: AcmeActions(unit.acme, unit.limits))).router(),
        AppleMdmApi(home.work_of(lambda unit: AppleMdmActions(unit.apple_mdms, unit.limits))).router(),
        MdmEndpoints(home.work_of(_mdm)).router(),
        mac_pages.router(),
        AppleSettingsPages(home.work_of(lambda unit: unit.apple_settings), templates).router(),
        ApplePages(home.work_of(_apple), templates).router(),
        PushPages(home.work_of(lambda unit: unit.apple_push), templates).router(),
        web_view.router(),
    ]


def _authority(unit: Unit) -> AuthorityActions:
    return AuthorityActions(unit.apple_authority, unit.limits)


def _mdm(unit: Unit) -> MdmActions:
    management, identities = unit.mac_management, Identities(unit.apple_authority)
    return MdmActions(CheckIn(management), Connect(management), unit.limits, identities.of_signature)


def _web_view(unit: Unit) -> WebViewActions:
    return WebViewActions(unit.apple_enrollments, unit.mac_profiles, unit.federation, unit.sign_ins, unit.limits)


def _apple(unit: Unit) -> AppleActions:
    may_have = unit.mac_entitlement.may_have
    return AppleActions(unit.ade, unit.apple_settings, unit.apple_push, unit.people, unit.user_groups, unit.federation, may_have)
