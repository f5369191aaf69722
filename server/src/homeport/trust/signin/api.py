"""REST routes for sign-ins, under /api/v2/sign-ins."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.trust.signin.actions import SignIns
from homeport.trust.signin.schemas import FIELD_NAMES, RefusalList, SignInAnswer, SignInList, SignInWithSteps

PathId = Annotated[str, Path(min_length=1, max_length=64, description="The sign-in's id.")]
ProviderId = Annotated[str, Query(max_length=64, description="Only sign-ins at this identity provider.")]


@dataclass(frozen=True, slots=True)
class SignInApi:
    """The REST edge of sign-ins, which can only be read."""

    work: Work[SignIns]

    def router(self) -> Router:
        """Return the routes."""
        router = Router(prefix="/api/v2/sign-ins", tags=["Sign-ins"])
        router.get("", summary="List sign-ins")(self.list)
        router.get("/refusals", summary="Count refusals by reason")(self.refusals)
        router.get("/{id}", summary="Get a sign-in with its steps")(self.get)
        return router

    def list(self, actor: ApiActor, query: ListParameters, response: Response) -> SignInList:
        """Return a window of the sign-ins that match, newest first, and how many match."""
        with self.work.read() as sign_ins:
            page = sign_ins.list(actor, query.listing(FIELD_NAMES))
        response.headers["x-total-count"] = str(page.total)
        return SignInList(totalCount=page.total, signIns=[SignInAnswer.of(one) for one in page.items])

    def refusals(self, actor: ApiActor, identityProviderId: ProviderId = "") -> RefusalList:  # noqa: N803 - the wire's name
        """Return how often each reason refused in the last 24 hours and 7 days."""
        with self.work.read() as sign_ins:
            return RefusalList.of(sign_ins.refusals(actor, identityProviderId))

    def get(self, actor: ApiActor, id: PathId) -> SignInWithSteps:  # noqa: A002 - the published name
        """Return a sign-in with its steps."""
        with self.work.read() as sign_ins:
            return SignInWithSteps.of_steps(*sign_ins.explain(actor, id))
