"""The approval: the code, the number, the browser, and the provider that must be there."""

from collections.abc import Callable
from typing import Any

import httpx2
from tests.hostile.scene import APPROVED, LONG_AGO, Case, Hears, Recorded, Scene, with_rival
from tests.hostile.table_device import ENDED, NOWHERE, SEEN, asked, meanwhile, opened, sent

from homeport.foundation.kernel.reasons import ReasonCode

FIRST_LINK = {"changes": APPROVED, "audit": frozenset({"sign_in", "federated_identity_create"})}
OPEN = {"recorded": Recorded.NOWHERE, "hears": Hears.WAITING, "changes": frozenset({"device_authorizations.last_polled_at"})}
DAY_OLD = "2026-01-01T00:00:00+00:00"


def code_is_over(scene: Scene) -> None:
    """The code's ten minutes are over."""
    scene.world.sql("UPDATE device_authorizations SET expires_at = ? WHERE device_id = ?", LONG_AGO, scene.machine.id)


def cancelled(scene: Scene) -> httpx2.Response:
    """Say that this was not me."""
    return scene.person.post("/device/cancel", {"user_code": scene.machine.user_code})


def refused_before(scene: Scene) -> None:
    """A first attempt with the code was refused."""
    scene.world.fault("alg_none")
    assert scene.whole_way().status_code == 403


def faster_browser(scene: Scene) -> httpx2.Response:
    """Two browsers approve the same code; the second one comes back last."""
    person, _ = scene.rival
    back = scene.return_address()
    other = person.sign_in(person.approve(scene.machine.user_code).headers["location"])
    assert person.get(other).status_code == 303
    return scene.person.get(back)


def typing_wrong_numbers(scene: Scene) -> httpx2.Response:
    """Type five numbers that are not the one on the page."""
    number = scene.approved()
    wrong = (" ", "0", number[::-1] + "0", "x" * 10_000, "\u0661\u0662\u0663\u0664\u0665\u0666")
    answers = [scene.machine.poll(text) for text in wrong]
    told = [answer.json() for answer in answers]
    assert [answer.get("attempts_left") for answer in told] == [4, 3, 2, 1, None], told
    return answers[-1]


def guessing(scene: Scene) -> httpx2.Response:
    """Try codes until one is stopped."""
    for number in range(31):
        answer = scene.person.get("/device", params={"user_code": f"BBBB-BB{number:02}"})
    return answer


def asking_for_codes(scene: Scene) -> httpx2.Response:
    """A machine asks for more codes than anybody can type."""
    for _ in range(11):
        answer = scene.machine.post("/oauth/device_authorization", scope="device_login")
    return answer


def number_page(look: Callable[[Scene], httpx2.Response]) -> dict[str, Any]:
    """Somebody else looks at the page with the number."""
    return {"prepare": lambda scene: (with_rival(scene), scene.approved()), "attack": look, **OPEN}


def without_cookie(scene: Scene) -> httpx2.Response:
    """Look at the number without the cookie."""
    scene.person.cookie = None
    return scene.person.get(scene.kept["number page"])


def disconnected(scene: Scene) -> None:
    """The provider is deleted until the case is over."""
    scene.undo.append(scene.world.connect)
    scene.world.disconnect()


def disconnected_meanwhile(scene: Scene) -> None:
    """The provider is deleted while the person is at Okta."""
    scene.kept["back"] = scene.return_address()
    disconnected(scene)


def replaced_meanwhile(scene: Scene) -> None:
    """The provider is deleted and added anew while the person is at Okta."""
    disconnected_meanwhile(scene)
    scene.world.connect()


def out_of_reach(scene: Scene) -> None:
    """Okta has not answered for more than a day."""
    scene.undo.append(scene.world.connect)
    scene.world.fault("discovery_500", times=None)
    scene.machine.begin()
    scene.world.sql("UPDATE identity_providers SET metadata = json_set(metadata, '$.fetched_at', ?)", DAY_OLD)


CASES = (
    Case(name="the code was never issued", reason=ReasonCode.USER_CODE_UNKNOWN,
         attack=lambda scene: scene.person.get("/device", params={"user_code": "BCDF-GHJK"}), **NOWHERE),
    Case(name="an unknown code is sent without opening the page", reason=ReasonCode.USER_CODE_UNKNOWN,
         attack=lambda scene: scene.person.approve("BCDF-GHJK"), **NOWHERE),
    Case(name="an unknown code is cancelled", reason=ReasonCode.USER_CODE_UNKNOWN,
         attack=lambda scene: scene.person.post("/device/cancel", {"user_code": "BCDF-GHJK"}), **NOWHERE),
    Case(name="no code is sent", reason=ReasonCode.USER_CODE_UNKNOWN, attack=lambda scene: scene.person.approve(""), **NOWHERE),
    Case(name="the code is a pattern", reason=ReasonCode.USER_CODE_UNKNOWN, prepare=asked(),
         attack=lambda scene: scene.person.approve("%' OR '1'='1"), **OPEN),
    Case(name="the code holds zero bytes and line breaks", reason=ReasonCode.USER_CODE_UNKNOWN,
         attack=lambda scene: scene.person.approve("BC\0DF\r\n\u202e"), **NOWHERE),
    Case(name="the code is over when it is opened", reason=ReasonCode.USER_CODE_EXPIRED, prepare=asked(code_is_over),
         attack=opened, **NOWHERE),
    Case(name="the code is over when the approval is sent", reason=ReasonCode.USER_CODE_EXPIRED, prepare=asked(code_is_over),
         attack=sent, **NOWHERE),
    Case(name="the code is over when the person comes back", reason=ReasonCode.USER_CODE_EXPIRED, attack=meanwhile(code_is_over),
         hears=Hears.NOTHING),
    Case(name="the code was approved before", reason=ReasonCode.USER_CODE_USED, prepare=lambda scene: scene.approved(),
         attack=sent, **OPEN),
    Case(name="the code was refused before", reason=ReasonCode.USER_CODE_USED, prepare=refused_before, attack=opened, **NOWHERE),
    Case(name="another browser was faster with the same code", reason=ReasonCode.USER_CODE_USED, prepare=with_rival,
         attack=faster_browser, hears=Hears.WAITING, **FIRST_LINK),
    Case(name="the person says that this was not them", reason=ReasonCode.CANCELLED, prepare=asked(), attack=cancelled,
         changes=ENDED),
    Case(name="it is said meanwhile that this was not them", reason=ReasonCode.USER_CODE_USED, attack=meanwhile(cancelled),
         besides=frozenset({ReasonCode.CANCELLED}), hears=Hears.NOTHING),
    Case(name="five wrong numbers are typed", reason=ReasonCode.NUMBER_WRONG, attack=typing_wrong_numbers,
         recorded=Recorded.NOWHERE, **FIRST_LINK),
    Case(name="somebody else opens the page with the number", reason=ReasonCode.BROWSER_MISMATCH,
         **number_page(lambda scene: scene.rival[0].get(scene.kept["number page"]))),
    Case(name="the page with the number is opened without the cookie", reason=ReasonCode.BROWSER_MISMATCH,
         **number_page(without_cookie)),
    Case(name="a number page is asked for that never was", reason=ReasonCode.BROWSER_MISMATCH,
         **number_page(lambda scene: scene.person.get("/device/approved/01a20a00-0000-7000-8000-000000000001"))),
    Case(name="somebody guesses codes", reason=ReasonCode.TOO_MANY_ATTEMPTS, attack=guessing, **NOWHERE),
    Case(name="a machine asks for codes without end", reason=ReasonCode.TOO_MANY_ATTEMPTS, attack=asking_for_codes, **NOWHERE),
    Case(name="there is no provider when the code is opened", reason=ReasonCode.PROVIDER_MISSING, prepare=asked(disconnected),
         attack=opened, **SEEN),
    Case(name="there is no provider when the approval is sent", reason=ReasonCode.PROVIDER_MISSING, prepare=asked(disconnected),
         attack=sent, changes=ENDED),
    Case(name="the provider is deleted meanwhile", reason=ReasonCode.PROVIDER_GONE, prepare=disconnected_meanwhile,
         attack=lambda scene: scene.person.get(scene.kept["back"]), recorded=Recorded.STRAY),
    Case(name="the provider is deleted and added anew meanwhile", reason=ReasonCode.PROVIDER_GONE, prepare=replaced_meanwhile,
         attack=lambda scene: scene.person.get(scene.kept["back"]), recorded=Recorded.STRAY),
    Case(name="the provider has not answered for a day", reason=ReasonCode.PROVIDER_UNREACHABLE, prepare=out_of_reach,
         attack=sent, changes=ENDED | {"identity_providers.metadata_error"}),
)  # fmt: skip
