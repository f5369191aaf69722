"""One's own passkeys: adding and removing them, in the admin portal and in the user portal alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.passkeys.actions import Passkeys
from homeport.trust.signin.passkeys.model import LONGEST_NAME


@dataclass(frozen=True, slots=True)
class PasskeyPages:
    """The pages below `base`, the page that lists them; `guard` says who asks, `title` is what the page is called."""

    work: Work[Passkeys]
    templates: Templates
    guard: Callable[..., Any]
    base: str
    title: str

    def router(self) -> Router:
        """Return the routes."""
        Asking = Annotated[Actor, Depends(self.guard)]  # noqa: N806 - a type
        router, path = Router(include_in_schema=False), f"{self.base}/passkeys"

        def ask(request: Request, actor: Asking) -> Response:
            """Show the form; ask for the password first."""
            self._require_recent(actor)
            return self._page(request, FormState())

        def options(actor: Asking) -> Response:
            """Return what the browser is to make."""
            with self.work.write() as passkeys:
                return Response(passkeys.begin_registration(actor), media_type="application/json")

        def add(
            request: Request,
            actor: Asking,
            credential: Annotated[str, Form()] = "",
            name: Annotated[str, Form()] = "",
        ) -> Response:
            """Keep the passkey that the browser made."""
            form = FormState.showing(name=name)
            with self.work.write() as passkeys:
                # Caught inside: a wrong answer uses its challenge up too.
                try:
                    passkeys.register(actor, credential, name)
                except (Invalid, Conflict) as error:
                    form.refuse(error.detail)
            if not form.valid:
                return self._page(request, form, status=400)
            return RedirectResponse(f"{self.base}#passkeys", 303)

        def remove(actor: Asking, passkey_id: str) -> Response:
            """Forget a passkey."""
            with self.work.write() as passkeys:
                passkeys.remove(actor, passkey_id)
            return RedirectResponse(f"{self.base}#passkeys", 303)

        router.add_api_route(f"{path}/add", ask, methods=["GET"])
        router.add_api_route(f"{path}/add", add, methods=["POST"])
        router.add_api_route(f"{path}/options", options, methods=["POST"])
        router.add_api_route(f"{path}/{{passkey_id}}/remove", remove, methods=["POST"])
        return router

    def _require_recent(self, actor: Actor) -> None:
        with self.work.read() as passkeys:
            actor.require_recent(passkeys.clock.now())

    def _page(self, request: Request, form: FormState, *, status: int = 200) -> Response:
        return self.templates.render(
            "passkeys/add.html", request, status=status, form=form, base=self.base, title=self.title, longest=LONGEST_NAME
        )
