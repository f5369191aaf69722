"""SECURITY MANAGEMENT > Conditional Access Policies > Simulator: what would happen to this person from there."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates
from homeport.trust.access.actions import AccessActions, Answer, Question
from homeport.trust.access.model import Portal, Standing, because, lists_of, outcome
from homeport.trust.access.pages.words import ACTIONS, MODES, PORTALS

FIELDS = ("portal", "person", "address", "country", "device")
STANDINGS = {
    Standing.APPLIES: ("Applies", "ok"),
    Standing.AGAINST: ("Counts against", "warn"),
    Standing.NOT_MET: ("Not met", "off"),
    Standing.NOT_MEANT: ("For others", "off"),
    Standing.LEFT_OUT: ("Left out", "off"),
    Standing.DISABLED: ("Disabled", "off"),
}


@dataclass(frozen=True, slots=True)
class SimulatorPages:
    """The page of the simulator. It changes nothing, so the question stands in the page's address."""

    work: Work[AccessActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/admin/access-policies/simulator", self.ask, methods=["GET"])
        return router

    def ask(self, request: Request, actor: PageActor) -> Response:
        """Show the form, and the answer once a person is named."""
        actor.require(Permission.ACCESS_POLICIES_READ)
        given = {name: request.query_params.get(name, "") for name in FIELDS}
        form = FormState.showing(**{**given, "portal": given["portal"] or Portal.USER.value})
        if "person" not in request.query_params:
            return self._page(request, form)
        try:
            answer, rows = self._answer(actor, form)
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.fail(field, sentence)
            return self._page(request, form, status=400)
        return self._page(request, form, answer=answer, rows=rows)

    def _answer(self, actor: Actor, form: FormState) -> tuple[Answer, list[dict[str, object]]]:
        if form.value("portal") not in set(Portal):
            raise Invalid("Choose a portal.", {"portal": "Choose a portal."})
        portal = Portal(form.value("portal"))
        with self.work.read() as act:
            person = act.simulator.find(actor, portal, form.value("person"))
            if not person:
                sentence = "Nobody has this name. Enter a user name, or an e-mail address."
                raise Invalid(sentence, {"person": sentence})
            managed = form.value("device") == "managed"
            answer = act.simulator.ask(actor, Question(portal, person, form.value("address"), form.value("country"), managed))
            judged = answer.decision.judged
            named = frozenset[str]().union(*(lists_of(one.policy.conditions) for one in judged))
            lists = act.lists.lists.names(named) if named else {}
        rows: list[dict[str, object]] = [
            {"policy": one.policy, "standing": STANDINGS[one.standing], "because": because(one, answer.place, lists)}
            for one in judged
        ]
        return answer, rows

    def _page(
        self,
        request: Request,
        form: FormState,
        *,
        answer: Answer | None = None,
        rows: list[dict[str, object]] | None = None,
        status: int = 200,
    ) -> Response:
        sentence = outcome(answer.decision, answer.subject) if answer else ""
        would = answer.decision.would if answer else None
        return self.templates.render(
            "access/simulator.html",
            request,
            status=status,
            form=form,
            answer=answer,
            rows=rows or [],
            sentence=sentence,
            would=ACTIONS[would].lower() if would is not None else "",
            actions=ACTIONS,
            modes=MODES,
            portals=tuple((portal.value, word) for portal, word in PORTALS.items()),
        )
