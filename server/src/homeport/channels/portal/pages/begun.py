"""A sign-in that a device's agent began: the address that it showed, opened in a browser."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import DEVICE_COOKIE, origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.ui.templates import Templates
from homeport.trust.access.actions.browsers import DeviceBrowsers
from homeport.trust.access.model.browsers import BELONGS_FOR


@dataclass(frozen=True, slots=True)
class BegunActions:
    """What the page needs in one unit of work."""

    browsers: DeviceBrowsers
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class BegunPages:
    """The page."""

    work: Work[BegunActions]
    templates: Templates

    def router(self) -> Router:
        """Return the route; it is public: it is a way in."""
        router = Router(include_in_schema=False)
        router.add_api_route("/user/device/{token}", self.open, methods=["GET"])
        return router

    def open(self, request: Request, token: str) -> Response:
        """Tie the browser to the device, and go to the sign-in."""
        try:
            with self.work.write() as act:
                act.limits.require(f"device browser {origin_of(request).network}", burst=60, per_minute=30)
                browser = act.browsers.open(token)
        except NotFound as error:
            return self.templates.error(
                request, status=404, title="This address opens nothing", cause=error.detail, remedy="", reference=""
            )
        answer = RedirectResponse("/user/signin", 303)
        answer.set_cookie(
            DEVICE_COOKIE,
            browser,
            max_age=int(BELONGS_FOR.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return answer
