"""HOME: what needs to be done next, how much there is, and the last sign-ins."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from homeport.channels.console.mail.actions import MailSettings
from homeport.channels.console.model import (
    DAYS,
    SILENT,
    Attention,
    bars,
    not_sent,
    refused_lately,
    scarce,
    share,
    silent,
    undelivered,
    without_a_way,
)
from homeport.directory.audit.actions import Destinations
from homeport.directory.devices.actions import DeviceActions
from homeport.directory.people.actions import People
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.actions import Federation
from homeport.trust.signin.actions import SignIns
from homeport.trust.signin.model import status_word

READER = system("console")
"""Counts that every role may read."""
LAST = 8
EVERY = 5
"""Seconds after which the last sign-ins are read again."""
PAGE = "console.home"
"""The page whose sections bootstrap registers: what else needs attention."""


@dataclass(frozen=True, slots=True)
class ConsoleActions:
    """What the home page asks in one unit of work."""

    people: People
    devices: DeviceActions
    federation: Federation
    sign_ins: SignIns
    mail: MailSettings
    destinations: Destinations


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setting Homeport up."""

    title: str
    sentence: str
    path: str
    done: bool
    needs: Permission
    """Without it the reader sees the step and no link."""


@dataclass(frozen=True, slots=True)
class ConsolePages:
    """The admin portal's own pages."""

    work: Work[ConsoleActions]
    templates: Templates
    panels: Panels

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/", self.root, methods=["GET"])
        router.add_api_route("/admin", self.home, methods=["GET"])
        router.add_api_route("/admin/last-sign-ins", self.last_sign_ins, methods=["GET"])
        return router

    def root(self) -> Response:
        """Lead to the admin portal."""
        return RedirectResponse("/admin", 303)

    def last_sign_ins(self, actor: PageActor) -> Response:
        """Show the last sign-ins alone, for the home page to read again."""
        with self.work.read() as actions:
            page = actions.sign_ins.list(actor, Listing(limit=LAST))
        return HTMLResponse(self.templates.fragment("console/last_sign_ins.html", sign_ins=page.items, word=status_word))

    def home(self, request: Request, actor: PageActor) -> Response:
        """Show what needs attention, what to do next, how much there is, and the sign-ins."""
        one = Listing(limit=1)
        with self.work.read() as actions:
            users = actions.people.list(READER, one).total
            devices = actions.devices.devices.list(READER, one).total
            provider = actions.federation.active_provider()
            health = actions.federation.health(provider) if provider is not None else None
            page = actions.sign_ins.list(READER, Listing(limit=LAST))
            enabled = actions.devices.provisioning.any_enabled()
            attention = self._attention(actions, actor, federated=provider is not None, enabled=enabled)
            days, most = bars(actions.sign_ins.days(actor, DAYS)) if actor.may(Permission.SIGNINS_READ) else ((), 0)
            systems = share(actions.devices.devices.systems(actor)) if actor.may(Permission.DEVICES_READ) else ()
        steps = _steps(provider=provider is not None, enabled=enabled, users=users, devices=devices, sign_ins=page.total)
        return self.templates.render(
            "console/home.html",
            request,
            steps=steps,
            left=[step for step in steps if not step.done],
            users=users,
            devices=devices,
            provider=provider,
            health=health,
            attention=attention,
            panels=self.panels.render(PAGE, None, actor),
            sign_ins=page.items if actor.may(Permission.SIGNINS_READ) else (),
            total=page.total,
            word=status_word,
            days=days,
            most=most,
            systems=systems,
            every=EVERY,
        )

    def _attention(self, actions: ConsoleActions, actor: Actor, *, federated: bool, enabled: bool) -> list[Attention]:
        found: list[Attention] = []
        if federated and not enabled:
            found.append(without_a_way())
        if actor.may(Permission.PROVISIONING_READ) and (use := actions.devices.provisioning.uid_use(actor)).scarce:
            found.append(scarce(use))
        if actor.may(Permission.DEVICES_READ) and (count := actions.devices.devices.silent_for(actor, SILENT)):
            found.append(silent(count))
        if actor.may(Permission.MAIL_READ):
            found.extend(undelivered(actions.mail.last_failure(actor), actions.mail.clock.now()))
        if actor.may(Permission.AUDIT_READ):
            found.extend(not_sent(actions.destinations.list(actor)))
        if actor.may(Permission.SIGNINS_READ):
            found.extend(refused_lately(actions.sign_ins.refusals(actor)))
        return found


def _steps(*, provider: bool, enabled: bool, users: int, devices: int, sign_ins: int) -> tuple[Step, ...]:
    return (
        Step(
            "Connect an identity provider",
            "Homeport asks it who somebody is.",
            "/admin/identity-providers",
            provider,
            Permission.IDENTITY_PROVIDERS_WRITE,
        ),
        Step(
            "Enable a way to provision devices",
            "Without one, federation takes no effect.",
            "/admin/provisioning/linux",
            enabled,
            Permission.PROVISIONING_WRITE,
        ),
        Step(
            "Add people",
            "Each person needs the e-mail address they have at the provider.",
            "/admin/users/add",
            users > 0,
            Permission.USERS_WRITE,
        ),
        Step(
            "Enrol a device",
            "One command on the machine.",
            "/admin/devices/add",
            devices > 0,
            Permission.ENROLLMENT_KEYS_WRITE,
        ),
        Step(
            "See the first sign-in",
            "A person signs in at the machine.",
            "/admin/sign-ins",
            sign_ins > 0,
            Permission.SIGNINS_READ,
        ),
    )
