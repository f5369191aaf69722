"""The way back from the provider: parameters, browser, `state`, `iss`, and errors that the provider reports."""

from collections.abc import Callable

import httpx2
from tests.hostile.person import bent, parameter
from tests.hostile.scene import APPROVED, LONG_AGO, Case, Hears, Recorded, Scene, with_rival

from homeport.foundation.kernel.reasons import ReasonCode

STRAY = {"recorded": Recorded.STRAY, "hears": Hears.WAITING}
OTHER_PROVIDER = "/oauth/callback/01a20a00-0000-7000-8000-000000000001"


def bending(**how: str) -> Callable[[Scene], httpx2.Response]:
    """Come back by a bent redirect."""
    return lambda scene: scene.person.get(bent(scene.return_address(), **how))


def adding(text: str) -> Callable[[Scene], httpx2.Response]:
    """Come back with more parameters behind the provider's own."""
    return lambda scene: scene.person.get(scene.return_address() + text)


def with_cookie(value: str | None) -> Callable[[Scene], httpx2.Response]:
    """Come back with another cookie."""

    def attack(scene: Scene) -> httpx2.Response:
        back = scene.return_address()
        scene.person.cookie = value
        return scene.person.get(back)

    return attack


def in_a_victims_browser(scene: Scene) -> httpx2.Response:
    """An attacker signs in with their own account and hands the redirect to a victim, who has a sign-in of their own open."""
    victim, machine = scene.rival
    scene.leave(victim, machine)
    return victim.get(scene.return_address())


def twice(scene: Scene) -> httpx2.Response:
    """Open the same redirect again."""
    back = scene.return_address()
    first = scene.person.get(back)
    assert first.status_code == 303, first.text
    return scene.person.get(back)


def after_refusal(scene: Scene) -> None:
    """A first return is refused, and its redirect is kept."""
    scene.kept["back"] = scene.return_address()
    refused = scene.person.get(bent(scene.kept["back"], drop="code"))
    assert refused.headers["X-Homeport-Reason"] == "code_missing"


def late(state: str) -> Callable[[Scene], httpx2.Response]:
    """Come back when the ten minutes are over; the row is as the clock, or the server's upkeep, would have left it."""

    def attack(scene: Scene) -> httpx2.Response:
        back = scene.return_address()
        scene.world.sql(
            "UPDATE sign_ins SET expires_at = ?, state = ? WHERE state = 'at_provider' AND browser_hash = "
            "(SELECT browser_hash FROM sign_ins ORDER BY started_at DESC LIMIT 1)",
            LONG_AGO,
            state,
        )
        return scene.person.get(back)

    return attack


def advertising_iss(scene: Scene) -> None:
    """Okta begins to send `iss`, and an administrator saves the provider again."""
    scene.undo.append(scene.world.connect)
    scene.undo.append(lambda: scene.world.control("PATCH", "/settings", advertise_iss=False))
    scene.world.control("PATCH", "/settings", advertise_iss=True)
    scene.world.connect()


def reported(error: str, description: str, reason: ReasonCode, name: str) -> Case:
    """The provider reports an error on the redirect."""
    return Case(name=name, reason=reason, faults={"redirect_error": {"error": error, "error_description": description}})


def another_person_code(scene: Scene) -> httpx2.Response:
    """Put the code of an attacker's own sign-in behind the victim's `state`."""
    code = parameter(scene.return_address(*scene.rival), "code")
    return scene.person.get(bent(scene.return_address(), code=code))


CASES = (
    Case(name="the redirect has no state", reason=ReasonCode.STATE_MISSING, faults={"redirect_no_state": {}}, **STRAY),
    Case(name="the redirect's state is empty", reason=ReasonCode.STATE_MISSING, attack=bending(state=""), **STRAY),
    Case(name="nothing but the address is opened", reason=ReasonCode.STATE_MISSING,
         attack=lambda scene: scene.person.get(scene.return_address().partition("?")[0]), **STRAY),
    Case(name="the state was never issued", reason=ReasonCode.STATE_UNKNOWN, faults={"redirect_wrong_state": {}}, **STRAY),
    Case(name="the state is 9000 characters long", reason=ReasonCode.STATE_UNKNOWN, attack=bending(state="s" * 9000), **STRAY),
    Case(name="the state holds zero bytes, line breaks and quotes", reason=ReasonCode.STATE_UNKNOWN,
         attack=bending(state="a\0b\r\nSet-Cookie: x=y'\"--"), **STRAY),
    Case(name="the state holds no UTF-8", reason=ReasonCode.STATE_UNKNOWN,
         attack=lambda scene: scene.person.get(bent(scene.return_address(), drop="state") + "&state=%ff%fe%ed%a0%80"), **STRAY),
    Case(name="the code is there twice", reason=ReasonCode.DUPLICATE_PARAMETER, faults={"redirect_duplicate_code": {}}, **STRAY),
    Case(name="the state is there twice", reason=ReasonCode.DUPLICATE_PARAMETER, attack=adding("&state=another"), **STRAY),
    Case(name="an unknown parameter is there twice", reason=ReasonCode.DUPLICATE_PARAMETER, attack=adding("&x=1&x=1"), **STRAY),
    Case(name="there are fifty parameters", reason=ReasonCode.DUPLICATE_PARAMETER,
         attack=adding("".join(f"&p{number}=" for number in range(50))), **STRAY),
    Case(name="the same redirect is opened twice", reason=ReasonCode.SIGNIN_ALREADY_USED, attack=twice,
         recorded=Recorded.STRAY, hears=Hears.WAITING, changes=APPROVED, audit=frozenset({"sign_in", "federated_identity_create"})),
    Case(name="a redirect that was refused is opened again", reason=ReasonCode.SIGNIN_ALREADY_USED, prepare=after_refusal,
         attack=lambda scene: scene.person.get(scene.kept["back"]), recorded=Recorded.STRAY, hears=Hears.NOTHING),
    Case(name="the person comes back after ten minutes", reason=ReasonCode.SIGNIN_EXPIRED, attack=late("at_provider")),
    Case(name="the person comes back after upkeep ended the sign-in", reason=ReasonCode.SIGNIN_EXPIRED, attack=late("expired"), **STRAY),
    Case(name="the browser has no cookie", reason=ReasonCode.BROWSER_MISMATCH, attack=with_cookie(None), **STRAY),
    Case(name="the browser's cookie is empty", reason=ReasonCode.BROWSER_MISMATCH, attack=with_cookie(""), **STRAY),
    Case(name="the browser's cookie is another", reason=ReasonCode.BROWSER_MISMATCH, attack=with_cookie("A" * 43), **STRAY),
    Case(name="an attacker's redirect is opened in a victim's browser", reason=ReasonCode.BROWSER_MISMATCH,
         prepare=with_rival, attack=in_a_victims_browser, **STRAY),
    Case(name="the redirect arrives at another provider's address", reason=ReasonCode.PROVIDER_MISMATCH,
         attack=bending(path=OTHER_PROVIDER), **STRAY),
    Case(name="the redirect has no code", reason=ReasonCode.CODE_MISSING, faults={"redirect_no_code": {}}),
    Case(name="the code is empty", reason=ReasonCode.CODE_MISSING, attack=bending(code="")),
    Case(name="the code is 5000 characters long", reason=ReasonCode.CODE_MISSING, attack=bending(code="c" * 5000)),
    Case(name="the code holds a line break", reason=ReasonCode.CODE_MISSING, attack=bending(code="abc\r\nX: y")),
    Case(name="the code holds letters beyond ASCII", reason=ReasonCode.CODE_MISSING, attack=bending(code="cödé")),
    Case(name="the code is an attacker's own", reason=ReasonCode.CODE_REFUSED, prepare=with_rival,
         attack=another_person_code),
    Case(name="the redirect's code was never issued", reason=ReasonCode.CODE_REFUSED, attack=bending(code="never-issued")),
    Case(name="the code was issued to another client", reason=ReasonCode.CODE_REFUSED, faults={"redirect_code_of_other_client": {}}),
    Case(name="iss names another issuer although none was promised", reason=ReasonCode.ISS_MISMATCH, faults={"redirect_wrong_iss": {}}),
    Case(name="iss is empty although none was promised", reason=ReasonCode.ISS_MISMATCH, attack=bending(iss="")),
    Case(name="iss is promised and missing", reason=ReasonCode.ISS_MISSING, prepare=advertising_iss,
         faults={"redirect_no_iss": {}}),
    Case(name="iss is promised and another", reason=ReasonCode.ISS_MISMATCH, prepare=advertising_iss,
         faults={"redirect_wrong_iss": {"issuer": "https://another.okta.example"}}),
    Case(name="an error comes from another issuer", reason=ReasonCode.ISS_MISMATCH,
         attack=lambda scene: scene.person.get(
             bent(scene.return_address(), drop="code", error="access_denied", iss="https://another.okta.example"))),
    Case(name="error and code come together", reason=ReasonCode.PROVIDER_ACCESS_DENIED, attack=adding("&error=access_denied")),
    Case(name="Okta has not assigned the person to the app", reason=ReasonCode.USER_NOT_ASSIGNED,
         prepare=lambda scene: scene.app(assigned_groups=[], assigned_users=[])),
    reported("access_denied", "User is not assigned to the client application.", ReasonCode.USER_NOT_ASSIGNED,
             "Okta says that the person is not assigned"),
    reported("access_denied", "The resource owner or authorization server denied the request.",
             ReasonCode.PROVIDER_ACCESS_DENIED, "Okta denies access"),
    reported("access_denied", "Policy evaluation failed for this request, please check the policy configurations.",
             ReasonCode.PROVIDER_POLICY_DENIED, "a policy of Okta denies access"),
    reported("server_error", "The 'groups' claim could not be evaluated.", ReasonCode.GROUPS_CLAIM_FAILED,
             "Okta cannot evaluate the groups claim"),
    reported("login_required", "The client specified not to prompt, but the user is not logged in.",
             ReasonCode.PROVIDER_LOGIN_REQUIRED, "Okta asks to sign in again"),
    reported("interaction_required", "", ReasonCode.PROVIDER_LOGIN_REQUIRED, "Okta asks for interaction"),
    reported("invalid_scope", "One or more scopes are not configured for the authorization server resource.",
             ReasonCode.PROVIDER_INVALID_SCOPE, "Okta does not know the scopes"),
    reported("server_error", "Something broke.", ReasonCode.PROVIDER_ERROR, "Okta fails"),
    reported("temporarily_unavailable", "", ReasonCode.PROVIDER_ERROR, "Okta is not available"),
    reported("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>\0\r\nX: y', ReasonCode.PROVIDER_ERROR,
             "the error is a script"),
    reported("x" * 2000, "y" * 6000, ReasonCode.PROVIDER_ERROR, "the error is 8000 characters long"),
)  # fmt: skip
