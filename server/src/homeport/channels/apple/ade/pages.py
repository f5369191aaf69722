"""DEVICE MANAGEMENT > MDM (Apple): connect Apple Business Manager, see the inventory, and what a Mac would get."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from homeport.channels.apple.ade.actions import Ade
from homeport.channels.apple.ade.explain import Person, explain
from homeport.channels.apple.ade.model import TokenState
from homeport.channels.apple.ade.token import LARGEST
from homeport.channels.apple.push.actions import PushCertificates
from homeport.channels.apple.settings.actions import AppleConfiguration
from homeport.directory.people.actions import People, UserGroups
from homeport.directory.people.model import UserState, normal_username
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.kernel.listing import Filter as Condition
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.listing import Filter, ListState, Pager
from homeport.foundation.ui.templates import Templates, counted
from homeport.trust.federation.actions import Federation

PATH = "/admin/apple"
TOKEN_WORDS = {
    TokenState.MISSING: ("Missing", "off"),
    TokenState.VALID: ("Valid", "ok"),
    TokenState.EXPIRING: ("Ends soon", "warn"),
    TokenState.EXPIRED: ("Expired", "error"),
}
STATUS_WORDS = {
    "empty": ("No profile", "off"),
    "assigned": ("Assigned", "ok"),
    "pushed": ("Fetched", "ok"),
    "removed": ("Removed", "warn"),
}
FILTERS = (
    Filter("status", "Profile", tuple((value, word) for value, (word, _) in STATUS_WORDS.items())),
    Filter("family", "Kind"),
    Filter("failure", "Apple said"),
)


@dataclass(frozen=True, slots=True)
class AppleActions:
    """What the pages need in one unit of work."""

    ade: Ade
    configuration: AppleConfiguration
    push: PushCertificates
    people: People
    user_groups: UserGroups
    federation: Federation
    may_have: Callable[[str, str], bool]
    """Tells whether access lets a user in on the Mac with a serial number."""


@dataclass(frozen=True, slots=True)
class ApplePages:
    """The pages of Apple Business Manager."""

    work: Work[AppleActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False, prefix=PATH)
        router.add_api_route("", self.show, methods=["GET"])
        router.add_api_route("/public-key", self.public_key, methods=["POST"])
        router.add_api_route("/token", self.upload, methods=["POST"])
        router.add_api_route("/sync", self.sync, methods=["POST"])
        router.add_api_route("/disconnect", self.ask_disconnect, methods=["GET"])
        router.add_api_route("/disconnect", self.disconnect, methods=["POST"])
        router.add_api_route("/devices", self.devices, methods=["GET"])
        router.add_api_route("/devices/{serial}", self.device, methods=["GET"])
        router.add_api_route("/devices/{serial}/block", self.block, methods=["POST"])
        router.add_api_route("/devices/{serial}/unblock", self.unblock, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor) -> Response:
        """Show how to connect, and how the connection does."""
        return self._page(request, actor, FormState())

    def public_key(self, actor: PageActor) -> Response:
        """Hand out the public key, as a file; made at the first time."""
        with self.work.write() as act:
            certificate = act.ade.public_key(actor)
        headers = {"Content-Disposition": 'attachment; filename="homeport-public-key.pem"'}
        return Response(certificate, media_type="application/x-pem-file", headers=headers)

    def upload(self, request: Request, actor: PageActor, submission: TypedForm) -> Response:
        """Take the server token."""
        actor.require(Permission.APPLE_WRITE)
        form, file = FormState(), submission.get("token")
        content = file.file.read(LARGEST + 1) if isinstance(file, UploadFile) else b""
        if not content:
            form.fail("token", "Choose the file that Apple Business Manager gave you; its name ends with .p7m.")
            return self._page(request, actor, form, status=400)
        try:
            with self.work.write() as act:
                act.ade.upload(actor, content)
        except Invalid as error:
            form.fail("token", error.detail)
            return self._page(request, actor, form, status=400)
        return RedirectResponse(f"{PATH}?saved=1", 303)

    def sync(self, request: Request, actor: PageActor) -> Response:
        """Let the next synchronization begin at once."""
        form = FormState()
        try:
            with self.work.write() as act:
                act.ade.ask_soon(actor)
        except Conflict as error:
            form.refuse(error.detail)
            return self._page(request, actor, form, status=409)
        return RedirectResponse(f"{PATH}?asked=1", 303)

    def ask_disconnect(self, request: Request, actor: PageActor) -> Response:
        """Ask before key, token and inventory are forgotten."""
        actor.require(Permission.APPLE_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.ade.clock.now())
            counts = act.ade.counts(actor)
        return self.templates.render(
            "ui/confirm.html",
            request,
            title="Disconnect Apple Business Manager",
            sentence="Homeport forgets its key, the server token and the inventory.",
            impacts=[
                f"{counted(counts['macs'], 'Mac')} of the inventory can no longer enrol by Homeport",
                "Macs that are enrolled stay so",
                "Which serial numbers are blocked is forgotten with the inventory",
                "To connect again, a new public key has to be uploaded at Apple",
            ],
            action=f"{PATH}/disconnect",
            verb="Yes, Disconnect",
            cancel=PATH,
            understood="",
        )

    def disconnect(self, actor: PageActor) -> Response:
        """Forget the server."""
        with self.work.write() as act:
            act.ade.disconnect(actor)
        return RedirectResponse(PATH, 303)

    def devices(self, request: Request, actor: PageActor) -> Response:
        """List the inventory by serial number."""
        state = ListState.of(request, filters=FILTERS, sorts=("serial",), default_sort="serial")
        conditions = tuple(Condition(name, "eq", value) for name, value in state.chosen)
        with self.work.read() as act:
            state, page = state.searched(
                lambda: act.ade.devices(actor, Listing(state.text, conditions, skip=state.offset, limit=state.size))
            )
            server = act.ade.server(actor)
        return self.templates.render(
            "apple/devices.html",
            request,
            status=state.status,
            list=state,
            pager=Pager(total=page.total, page=state.page, size=state.size),
            devices=page.items,
            server=server,
            words=STATUS_WORDS,
        )

    def device(self, request: Request, actor: PageActor, serial: str, user: str = "") -> Response:
        """Show one device of the inventory and what will happen if it boots now, optionally with a person at it."""
        with self.work.read() as act:
            found, server = act.ade.device(actor, serial), act.ade.server(actor)
            provider = act.federation.active_provider()
            form, person = FormState.showing(user=user), None
            if user and actor.may(Permission.USERS_READ):
                person = self._person(act, actor, user, serial)
                if person is None:
                    form.fail("user", "No user has this user name.")
            settings, topic, now = act.configuration.get(actor), act.push.topic(), act.ade.clock.now()
        assert server is not None  # the inventory goes with it
        lines = explain(found, server, settings, topic=topic, provider=provider.name if provider else "", person=person, now=now)
        may_ask = actor.may(Permission.USERS_READ) and actor.may(Permission.GROUPS_READ)
        may_write = actor.may(Permission.APPLE_WRITE)
        return self.templates.render(
            "apple/device.html",
            request,
            device=found,
            lines=lines,
            form=form,
            words=STATUS_WORDS,
            may_ask=may_ask,
            may_write=may_write,
        )

    def block(self, actor: PageActor, serial: str) -> Response:
        """Let nobody enrol the device."""
        return self._blocked(actor, serial, blocked=True)

    def unblock(self, actor: PageActor, serial: str) -> Response:
        """Let people enrol the device again."""
        return self._blocked(actor, serial, blocked=False)

    def _blocked(self, actor: Actor, serial: str, *, blocked: bool) -> Response:
        with self.work.write() as act:
            found = act.ade.block(actor, serial, blocked=blocked)
        return RedirectResponse(f"{PATH}/devices/{found.serial}", 303)

    @staticmethod
    def _person(act: AppleActions, actor: Actor, typed: str, serial: str) -> Person | None:
        condition = Condition("username", "eq", normal_username(typed))
        users = act.people.list(actor, Listing(filters=(condition,), limit=1)).items
        if not users:
            return None
        groups = frozenset(group.id for group in act.user_groups.groups_of(actor, users[0].id))
        let_in = act.may_have(users[0].id, serial)
        return Person(users[0].username, users[0].state is UserState.ACTIVATED, let_in, groups)

    def _page(self, request: Request, actor: Actor, form: FormState, status: int = 200) -> Response:
        with self.work.read() as act:
            server, counts, now = act.ade.server(actor), act.ade.counts(actor), act.ade.clock.now()
            topic = act.push.topic()
        state = server.token_state(now) if server else TokenState.MISSING
        return self.templates.render(
            "apple/setup.html",
            request,
            status=status,
            server=server,
            counts=counts,
            topic=topic,
            form=form,
            token_word=TOKEN_WORDS[state],
            connected=state is not TokenState.MISSING,
            paused=server.paused_until if server and server.paused_until and server.paused_until > now else None,
            saved=request.query_params.get("saved") == "1",
            asked=request.query_params.get("asked") == "1",
            may_write=actor.may(Permission.APPLE_WRITE),
        )
