"""The ASGI application: every slice's routes, the menu, the panels, and the one mapping of errors."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp

from homeport import __version__, upkeep
from homeport.bootstrap import macs, portal
from homeport.bootstrap.home import Home
from homeport.bootstrap.units import Unit
from homeport.channels.apple.capture.middleware import Capturing
from homeport.channels.console.mail.api import MailApi
from homeport.channels.console.mail.pages import MailPages
from homeport.channels.console.pages import ConsoleActions, ConsolePages
from homeport.channels.linux.api import AgentEndpoints, HelpDeskApi, LinuxActions
from homeport.channels.linux.packages import BUILT_IN, AgentPackages
from homeport.channels.linux.pages import OrderPanels, TimelineActions, UnlockActions, UnlockCodePages
from homeport.directory.admins.actions import AdministratorActions
from homeport.directory.admins.api import AdministratorsApi, ApiKeyAuthenticator, ApiKeysApi, RolesApi, ServiceAccountsApi
from homeport.directory.admins.pages import AdministratorPages, ApiKeyPages, RolePages, ServiceAccountPages
from homeport.directory.audit.api import DestinationsApi, EventsApi
from homeport.directory.audit.pages import AuditPages, DestinationPages, ExportPages
from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.api import AssociationsApi, DeviceGroupsApi, DevicesApi
from homeport.directory.devices.model import OSFamily, TargetKind
from homeport.directory.devices.pages import (
    AccessPages,
    AddDevicePages,
    DeviceGroupPages,
    DevicePages,
    DevicePanels,
    PasscodePages,
    PolicyPages,
    ProvisioningPages,
    SelectedDevicesPages,
)
from homeport.directory.people.actions import PeopleActions
from homeport.directory.people.api import PeopleApi, UserGroupsApi
from homeport.directory.people.pages import BulkPages, ImportPages, PeoplePages, UserGroupPages
from homeport.foundation.database import schema
from homeport.foundation.http import problems
from homeport.foundation.http.health import Health
from homeport.foundation.http.metrics import Metered
from homeport.foundation.http.middleware import Shell as HttpShell
from homeport.foundation.http.openapi import describe
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import ActorKind
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.api_reference import ApiReference
from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.navigation import Navigation, Shell
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates
from homeport.trust.access.api import AccessPolicyApi, IpListApi
from homeport.trust.access.pages import AccessPolicyPages, IpListPages, SimulatorPages
from homeport.trust.federation.api import IdentityProviderApi
from homeport.trust.federation.pages import ClientSecretPages, IdentityProviderPages, LinkPages
from homeport.trust.federation.pages.providers import TEST_PANELS
from homeport.trust.federation.saving import Saving
from homeport.trust.issuer.oauth import IssuerActions, OAuthEndpoints
from homeport.trust.issuer.pages import ApprovalActions, ApprovalPages
from homeport.trust.signin.api import SignInApi
from homeport.trust.signin.callback import Callback, CallbackActions
from homeport.trust.signin.connection_test import ConnectionTestPages
from homeport.trust.signin.pages import SignInPages, SignInPanels
from homeport.trust.signin.passkeys.pages import PasskeyPages
from homeport.trust.signin.password.api import SessionsApi
from homeport.trust.signin.password.model import Attempt, ShutOut
from homeport.trust.signin.password.pages import (
    ADMINISTRATORS,
    OPEN_WITHOUT_FACTOR,
    SET_UP_PATH,
    AccountActions,
    AccountPages,
    DoorActions,
    OneTimeLinkPages,
    OwnActions,
    OwnPages,
    SessionAuthenticator,
    admin_door,
)

ALONE_REREAD, REPLICA_REREAD = 15.0, 2.0
"""Seconds between looks for what another process changed, while an agent waits: seldom on SQLite, often among replicas."""


def application(home: Home) -> FastAPI:
    """Build the application of a running product; raise SealingKeyError when its sealing key is another database's."""
    home.require_sealing_key()
    parts = home.parts
    settings = parts.settings
    assets, navigation, panels = Assets(), Navigation(), Panels()

    def shell_for(request: Request) -> Shell:
        actor = getattr(request.state, "actor", None)
        if actor is None:
            return Shell(organization=settings.organization, navigation=navigation)
        if actor.kind is ActorKind.USER:
            return portal.shell_of(actor, settings.organization)
        return Shell(
            organization=settings.organization,
            name=actor.name,
            role=actor.role,
            account="/admin/account",
            permissions=frozenset(permission.value for permission in actor.permissions),
            navigation=navigation,
        )

    templates = Templates(assets, shell_for=shell_for)

    def error_page(request: Request, status: int, title: str, detail: str) -> Response:
        cause, _, remedy = detail.partition(". ")
        start = f"/{request.url.path.split('/')[1]}"
        return templates.error(
            request,
            status=status,
            title=title,
            cause=f"{cause.rstrip('.')}.",
            remedy=remedy,
            reference=request.scope.get("request_id", ""),
            back=("Home", start) if status == HTTPStatus.NOT_FOUND and start in {"/admin", "/user"} else None,
        )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        home.worker.stopping.clear()
        task = asyncio.create_task(upkeep.run(home.duties()))
        yield
        home.worker.stop()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app = FastAPI(
        title="Homeport",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        routes=[Mount("/static", assets)],
    )
    sessions = SessionAuthenticator(
        home.work_of(lambda unit: unit.sessions), parts.clock, ADMINISTRATORS.cookies.session, SET_UP_PATH, OPEN_WITHOUT_FACTOR
    )
    app.state.authenticate_session = sessions
    app.state.authenticate_key = ApiKeyAuthenticator(home.work_of(_administrators), parts.clock)
    problems.install(app, error_page)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way to change the document
    device_panels = DevicePanels(home.work_of(_devices), templates)
    panels.register("user", device_panels.user_bindings)
    panels.register("user", device_panels.user_assignments)
    panels.register("identity_provider", device_panels.provisioning)
    _fill(navigation)
    reread = ALONE_REREAD if parts.database.is_sqlite else REPLICA_REREAD
    providers = home.work_of(lambda unit: unit.identity_providers)
    saving = Saving(providers, home.network, parts.clock, parts.entropy, home.allowed)
    link_pages = LinkPages(home.work_of(lambda unit: unit.links), templates)
    panels.register("user", link_pages.panel)
    order_panels = OrderPanels(home.work_of(_timeline), templates)
    panels.register("device", order_panels.of_device)
    panels.register("user", order_panels.of_user)
    panels.register("device", SignInPanels(home.work_of(lambda unit: unit.sign_ins), templates).of_device)
    connection_tests = ConnectionTestPages(home.work_of(lambda unit: unit.sign_ins), templates, parts.entropy)
    panels.register(TEST_PANELS, connection_tests.panel)
    packages = AgentPackages(settings.agent_packages or BUILT_IN)
    sign_in_pages = SignInPages(home.work_of(lambda unit: unit.sign_ins), templates)
    panels.register("identity_provider", sign_in_pages.panel, order=1)
    routers = [
        connection_tests.router(),
        ConsolePages(home.work_of(_console), templates, panels).router(),
        IdentityProviderPages(providers, saving, templates, panels, settings.public_url).router(),
        IdentityProviderApi(providers, saving, settings.public_url).router(),
        ClientSecretPages(providers, templates).router(),
        link_pages.router(),
        OAuthEndpoints(home.work_of(_issuer), parts.clock, settings.public_url).router(),
        AgentEndpoints(home.work_of(_linux), parts.wakeups, settings.public_url, reread).router(),
        ApprovalPages(home.work_of(_approval), templates, parts.entropy).router(),
        Callback(home.work_of(_callback), home.fetcher, home.network, templates, parts.clock).router(),
        packages.router(),
        AddDevicePages(home.work_of(_devices), templates, settings.public_url, packages.listed).router(),
        PasscodePages(home.work_of(_devices), templates).router(),
        SelectedDevicesPages(home.work_of(_devices), templates).router(),
        AccessPages(home.work_of(_devices), templates, TargetKind.DEVICE).router(),
        AccessPages(home.work_of(_devices), templates, TargetKind.DEVICE_GROUP).router(),
        PolicyPages(home.work_of(_devices), templates, TargetKind.DEVICE).router(),
        PolicyPages(home.work_of(_devices), templates, TargetKind.DEVICE_GROUP).router(),
        UnlockCodePages(home.work_of(_unlock), templates).router(),
        HelpDeskApi(home.work_of(lambda unit: unit.help_desk)).router(),
        DevicePages(home.work_of(_devices), templates, panels).router(),
        DeviceGroupPages(home.work_of(_devices), templates, panels).router(),
        *(ProvisioningPages(home.work_of(_devices), templates, system).router() for system in OSFamily),
        DevicesApi(home.work_of(_devices)).router(),
        DeviceGroupsApi(home.work_of(_devices)).router(),
        AssociationsApi(home.work_of(_devices)).router(),
        ImportPages(home.work_of(_people), templates).router(),
        BulkPages(home.work_of(_people), templates).router(),
        PeoplePages(home.work_of(_people), templates, panels).router(),
        UserGroupPages(home.work_of(_people), templates, panels).router(),
        PeopleApi(home.work_of(lambda unit: unit.people)).router(),
        UserGroupsApi(home.work_of(_people)).router(),
        AccessPolicyApi(home.work_of(lambda unit: unit.access_actions)).router(),
        IpListApi(home.work_of(lambda unit: unit.access_actions)).router(),
        SimulatorPages(home.work_of(lambda unit: unit.access_actions), templates).router(),
        AccessPolicyPages(home.work_of(lambda unit: unit.access_actions), templates).router(),
        IpListPages(home.work_of(lambda unit: unit.access_actions), templates).router(),
        AccountPages(home.work_of(_account), parts.hasher, templates).router(),
        AdministratorPages(home.work_of(_administrators), templates, settings.public_url).router(),
        ApiKeyPages(home.work_of(_administrators), templates).router(),
        RolePages(home.work_of(_administrators), templates).router(),
        ServiceAccountPages(home.work_of(_administrators), templates).router(),
        AdministratorsApi(home.work_of(_administrators), settings.public_url).router(),
        SessionsApi(home.work_of(lambda unit: unit.sessions)).router(),
        ApiKeysApi(home.work_of(lambda unit: unit.api_keys)).router(),
        RolesApi(home.work_of(lambda unit: unit.roles)).router(),
        ServiceAccountsApi(home.work_of(lambda unit: unit.service_accounts)).router(),
        ExportPages(home.work_of(lambda unit: unit.audit_exports), templates).router(),
        AuditPages(home.work_of(lambda unit: unit.audit), lambda: home.audit_sealer, templates).router(),
        EventsApi(home.work_of(lambda unit: unit.audit)).router(),
        DestinationPages(home.work_of(lambda unit: unit.destinations), lambda: home.event_sender, templates).router(),
        DestinationsApi(home.work_of(lambda unit: unit.destinations), lambda: home.event_sender).router(),
        *admin_doors(home, templates, sessions),
        ApiReference(app.openapi, templates, settings.public_url).router(),
        MailPages(home.work_of(lambda unit: unit.mail_settings), templates).router(),
        MailApi(home.work_of(lambda unit: unit.mail_settings)).router(),
        *macs.routers(home, templates, panels),
        *portal.routers(home, app, templates, panels),
        sign_in_pages.router(),
        SignInApi(home.work_of(lambda unit: unit.sign_ins)).router(),
    ]
    for router in routers:
        app.routes.extend(router.routes)  # as they are: `include_router` makes each route a second time, at the first request
    return app


def _fill(navigation: Navigation) -> None:
    """Put what exists into the admin portal's menu; what does not exist yet is not in it."""
    register = navigation.register
    register("HOME", "Home", "/admin", icon="home")
    register("USER MANAGEMENT", "Users", "/admin/users", Permission.USERS_READ, icon="users")
    register("USER MANAGEMENT", "User Groups", "/admin/user-groups", Permission.GROUPS_READ, icon="users-group")
    register("DEVICE MANAGEMENT", "Devices", "/admin/devices", Permission.DEVICES_READ, icon="devices")
    register("DEVICE MANAGEMENT", "Device Groups", "/admin/device-groups", Permission.GROUPS_READ, icon="stack-2")
    register("DEVICE MANAGEMENT", "Add a Device", "/admin/devices/add", Permission.ENROLLMENT_KEYS_WRITE, icon="device-laptop")
    register("DEVICE MANAGEMENT", "MDM (Apple)", "/admin/apple", Permission.APPLE_READ, icon="device-laptop")
    register(
        "DIRECTORY INTEGRATIONS",
        "Identity Providers",
        "/admin/identity-providers",
        Permission.IDENTITY_PROVIDERS_READ,
        icon="key",
    )
    register(
        "SECURITY MANAGEMENT",
        "Conditional Access Policies",
        "/admin/access-policies",
        Permission.ACCESS_POLICIES_READ,
        icon="shield",
    )
    register("SECURITY MANAGEMENT", "IP Lists", "/admin/ip-lists", Permission.ACCESS_POLICIES_READ, icon="location")
    register("SECURITY MANAGEMENT", "Password Rules", "/admin/password-rules", Permission.ACCESS_POLICIES_READ, icon="lock")
    register("INSIGHTS", "Sign-ins", "/admin/sign-ins", Permission.SIGNINS_READ, icon="login")
    register("INSIGHTS", "Directory Events", "/admin/events", Permission.AUDIT_READ, icon="list-details")
    register("INSIGHTS", "Event Destinations", "/admin/event-destinations", Permission.AUDIT_READ, icon="send")
    register("SETTINGS", "Administrators", "/admin/administrators", Permission.ADMINISTRATORS_READ, icon="shield")
    register("SETTINGS", "Mail", "/admin/mail", Permission.MAIL_READ, icon="mail")
    register("SETTINGS", "Roles", "/admin/roles", Permission.ADMINISTRATORS_READ, icon="list-details")
    register("SETTINGS", "Service Accounts", "/admin/service-accounts", Permission.ADMINISTRATORS_READ, icon="key")
    register("SETTINGS", "API Keys", "/admin/api-keys", Permission.API_KEYS_OWN, icon="lock")


def admin_doors(home: Home, templates: Templates, sessions: SessionAuthenticator) -> Sequence[Router]:
    """Return the ways into the admin portal: its door and the one-time link; and what there is of one's own account besides."""
    door = admin_door(home.work_of(_door), home.parts.hasher, templates, sessions)
    return (
        door.router(),
        OneTimeLinkPages(home.work_of(lambda unit: unit.password_sign_in), templates, door).router(),
        PasskeyPages(
            home.work_of(lambda unit: unit.admin_passkeys), templates, ADMINISTRATORS.guard, "/admin/account", "Your account"
        ).router(),
        OwnPages(
            home.work_of(lambda unit: OwnActions(unit.factors, unit.sessions)),
            templates,
            ADMINISTRATORS.guard,
            "/admin/account",
            "Your account",
            ADMINISTRATORS.sign_in,
            ADMINISTRATORS.sign_out,
            home="/admin",
            demanded="Your role, or an access policy, demands more than a password here.",
        ).router(),
    )


def _door(unit: Unit) -> DoorActions[Attempt, ShutOut]:
    return DoorActions(unit.password_sign_in, unit.admin_passkeys, unit.limits)


def _console(unit: Unit) -> ConsoleActions:
    return ConsoleActions(unit.people, unit.device_actions, unit.federation, unit.sign_ins, unit.mail_settings, unit.destinations)


def _devices(unit: Unit) -> DeviceActions:
    return unit.device_actions


def _people(unit: Unit) -> PeopleActions:
    return PeopleActions(unit.people, unit.user_groups, unit.imports)


def _administrators(unit: Unit) -> AdministratorActions:
    return unit.administrator_actions


def _account(unit: Unit) -> AccountActions:
    return AccountActions(unit.administrators, unit.factors, unit.sessions, unit.admin_passkeys)


def _issuer(unit: Unit) -> IssuerActions:
    return IssuerActions(unit.devices, unit.authorizations, unit.tokens, unit.limits)


def _linux(unit: Unit) -> LinuxActions:
    return LinuxActions(
        unit.devices,
        unit.enrollment,
        unit.orders,
        unit.tokens,
        unit.limits,
        unit.access,
        unit.bindings,
        unit.authorizations,
        unit.policies,
        unit.help_desk,
        unit.device_browsers,
    )


def _timeline(unit: Unit) -> TimelineActions:
    return TimelineActions(unit.orders, unit.help_desk)


def _unlock(unit: Unit) -> UnlockActions:
    return UnlockActions(unit.devices, unit.bindings, unit.help_desk)


def _approval(unit: Unit) -> ApprovalActions:
    return ApprovalActions(
        unit.authorizations, unit.devices, unit.bindings, unit.people, unit.federation, unit.sign_ins, unit.limits
    )


def _callback(unit: Unit) -> CallbackActions:
    return CallbackActions(unit.sign_ins, unit.limits)


def wrapped(home: Home) -> ASGIApp:
    """Return the application inside the middleware that every request passes; health and metrics are answered in front of it."""
    settings, database = home.parts.settings, home.parts.database
    inside: ASGIApp = HttpShell(application(home), settings.public_url, home.parts.entropy)
    if settings.capture_end is not None:
        inside = Capturing(inside, home.capture, settings.captures, home.parts.clock.now)
    return Metered(
        Health(inside, {"database": database.ping, "schema": partial(schema.require, database)}),
        home.metrics,
        settings.metrics_token,
    )
