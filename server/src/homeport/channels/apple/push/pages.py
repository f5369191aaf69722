"""DEVICE MANAGEMENT > MDM (Apple) > Push certificate: ask for it, upload it, see until when it is good."""

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from homeport.channels.apple.push.actions import PushCertificates
from homeport.channels.apple.push.certificate import LARGEST, read_bundle, read_certificate, read_key
from homeport.channels.apple.push.model import CertificateState, Issued
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates, counted

PATH = "/admin/apple/push"
WORDS = {
    CertificateState.MISSING: ("Missing", "off"),
    CertificateState.VALID: ("Valid", "ok"),
    CertificateState.EXPIRING: ("Ends soon", "warn"),
    CertificateState.EXPIRED: ("Expired", "error"),
}


@dataclass(frozen=True, slots=True)
class PushPages:
    """The pages."""

    work: Work[PushCertificates]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False, prefix=PATH)
        router.add_api_route("", self.show, methods=["GET"])
        router.add_api_route("/request", self.request, methods=["POST"])
        router.add_api_route("/certificate", self.ask_certificate, methods=["GET"])
        router.add_api_route("/certificate", self.upload, methods=["POST"])
        router.add_api_route("/remove", self.ask_remove, methods=["GET"])
        router.add_api_route("/remove", self.remove, methods=["POST"])
        return router

    def show(self, request: Request, actor: PageActor) -> Response:
        """Show the certificate, and the way to one."""
        with self.work.read() as act:
            setup, now = act.get(actor), act.clock.now()
        state = setup.state(now)
        return self.templates.render(
            "push/push.html",
            request,
            setup=setup,
            state=state.value,
            word=WORDS[state],
            days=(setup.expires_at - now).days if setup.expires_at else 0,
            saved=request.query_params.get("saved") == "1",
            may_write=actor.may(Permission.APPLE_WRITE),
        )

    def request(self, actor: PageActor) -> Response:
        """Hand out the certificate signing request, as a file; made at the first time."""
        with self.work.write() as act:
            made = act.request(actor)
        headers = {"Content-Disposition": 'attachment; filename="homeport-push.csr"'}
        return Response(made, media_type="application/pkcs10", headers=headers)

    def ask_certificate(self, request: Request, actor: PageActor) -> Response:
        """Show the form of the upload."""
        actor.require(Permission.APPLE_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.clock.now())
        return self._form(request, FormState())

    def upload(self, request: Request, actor: PageActor, submission: TypedForm) -> Response:
        """Take the certificate, and its key when it was not requested here."""
        actor.require(Permission.APPLE_WRITE)
        form = FormState()
        try:
            self._upload(actor, submission)
        except Invalid as error:
            for name, sentence in error.fields.items():
                form.fail(name, sentence)
            return self._form(request, form, 400)
        return RedirectResponse(f"{PATH}?saved=1", 303)

    def _upload(self, actor: Actor, submission: FormData) -> None:
        with self.work.read() as act:
            actor.require_recent(act.clock.now())  # before a stranger's file is parsed
        typed = submission.get("passphrase")
        issued, key = _read(_file(submission, "certificate"), _file(submission, "key"), typed if isinstance(typed, str) else "")
        with self.work.write() as act:
            act.upload(actor, issued, key)

    def ask_remove(self, request: Request, actor: PageActor) -> Response:
        """Ask before the certificate is forgotten."""
        actor.require(Permission.APPLE_WRITE)
        with self.work.read() as act:
            actor.require_recent(act.clock.now())
            setup, enrolled = act.get(actor), act.enrolled(actor)
        if not setup.certificate and not setup.request:
            raise Conflict("There is no push certificate.", reason="no_push_certificate")
        return self.templates.render(
            "ui/confirm.html",
            request,
            title="Remove the push certificate",
            sentence="Homeport forgets the certificate, the request and their keys.",
            impacts=[
                f"{counted(enrolled, 'enrolled Mac')} can no longer be woken: a command waits until the Mac comes by itself",
                "With a certificate of another topic, each of them has to be erased and enrolled again",
            ],
            action=f"{PATH}/remove",
            verb="Yes, Remove",
            cancel=PATH,
            understood="",
        )

    def remove(self, actor: PageActor) -> Response:
        """Forget it."""
        with self.work.write() as act:
            act.remove(actor)
        return RedirectResponse(PATH, 303)

    def _form(self, request: Request, form: FormState, status: int = 200) -> Response:
        return self.templates.render("push/certificate.html", request, status=status, form=form)


def _file(submission: FormData, name: str) -> bytes:
    file = submission.get(name)
    return file.file.read(LARGEST + 1) if isinstance(file, UploadFile) else b""


def _read(certificate: bytes, key: bytes, passphrase: str) -> tuple[Issued, bytes | None]:
    for name, file in (("certificate", certificate), ("key", key)):
        if len(file) > LARGEST:
            problem = f"This file is larger than {LARGEST // 1000} kB. Choose the certificate and its key alone."
            raise Invalid(problem, {name: problem})
    if not certificate:
        problem = "Choose the certificate; Apple names it MDM_ … _Certificate.pem."
        raise Invalid(problem, {"certificate": problem})
    if not key and (both := read_bundle(certificate, passphrase)):
        return both
    return read_certificate(certificate), read_key(key, passphrase) if key else None
