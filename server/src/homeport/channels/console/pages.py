"""HOME: what needs to be done next, how much there is, and the last sign-ins."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.people.actions import People
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.actions import Federation
from homeport.trust.signin.actions import SignIns
from homeport.trust.signin.model import status_word

READER = system("console")
LAST = 8


@dataclass(frozen=True, slots=True)
class ConsoleActions:
    """What the home page asks in one unit of work."""

    people: People
    devices: DeviceActions
    federation: Federation
    sign_ins: SignIns


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

    def router(self) -> APIRouter:
        """List the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.root, methods=["GET"])
        router.add_api_route("/admin", self.home, methods=["GET"])
        return router

    def root(self) -> Response:
        """Lead to the admin portal."""
        return RedirectResponse("/admin", 303)

    def home(self, request: Request, _actor: PageActor) -> Response:
        """Show what to do next, how much there is, and the last sign-ins; every role may read this much."""
        one = Listing(limit=1)
        with self.work.read() as actions:
            users = actions.people.list(READER, one).total
            devices = actions.devices.devices.list(READER, one).total
            provider = actions.federation.active_provider()
            health = actions.federation.health(provider) if provider is not None else None
            enabled = actions.devices.provisioning.any_enabled()
            page = actions.sign_ins.list(READER, Listing(limit=LAST))
        steps = (
            Step(
                "Connect an identity provider",
                "Homeport asks it who somebody is.",
                "/admin/identity-providers",
                provider is not None,
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
                page.total > 0,
                Permission.SIGNINS_READ,
            ),
        )
        return self.templates.render(
            "console/home.html",
            request,
            steps=steps,
            left=[step for step in steps if not step.done],
            users=users,
            devices=devices,
            provider=provider,
            health=health,
            sign_ins=page.items,
            total=page.total,
            word=status_word,
        )
