"""The simulator and the real sign-in never differ, and no sequence of edits shuts the last administrator out."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.access import Scene
from tests.support.countries import write_countries
from tests.support.house import ADMIN

from homeport.directory.admins.model import ADMINISTRATOR, BILLING, READ_ONLY
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.errors import Conflict
from homeport.trust.access.actions import Question, Wanted
from homeport.trust.access.model import Action, Every, InCountry, InList, Managed, Mode, Not, Portal, Some, Targets
from homeport.trust.signin.password.model import CodeAsked, ShutOut, SignedIn
from homeport.trust.signin.person.model import Refused

OFFICE, GERMANY, ELSEWHERE, NOWHERE = "192.0.2.7", "198.51.100.4", "203.0.113.9", ""
ADDRESSES = (OFFICE, GERMANY, ELSEWHERE, NOWHERE)
SLOW = settings(
    deadline=None,
    max_examples=20,
    derandomize=True,  # the same examples in every run: a failure is a change of the code, never luck
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

LEAVES = st.sampled_from(["office", "empty", "DE", "managed"])
SHAPES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=2)),
    ),
    max_leaves=4,
)


@dataclass
class Draft:
    """A policy that does not know the ids of its list and people yet."""

    action: Action
    mode: Mode
    shape: object
    audience: str


PLACES = st.lists(st.tuples(st.sampled_from(ADDRESSES), st.booleans()), min_size=1, max_size=2, unique=True)
DRAFTS = st.lists(
    st.builds(
        Draft,
        st.sampled_from(Action),
        st.sampled_from([Mode.ENABLED, Mode.ENABLED, Mode.MONITOR, Mode.DISABLED]),
        st.none() | SHAPES,
        st.sampled_from(["everyone", "group", "person", "but group", "but person"]),
    ),
    max_size=3,
)


def condition(shape, lists):
    match shape:
        case "office" | "empty":
            return InList((lists[shape],))
        case "DE":
            return InCountry(("DE",))
        case "managed":
            return Managed()
        case ("not", inner):
            return Not(condition(inner, lists))
        case (kind, parts):
            made = tuple(condition(part, lists) for part in parts)
            return Every(made) if kind == "all" else Some(made)
    return None


def targets(audience, group, person):
    return {
        "everyone": Targets(),
        "group": Targets(False, groups=(group,)),
        "person": Targets(False, people=(person,)),
        "but group": Targets(excluded_groups=(group,)),
        "but person": Targets(excluded_people=(person,)),
    }[audience]


@pytest.fixture
def scene(shared_house, tmp_path) -> Iterator[object]:
    """On SQLite alone: what is stored is proven on both elsewhere, and here each example begins anew."""
    shared_house.home.parts.countries.path = write_countries(
        tmp_path / "c.mmdb", {"198.51.100.0/24": "DE", "203.0.113.0/24": "US"}
    )
    yield Scene(shared_house)
    shared_house.home.parts.countries.path = None


def begin(scene):
    """An empty house with a list, an empty list, a managed device."""
    scene.house.empty()
    scene.apps.clear()
    lists = {
        "office": scene.do(lambda act: act.ip_lists.create(ADMIN, name="Office", networks=["192.0.2.0/24"])).id,
        "empty": scene.do(lambda act: act.ip_lists.create(ADMIN, name="Nothing", networks=["192.0.2.250"])).id,
    }
    return lists, scene.house.device()


def store(scene, portal, drafts, lists, group, person):
    for number, draft in enumerate(drafts):
        wanted = Wanted(
            f"{portal.value} {number}",
            draft.action,
            draft.mode,
            targets=targets(draft.audience, group, person),
            conditions=condition(draft.shape, lists),
        )
        with suppress(Conflict):  # it would shut out the last administrator, so it is not stored
            scene.do(lambda act, wanted=wanted: act.access_policies.create(ADMIN, portal, wanted))


@SLOW
@given(drafts=DRAFTS, default=st.sampled_from(Action), places=PLACES)
def test_the_simulator_says_what_happens_to_administrators(scene, drafts, default, places):
    lists, device = begin(scene)
    # The one who may always come in is not asked about.
    scene.administrator("always", factor=False)
    ada, grace = scene.administrator("ada", READ_ONLY), scene.administrator("grace", ADMINISTRATOR, factor=True)
    store(scene, Portal.ADMIN, drafts, lists, READ_ONLY, grace.id)
    with suppress(Conflict):
        scene.do(lambda act: act.access_policies.set_default(ADMIN, Portal.ADMIN, default))
    for who in (ada, grace):
        for address, managed in places:
            key = device.key.thumbprint() if managed else ""
            question = Question(Portal.ADMIN, who.id, address, managed=bool(key))
            said = scene.do(lambda act, question=question: act.access_actions.simulator.ask(ADMIN, question)).decision
            origin = Origin(address, client_key=key)
            attempt = scene.do(lambda act, who=who, origin=origin: act.password_sign_in.begin(who.email, origin))
            got = scene.do(
                lambda act, attempt=attempt, origin=origin: act.password_sign_in.finish(attempt, origin, verified=True)
            )
            assert isinstance(got, ShutOut) is said.denied
            if said.denied:
                continue
            if isinstance(got, CodeAsked):
                code = scene.apps[who.id].code()
                token = got.token
                got = scene.do(
                    lambda act, token=token, code=code, origin=origin: act.password_sign_in.give_code(token, code, origin)
                )
            actor = scene.do(lambda act, token=got.token, origin=origin: act.sessions.authenticate(token, origin))
            assert actor.lacks_factor is (said.action is Action.MFA and who is ada)


@SLOW
@given(drafts=DRAFTS, default=st.sampled_from(Action), places=PLACES)
def test_the_simulator_says_what_happens_to_users(scene, drafts, default, places):
    lists, device = begin(scene)
    ada, grace = scene.house.user("ada"), scene.house.user("grace")
    group = scene.do(lambda act: act.user_groups.create(ADMIN, name="Sales").id)
    scene.do(lambda act: act.user_groups.add_members(ADMIN, group, [ada.id]))
    for user in (ada, grace):
        token = scene.do(lambda act, user=user: act.passwords.issue_link(ADMIN, user.id))[2]
        scene.do(lambda act, token=token: act.passwords.accept_link(token, "hash", ADMIN.origin))
    store(scene, Portal.USER, drafts, lists, group, grace.id)
    scene.do(lambda act: act.access_policies.set_default(ADMIN, Portal.USER, default))
    for user in (ada, grace):
        for address, managed in places:
            key = device.key.thumbprint() if managed else ""
            question = Question(Portal.USER, user.id, address, managed=bool(key))
            said = scene.do(lambda act, question=question: act.access_actions.simulator.ask(ADMIN, question)).decision
            origin = Origin(address, client_key=key)
            attempt = scene.do(lambda act, user=user, origin=origin: act.person_sign_in.begin(user.username, origin))
            got = scene.do(lambda act, attempt=attempt, origin=origin: act.person_sign_in.finish(attempt, origin, verified=True))
            if said.denied:
                assert isinstance(got, Refused)
                assert got.reason.code == "denied_by_policy"
                continue
            assert isinstance(got, SignedIn)
            actor = scene.do(lambda act, got=got, origin=origin: act.user_sessions.actor(got.session, origin))
            assert actor.lacks_factor is (said.action is Action.MFA)  # nobody here has a second factor


EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "create",
                "update",
                "enable",
                "disable",
                "delete",
                "default",
                "list",
                "suspend",
                "activate",
                "role",
                "remove",
                "factor",
            ]
        ),
        st.integers(0, 3),
        st.builds(
            Draft,
            st.sampled_from([Action.DENY, Action.DENY, Action.ALLOW, Action.MFA]),
            st.just(Mode.ENABLED),
            st.none() | SHAPES,
            st.sampled_from(["everyone", "group", "person", "but group", "but person"]),
        ),
        st.sampled_from((OFFICE, ELSEWHERE)),
    ),
    min_size=1,
    max_size=12,
)


NETWORKS = (["192.0.2.0/24"], ["203.0.113.0/24"], ["192.0.2.99"], ["0.0.0.0/0"])


def of_people(act, what, number, draft, actor, one, lists):
    """Change an administrator, the default or the list; tell whether it was such a change."""
    admins, policies = act.administrators, act.access_policies
    deeds = {
        "default": lambda: policies.set_default(actor, Portal.ADMIN, draft.action),
        "list": lambda: act.ip_lists.update(actor, lists["office"], networks=NETWORKS[number]),
        "suspend": lambda: admins.suspend(actor, one.id),
        "activate": lambda: admins.activate(actor, one.id),
        "role": lambda: admins.change(actor, one.id, role=BILLING if number % 2 else ADMINISTRATOR),
        "remove": lambda: admins.delete(actor, one.id),
        "factor": lambda: act.factors.reset(actor, one.id),
    }
    return what in deeds and bool(deeds[what]() or True)


def of_policies(act, what, number, actor, wanted):
    """Make a policy, or change the one with the number, if there is one."""
    edits = act.access_policies
    if what == "create":
        edits.create(actor, Portal.ADMIN, wanted)
        return
    present = edits.policies.of_portal(Portal.ADMIN)
    if not present:
        return
    policy = present[number % len(present)]
    deeds = {
        "update": lambda: edits.update(actor, policy.id, wanted),
        "enable": lambda: edits.set_mode(actor, policy.id, Mode.ENABLED),
        "disable": lambda: edits.set_mode(actor, policy.id, Mode.DISABLED),
        "delete": lambda: edits.delete(actor, policy.id),
    }
    deeds[what]()


def edit(scene, people, lists, actor, what, number, draft):
    """Make one change of the kind, about the thing with the number."""
    one = people[number % len(people)]
    meant = targets(draft.audience, BILLING, one.id)
    wanted = Wanted(f"Policy {number}", draft.action, draft.mode, targets=meant, conditions=condition(draft.shape, lists))
    scene.do(lambda act: of_people(act, what, number, draft, actor, one, lists) or of_policies(act, what, number, actor, wanted))


def present(scene, ids):
    """Those who are still there."""
    found = [scene.do(lambda act, one=one: act.administrators.find_present(one)) for one in ids]
    return [one for one in found if one is not None]


@SLOW
@given(edits=EDITS)
def test_no_sequence_of_edits_shuts_the_last_administrator_out(scene, edits):
    """After each change, made or refused, somebody with Billing gets in by the real sign-in, from just where it was made.

    It is made by somebody with Billing who gets in from there at that moment: nobody else could, since each request asks the policies.
    """
    lists, _ = begin(scene)
    everybody = [scene.administrator(name).id for name in ("one", "two", "three")]

    def who_gets_in(place):
        holders = scene.do(lambda act: act.access_decisions.administrators.hold_role(BILLING))
        return next((one for one in present(scene, holders) if scene.gets_in(one, place)), None)

    for *change, address in edits:
        maker = who_gets_in(address)
        if maker is None:
            continue
        with suppress(Conflict):
            edit(scene, present(scene, everybody), lists, scene.actor(maker, address), *change)
        assert who_gets_in(address) is not None, (change, address)
    assert any(who_gets_in(place) for place in (OFFICE, ELSEWHERE))
