"""One person, one machine, one attempt: the stage on which every hostile case plays, and what is demanded of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import httpx2
from tests.hostile.machine import Machine
from tests.hostile.person import Person
from tests.hostile.tables import Difference
from tests.hostile.world import ADMIN, DOMAIN, World

from homeport.demo.browser import Browser
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.reasons import ReasonCode

THE_ATTEMPT = frozenset(
    {
        "sign_ins added",
        "sign_in_steps added",
        "audit_entries added",
        "audit_entries.batch",  # the sealer works beside us
        "audit_batches added",
        "device_authorizations added",
        "seen_jtis added",
        "rate_limits added",
        "rate_limits.full_again_at",
        "key_snapshots added",
        "key_snapshots.body",
        "key_snapshots.fetched_at",
        "provider_fetches added",
        *(f"provider_fetches.{name}" for name in ("succeeded_at", "failed_at", "failure", "changed_at", "change")),
        "client_secret_answers added",
        *(f"client_secret_answers.{name}" for name in ("accepted_at", "refused_at")),
    }
)
"""What an attempt may leave behind; everything else must be as it was, unless the case names it."""
APPROVED = frozenset({"federated_identities added"})
"""What a sign-in that was good up to its end leaves besides."""
LONG_AGO = (datetime.now(UTC) - timedelta(minutes=20)).isoformat(timespec="microseconds")
"""Over for everybody, and not so long ago that upkeep forgets it."""


class Recorded(Enum):
    """Where the refusal must be found again."""

    SIGN_IN = "the sign-in itself is refused"
    STRAY = "an attempt of its own is recorded; the sign-in it names is left alone"
    NOWHERE = "no sign-in had begun"


class Hears(Enum):
    """What the device is told when it polls afterwards."""

    REFUSED = "access_denied with the same reason"
    WAITING = "authorization_pending"
    NOTHING = "it is not asked"


@dataclass
class Scene:
    """The stage of one case. `undo` holds what puts the world back, newest last."""

    world: World
    person: Person
    machine: Machine
    undo: list[Callable[[], Any]] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, world: World) -> "Scene":
        """Add a person to the directory and to Okta, and enrol a machine."""
        scene = cls(world, world.person(""), world.machine())
        scene.person = scene.another_person()
        return scene

    def another_person(self, name: str = "", *, email: str = "", state: UserState | None = UserState.ACTIVATED) -> Person:
        """Add one more person; with `state` None only to Okta."""
        name = name or self.world.next_name()
        person = self.world.person(name)
        person.email = email or f"{name}@{DOMAIN}"
        said = {"email": person.email, "email_verified": True, "first_name": name, "last_name": "Person"}
        made = self.world.control("POST", "/users", login=person.email, password=person.password, **said)
        person.subject = made["id"]
        if state is not None:
            user = self.world.act(
                lambda actions: actions.people.create(
                    ADMIN, username=name, email=person.email, firstname=name, lastname="Person", state=state
                )
            )
            person.user_id = user.id
        return person

    def close(self) -> None:
        """Lift all faults, put back what was changed for this scene, and hang up."""
        self.world.control("DELETE", "/faults")
        while self.undo:
            self.undo.pop()()
        if not self.world.database:
            # Else the server's upkeep would end them ten minutes later, while another case looks at the tables.
            self.world.sql("UPDATE sign_ins SET expires_at = '2999-01-01T00:00:00.000000+00:00' WHERE ended_at IS NULL")
        self.world.hang_up()

    @property
    def rival(self) -> tuple[Person, Machine]:
        """The second person and their machine."""
        return self.kept["rival"], self.kept["rival's machine"]

    def act(self, doing: Callable[[Any], Any]) -> Any:
        """Do something as an administrator would."""
        return self.world.act(doing)

    def app(self, **settings: Any) -> None:
        """Change the app in Okta until the case is over."""
        path = f"/apps/{self.world.okta['client_id']}"
        before = self.world.control("GET", path)
        self.undo.append(lambda: self.world.control("PATCH", path, **{name: before[name] for name in settings}))
        self.world.control("PATCH", path, **settings)

    def leave(self, person: Person | None = None, machine: Machine | None = None) -> str:
        """Let the machine ask, let the person approve; return the provider's address one is sent to."""
        person, machine = person or self.person, machine or self.machine
        machine.begin()
        page = person.get(machine.code["verification_uri_complete"])
        assert page.status_code == 200, page.text
        sent = person.approve(machine.user_code)
        assert sent.status_code == 303, f"{sent.headers.get('X-Homeport-Reason')}: {sent.text}"
        return sent.headers["location"]

    def return_address(self, person: Person | None = None, machine: Machine | None = None) -> str:
        """Go all the way to the redirect that leads back, and do not follow it."""
        return (person or self.person).sign_in(self.leave(person, machine))

    def whole_way(self, person: Person | None = None, machine: Machine | None = None) -> httpx2.Response:
        """Approve the machine as honest people do; return the callback's answer."""
        return (person or self.person).get(self.return_address(person, machine))

    def approved(self, person: Person | None = None, machine: Machine | None = None) -> str:
        """Approve for good; return the number on the page."""
        person = person or self.person
        answer = self.whole_way(person, machine)
        assert answer.status_code == 303, f"{answer.headers.get('X-Homeport-Reason')}: {answer.text}"
        page = person.get(answer.headers["location"])
        assert page.status_code == 200, page.text
        self.kept["number page"] = answer.headers["location"]
        return Browser(person.client, page=page.text).text("verification-number")

    def bound(self, person: Person | None = None, machine: Machine | None = None) -> httpx2.Response:
        """Approve, type the number, and fetch the order; return the order's answer."""
        machine = machine or self.machine
        granted = machine.poll(self.approved(person, machine))
        assert granted.status_code == 200, granted.text
        self.kept["order token"] = granted.json()["access_token"]
        return machine.fetch_order(self.kept["order token"])


def nothing(_scene: Scene) -> None:
    """Prepare nothing."""


def with_rival(scene: Scene) -> None:
    """Let there be a second person with a machine of their own."""
    scene.kept["rival"], scene.kept["rival's machine"] = scene.another_person(), scene.world.machine()


def whole_way(scene: Scene) -> httpx2.Response:
    """Do what honest people do; the fault does the rest."""
    return scene.whole_way()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: what is done, and the reason for which it must be refused.

    `prepare` comes before the first look at the tables, `attack` between the two looks. `faults` are the simulator's, by name, with
    their arguments. `changes` are differences this case may make besides the attempt's,
    `audit` the kinds of audit entries, `besides` the reasons of other attempts that belong to the story.
    """

    name: str
    reason: ReasonCode
    prepare: Callable[[Scene], Any] = nothing
    attack: Callable[[Scene], httpx2.Response] = whole_way
    faults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    recorded: Recorded = Recorded.SIGN_IN
    hears: Hears = Hears.REFUSED
    changes: frozenset[str] = frozenset()
    audit: frozenset[str] = frozenset({"sign_in"})
    besides: frozenset[ReasonCode] = frozenset()


def play(case: Case, world: World) -> None:
    """Carry out one case and demand all that must hold of a refusal."""
    scene = Scene.open(world)
    try:
        case.prepare(scene)
        for name, arguments in case.faults.items():
            world.fault(name, **arguments)
        before = world.tables.read()
        answer = case.attack(scene)
        heard = scene.machine.poll() if case.hears is not Hears.NOTHING else None
        difference = Difference(before, world.tables.read())
    finally:
        scene.close()
    _demand_the_reason(case, answer)
    _demand_the_record(case, answer, difference)
    _demand_nothing_else(case, difference)
    _demand_the_device_hears(case, heard)
    for seen in scene.person.seen:
        assert seen.status_code < 500, f"{seen.request.method} {seen.url} answered {seen.status_code}"


def reason_of(answer: httpx2.Response) -> str:
    """Return the reason code of an answer: a page's header, or a program's member."""
    told = answer.headers.get("X-Homeport-Reason", "")
    return told or (answer.json().get("reason", "") if "json" in answer.headers.get("content-type", "") else "")


def _demand_the_reason(case: Case, answer: httpx2.Response) -> None:
    assert reason_of(answer) == case.reason.code, f"{answer.status_code} {reason_of(answer)!r}: {answer.text[:1500]}"
    assert answer.status_code in {400, 401, 403, 429}


def _demand_the_record(case: Case, answer: httpx2.Response, difference: Difference) -> None:
    others = {reason.code for reason in case.besides}
    refused = [row for row in difference.added("sign_ins") if row["state"] == "refused" and row["reason"] not in others]
    if case.recorded is Recorded.NOWHERE:
        assert not refused
        return
    assert [row["reason"] for row in refused] == [case.reason.code]
    (row,) = refused
    assert (row["purpose"] == "unknown") == (case.recorded is Recorded.STRAY)
    assert row["id"] in answer.text, "the page does not show the sign-in's id"
    steps = [step for step in difference.added("sign_in_steps") if step["sign_in_id"] == row["id"]]
    last = max(steps, key=lambda step: step["number"])
    assert (last["name"], last["outcome"]) == ("refused", "failed")
    assert case.reason.code in last["details"]
    entries = [entry for entry in difference.added("audit_entries") if entry["resource_id"] == row["id"]]
    assert [(entry["success"], entry["reason"]) for entry in entries] == [(0, case.reason.code)]
    assert not row["verifier_sealed"]
    assert not row["nonce"]


def _demand_nothing_else(case: Case, difference: Difference) -> None:
    beyond = set(difference.kinds()) - THE_ATTEMPT - case.changes
    assert not beyond, f"the refused attempt changed more than itself: {sorted(beyond)}"
    assert {entry["event_type"] for entry in difference.added("audit_entries")} <= case.audit


def _demand_the_device_hears(case: Case, heard: httpx2.Response | None) -> None:
    if heard is None:
        return
    told = heard.json()
    expected = {"error": "access_denied", "reason": case.reason.code}
    if case.hears is Hears.WAITING:
        expected = {"error": "authorization_pending"}
    assert told | expected == told, told
