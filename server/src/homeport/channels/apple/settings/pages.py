"""The form of the settings of Macs."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from homeport.channels.apple.authority.model import Way
from homeport.channels.apple.settings.actions import AppleConfiguration
from homeport.channels.apple.settings.model import PANES, AccountPermission, AppleSettings
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid, PreconditionFailed
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

PATH = "/admin/apple/settings"
LABELS = {
    "permission": "Permission",
    "admin_group_id": "Administrators by group",
    "lock_account": "Locked account",
    "managed_admin": "Managed administrator",
    "device_group_id": "Device group",
    "skip_panes": "Skipped panes",
    "welcome_text": "Welcome text",
    "department": "Department",
    "support_phone": "Support telephone",
    "support_email": "Support e-mail",
    "release_minutes": "Longest wait",
    "second_approver": "Second administrator",
    "certificate_way": "Certificate",
    "most_macs": "Most Macs for one person",
    "same_person": "Enrols again for its person only",
    "second_factor": "Enrols again with a second factor only",
}
PERMISSIONS = (
    (AccountPermission.STANDARD.value, "Standard", "The person cannot administer the Mac."),
    (AccountPermission.ADMIN.value, "Administrator", "The person can administer the Mac."),
)
WAYS = (
    (Way.SCEP.value, "SCEP", "Every Mac; nothing shows where its key is."),
    (Way.ACME.value, "ACME", "The Mac's hardware keeps the key, and vouches for it where it can. Not tried on a real Mac."),
    (
        Way.ATTESTED.value,
        "ACME, only with an attestation",
        "A Mac whose hardware does not vouch for its key is refused: Apple silicon only. Not tried on a real Mac.",
    ),
)
_TICKED = {"on": "ticked", "": "not ticked"}
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class AppleSettingsPages:
    """The pages."""

    work: Work[AppleConfiguration]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.show, methods=["GET"])
        router.add_api_route(PATH, self.save, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor) -> Response:
        """Show the settings."""
        return self._page(request, actor, None)

    def save(self, request: Request, actor: PageActor, submission: TypedForm) -> Response:
        """Store the settings and say what changed, or keep what was typed and say what is wrong."""
        actor.require(Permission.APPLE_WRITE)
        form = FormState.typed(submission)
        try:
            with self.work.write() as act:
                before = act.get(actor)
                after = act.save(actor, _typed(form), version=_number(form.value("version")))
        except Invalid as error:
            for name, sentence in error.fields.items():
                form.fail(name, sentence)
            return self._page(request, actor, form, status=400)
        except PreconditionFailed as error:
            with self.work.read() as act:
                present, words = _form_of(act.get(actor)), _words(act, actor)
            form.meet(error.detail, present, LABELS, words)
            return self._page(request, actor, form, status=412)
        shown = _form_of(after)
        shown.confirm([label for name, label in LABELS.items() if getattr(before, name) != getattr(after, name)])
        return self._page(request, actor, shown)

    def _page(self, request: Request, actor: Actor, form: FormState | None, status: int = 200) -> Response:
        with self.work.read() as act:
            settings = act.get(actor)
            devices, users = act.choices(actor)
        return self.templates.render(
            "apple/settings.html",
            request,
            status=status,
            form=form or _form_of(settings),
            settings=settings,
            panes=list(PANES.items()),
            permissions=PERMISSIONS,
            ways=WAYS,
            way_words=[(value, word) for value, word, _ in WAYS],
            device_groups=devices,
            user_groups=users,
            may_write=actor.may(Permission.APPLE_WRITE),
        )


def _words(act: AppleConfiguration, actor: Actor) -> dict[str, dict[str, str]]:
    devices, users = act.choices(actor)
    return {
        "permission": {value: word for value, word, _ in PERMISSIONS},
        "certificate_way": {value: word for value, word, _ in WAYS},
        "lock_account": _TICKED,
        "managed_admin": _TICKED,
        "second_approver": _TICKED,
        "same_person": _TICKED,
        "second_factor": _TICKED,
        "skip_panes": {**PANES, "": "none"},
        "device_group_id": {**dict(devices), "": "none"},
        "admin_group_id": {**dict(users), "": "none"},
    }


def _typed(form: FormState) -> AppleSettings:
    permission = form.value("permission")
    if permission not in set(AccountPermission):
        raise Invalid("Choose a permission.", {"permission": "Choose one of the two."})
    way = form.value("certificate_way")
    if way not in set(Way):
        raise Invalid("Choose a way.", {"certificate_way": "Choose one of the three."})
    return AppleSettings(
        permission=AccountPermission(permission),
        admin_group_id=form.value("admin_group_id") or None,
        lock_account=form.checked("lock_account"),
        managed_admin=form.checked("managed_admin"),
        device_group_id=form.value("device_group_id") or None,
        second_approver=form.checked("second_approver"),
        same_person=form.checked("same_person"),
        second_factor=form.checked("second_factor"),
        skip_panes=tuple(dict.fromkeys(form.all("skip_panes"))),
        welcome_text=form.value("welcome_text"),
        department=form.value("department"),
        support_phone=form.value("support_phone"),
        support_email=form.value("support_email"),
        release_minutes=_number(form.value("release_minutes")) or 0,
        certificate_way=Way(way),
        most_macs=_zero_or_more(form.value("most_macs")),
    )


def _zero_or_more(text: str) -> int:
    number = _number(text)
    return -1 if number is None else number  # which the settings refuse, by the field's name


def _form_of(settings: AppleSettings) -> FormState:
    return FormState.showing(
        version=settings.version,
        permission=settings.permission.value,
        certificate_way=settings.certificate_way.value,
        **{name: getattr(settings, name) for name in LABELS if name not in {"permission", "certificate_way"}},
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
