"""The web view of Setup Assistant, from the Mac's first request to the signed profile."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from homeport.channels.apple.enrollment.actions import PROFILE_PATH, Enrollments
from homeport.channels.apple.enrollment.model import LIFETIME, Obstacle
from homeport.channels.apple.enrollment.profile import CONTENT_TYPE
from homeport.channels.apple.enrollment.signed_profile import SignedProfiles
from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.errors import Invalid, RateLimited
from homeport.foundation.ui.templates import Templates
from homeport.trust.federation.actions import Federation
from homeport.trust.signin.actions import SignIns, Started
from homeport.trust.signin.model import Purpose, SignIn

PATH = "/apple/enroll"
HEADER = "x-apple-aspen-deviceinfo"
COOKIE = "__Host-homeport-mac"
RESTART = "Shut the Mac down by holding its power button, start it, and go through Setup Assistant again."
TURNED_AWAY = {
    Obstacle.NOT_SIGNED_IN: ("You have not signed in yet", "The Mac gets its settings after you signed in. Sign in first."),
    Obstacle.USED: (
        "This sign-in was used already",
        f"The Mac has got its certificate with it, and each sign-in is good for one. {RESTART}",
    ),
    Obstacle.NOT_OURS: (
        "This Mac cannot be set up here any more",
        "Your organization took it away from this server meanwhile. Give its serial number to your administrator.",
    ),
    Obstacle.NOT_ACTIVE: (
        "Your account is not active",
        "It was suspended or removed since you signed in. Ask your administrator to activate it, then start again.",
    ),
    Obstacle.NOT_ENTITLED: (
        "This Mac is not for you",
        "You are not among the people who may sign in on it. Ask your administrator to assign you, then start again.",
    ),
    Obstacle.TOO_MANY: (
        "You have as many Macs as you may",
        "Your organization limits them. Ask your administrator to delete one that you no longer use, then start again.",
    ),
    Obstacle.NO_SECOND_FACTOR: (
        "This Mac takes a second factor",
        "It was set up before, and your sign-in was with one factor. Ask your administrator to let the provider demand a second one here, then start again.",
    ),
    Obstacle.NO_TOPIC: (
        "Macs cannot be managed yet",
        "Homeport has no push certificate. Ask your administrator to upload one, then start again.",
    ),
}
"""What a person reads who gets no profile: title, cause, and what to do."""
A_MINUTE = 120
"""First requests that one network may make in a minute; an office may unpack many Macs at once."""


@dataclass(frozen=True, slots=True)
class WebViewActions:
    """What the web view needs in one unit of work."""

    enrollments: Enrollments
    profiles: SignedProfiles
    federation: Federation
    sign_ins: SignIns
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class WebView:
    """The web view's pages. `authorities` are the keys that vouch for a Mac's description of itself."""

    work: Work[WebViewActions]
    templates: Templates
    authorities: DeviceAuthorities
    browser_of: Callable[[Request], str]
    """The browser's own secret, which ties it to the sign-ins that it begins."""
    leave: Callable[[Request, Started | SignIn, str], Response]
    """Sends the person to the provider, or tells why not."""

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.begin, methods=["GET"])
        router.add_api_route(f"{PATH}/welcome", self.welcome, methods=["GET"])
        router.add_api_route(f"{PATH}/sign-in", self.sign_in, methods=["POST"])
        router.add_api_route(PROFILE_PATH, self.profile, methods=["GET"])
        return router

    def begin(self, request: Request) -> Response:
        """Read what the Mac says of itself, which only the first request carries, and begin a session with it."""
        header = request.headers.get(HEADER, "")
        origin = origin_of(request)
        with self.work.write() as act:
            if wait := act.limits.take(f"apple enroll {origin.network}", burst=A_MINUTE, per_minute=A_MINUTE):
                raise RateLimited("Too many Macs begin from this network at once. Wait a minute.", retry_after=wait)
            if not header:
                if act.enrollments.of_cookie(request.cookies.get(COOKIE, "")):  # the page was loaded again
                    return RedirectResponse(f"{PATH}/welcome", 303)
                return self._page(request, "This Mac did not say what it is", "Only its first request does. " + RESTART, 400)
            try:
                begun = act.enrollments.begin(self.authorities.read_header(header), origin)
            except Invalid:
                begun = None  # one page for all: nobody learns here which serial numbers are ours
        if begun is None:
            sentence = "Your organization has to assign it to this server first. Give its serial number to your administrator."
            return self._page(request, "This Mac cannot be set up here", sentence, 403)
        answer = RedirectResponse(f"{PATH}/welcome", 303)
        seconds = int(LIFETIME.total_seconds())
        answer.set_cookie(COOKIE, begun[1], max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    def welcome(self, request: Request) -> Response:
        """Show the welcome text and the way to the provider."""
        with self.work.read() as act:
            found = act.enrollments.of_cookie(request.cookies.get(COOKIE, ""))
            provider = act.federation.active_provider()
            text = act.enrollments.settings().welcome_text
        if found is None:
            return self._over(request)
        if provider is not None and provider.metadata is not None:
            # The form's answer redirects there, and browsers hold `form-action` against redirects too.
            parts = urlsplit(provider.metadata.authorization_endpoint)
            request.state.form_origins = [f"{parts.scheme}://{parts.netloc}"]
        return self.templates.render(
            "apple/welcome.html", request, enrollment=found, provider=provider, paragraphs=text.splitlines()
        )

    def sign_in(self, request: Request) -> Response:
        """Send the person to the provider."""
        browser = self.browser_of(request)
        with self.work.write() as act:
            found = act.enrollments.of_cookie(request.cookies.get(COOKIE, ""))
            if found is None:
                return self._over(request)
            started = act.sign_ins.start(Purpose.MAC_ENROLLMENT, found.id, browser, origin_of(request))
        return self.leave(request, started, browser)

    def profile(self, request: Request) -> Response:
        """Hand out the signed profile, again too, until its secret was used."""
        with self.work.write() as act:
            found = act.enrollments.of_cookie(request.cookies.get(COOKIE, ""), hold=True)
            if found is None:
                return self._over(request)
            if obstacle := act.enrollments.obstacle(found):
                act.enrollments.turned_away(found, obstacle, origin_of(request))
                return self._page(request, *TURNED_AWAY[obstacle], 403, again=obstacle is Obstacle.NOT_SIGNED_IN)
            content = act.profiles.make(found.id, found.serial, act.enrollments.topic(), udid=found.udid)
            act.enrollments.issued(found, origin_of(request))
        return Response(content, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    def _over(self, request: Request) -> Response:
        return self._page(request, "This took too long", f"Setting up begins anew after 15 minutes. {RESTART}", 403)

    def _page(self, request: Request, title: str, sentence: str, status: int, *, again: bool = False) -> Response:
        cause, _, remedy = sentence.partition(". ")
        reference = request.scope.get("request_id", "")
        return self.templates.error(
            request,
            status=status,
            title=title,
            cause=f"{cause.rstrip('.')}.",
            remedy=remedy,
            reference=reference,
            back=("Sign In", f"{PATH}/welcome") if again else None,
        )
