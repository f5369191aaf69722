"""The one function that decides: every condition, operator and action against every place, and who is meant."""

from datetime import UTC, datetime
from ipaddress import ip_network
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.trust.access.model import (
    Action,
    DefaultAction,
    Every,
    InCountry,
    InList,
    Judged,
    Managed,
    Mode,
    Not,
    Place,
    Policy,
    Portal,
    Some,
    Standing,
    Subject,
    Targets,
    Truth,
    decide,
    described,
    holds,
    read,
    truth,
    written,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LISTS = {"office": [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")], "empty": []}
ADA = Subject(Portal.USER, "ada", groups=frozenset({"sales"}))
INSIDE, OUTSIDE, NOWHERE = "192.0.2.7", "198.51.100.1", ""
YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN


def policy(action=Action.DENY, conditions=None, *, name="p", mode=Mode.ENABLED, targets=None, portal=Portal.USER):
    made = {"targets": targets or Targets(), "conditions": conditions}
    return Policy(name, name, portal, mode, action, 1, NOW, NOW, **made)


def decided(*policies, default=Action.ALLOW, place=None, who=ADA):
    return decide(policies, DefaultAction(Portal.USER, default), LISTS, who, place or Place(INSIDE))


LEAVES = {
    "in the list": (InList(("office",)), {INSIDE: YES, OUTSIDE: NO, NOWHERE: UNKNOWN}),
    "in the country": (InCountry(("DE", "FR")), {"DE": YES, "US": NO, None: UNKNOWN}),
    "managed": (Managed(), {True: YES, False: UNKNOWN}),
}
PLACES = [
    Place(address, country, managed)
    for address, country, managed in product((INSIDE, OUTSIDE, NOWHERE), ("DE", "US", None), (True, False))
]


def expected(name, place):
    value = {"in the list": place.address, "in the country": place.country, "managed": place.managed}[name]
    return LEAVES[name][1][value]


OPERATORS = {
    "alone": (1, lambda a: a, lambda x: x),
    "not": (1, Not, lambda x: {YES: NO, NO: YES, UNKNOWN: UNKNOWN}[x]),
    "all": (2, lambda a, b: Every((a, b)), lambda x, y: NO if NO in {x, y} else UNKNOWN if UNKNOWN in {x, y} else YES),
    "any": (2, lambda a, b: Some((a, b)), lambda x, y: YES if YES in {x, y} else UNKNOWN if UNKNOWN in {x, y} else NO),
    "not all": (2, lambda a, b: Not(Every((a, b))), lambda x, y: YES if NO in {x, y} else UNKNOWN if UNKNOWN in {x, y} else NO),
    "not any": (2, lambda a, b: Not(Some((a, b))), lambda x, y: NO if YES in {x, y} else UNKNOWN if UNKNOWN in {x, y} else YES),
}
TABLE = [(operator, leaves) for operator, (number, _, _) in OPERATORS.items() for leaves in product(LEAVES, repeat=number)]


@pytest.mark.parametrize(("operator", "leaves"), TABLE, ids=lambda one: one if isinstance(one, str) else " + ".join(one))
def test_each_condition_under_each_operator_with_each_action(operator, leaves):
    _, build, meaning = OPERATORS[operator]
    condition = build(*(LEAVES[name][0] for name in leaves))
    assert read(written(condition)) == condition
    for place in PLACES:
        known = meaning(*(expected(name, place) for name in leaves))
        assert truth(condition, place, LISTS) is known
        # What cannot be told counts as not met, so the plain reading is the table with every unknown replaced by "no".
        plain = meaning(*(NO if expected(name, place) is UNKNOWN else expected(name, place) for name in leaves)) is YES
        assert holds(condition, place, LISTS) is plain
        for default in Action:
            denied = decided(policy(Action.DENY, condition), default=default, place=place)
            assert denied.action is (Action.DENY if plain else default), (place, default)
            stepped = decided(policy(Action.MFA, condition), default=default, place=place)
            meant = {
                (Action.DENY, YES): Action.MFA,
                (Action.ALLOW, UNKNOWN): Action.MFA if plain else Action.ALLOW,
                (Action.ALLOW, YES): Action.MFA,
            }
            assert stepped.action is meant.get((default, known), default), (place, default)
            allowed = decided(policy(Action.ALLOW, condition), default=default, place=place)
            assert allowed.action is (Action.ALLOW if known is YES else default), (place, default)


@pytest.mark.parametrize("default", Action)
@pytest.mark.parametrize("actions", sorted({tuple(sorted(set(some))) for some in product(Action, repeat=3)}), ids=", ".join)
def test_deny_wins_then_the_second_factor_then_allow(actions, default):
    found = decided(*(policy(action, name=action.value) for action in actions), default=default)
    assert found.action is next(action for action in (Action.DENY, Action.MFA, Action.ALLOW) if action in actions)
    assert found.policy is not None
    assert found.policy.action is found.action


@pytest.mark.parametrize("default", Action)
def test_the_default_decides_when_no_policy_applies(default):
    found = decided(policy(Action.DENY, InList(("empty",))), default=default)
    assert (found.action, found.policy) == (default, None)


def test_what_cannot_be_told_never_lets_anybody_in_also_under_a_not():
    for condition in (Not(InCountry(("KP",))), Not(Managed()), Not(Every((Managed(), InCountry(("KP",)))))):
        for action in (Action.ALLOW, Action.MFA):
            assert decided(policy(action, condition), default=Action.DENY, place=Place(INSIDE)).denied


def test_what_cannot_be_told_is_held_against_the_person_under_a_not():
    found = decided(policy(Action.DENY, Not(Managed())))
    assert found.denied
    assert found.judged[0].standing is Standing.AGAINST
    assert decided(policy(Action.MFA, Not(Managed()))).action is Action.MFA


def test_a_list_that_is_gone_is_not_known():
    assert truth(InList(("gone",)), Place(INSIDE), LISTS) is UNKNOWN
    assert truth(InList(("gone", "office")), Place(INSIDE), LISTS) is YES
    assert truth(InList(("gone", "office")), Place(OUTSIDE), LISTS) is UNKNOWN


@pytest.mark.parametrize("address", ["::ffff:192.0.2.7", "192.0.2.7", "2001:db8::1", "2001:db8::1%eth0"])
def test_an_address_is_found_however_it_is_written(address):
    assert truth(InList(("office",)), Place(address), LISTS) is YES


@pytest.mark.parametrize("address", ["", "testclient", "192.0.2.999", "192.0.2.7, 10.0.0.1", "@", "\x00"])
def test_what_is_no_address_is_in_no_list_and_not_outside_one_either(address):
    assert truth(InList(("office",)), Place(address), LISTS) is UNKNOWN
    assert truth(Not(InList(("office",))), Place(address), LISTS) is UNKNOWN


@pytest.mark.parametrize(
    ("targets", "standing"),
    [
        (Targets(), Standing.APPLIES),
        (Targets(everyone=False, groups=("sales",)), Standing.APPLIES),
        (Targets(everyone=False, people=("ada",)), Standing.APPLIES),
        (Targets(everyone=False, groups=("lab",), people=("grace",)), Standing.NOT_MEANT),
        (Targets(excluded_groups=("sales",)), Standing.LEFT_OUT),
        (Targets(excluded_people=("ada",)), Standing.LEFT_OUT),
        (Targets(everyone=False, people=("ada",), excluded_groups=("sales",)), Standing.LEFT_OUT),
        (Targets(everyone=False, groups=("sales",), excluded_people=("ada",)), Standing.LEFT_OUT),
    ],
)
def test_whom_a_policy_is_for(targets, standing):
    found = decided(policy(targets=targets))
    assert found.judged[0].standing is standing
    assert found.denied is (standing is Standing.APPLIES)


def test_a_disabled_policy_does_nothing_and_one_of_the_other_portal_is_not_asked():
    assert decided(policy(mode=Mode.DISABLED)).action is Action.ALLOW
    assert decided(policy(portal=Portal.ADMIN)).judged == ()


def test_a_monitored_policy_changes_nothing_and_says_what_it_would_have_done():
    found = decided(policy(mode=Mode.MONITOR, name="watch"), policy(Action.MFA, name="step"))
    assert (found.action, found.would, [one.name for one in found.watched]) == (Action.MFA, Action.DENY, ["watch"])
    assert described(found) == {
        "access": "allow_with_mfa",
        "access_policy": "step",
        "access_policy_id": "step",
        "access_would_be": "deny",
        "access_policies_monitored": ["watch"],
    }
    assert decided(policy(mode=Mode.MONITOR, conditions=InList(("empty",)))).would is None
    assert described(decided()) == {}


CONDITIONS = st.recursive(
    st.sampled_from([leaf for leaf, _ in LEAVES.values()] + [InList(("empty",)), InList(("gone",))]),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Every(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Some(tuple(parts))),
    ),
    max_leaves=6,
)
POLICIES = st.lists(
    st.builds(
        policy,
        st.sampled_from(Action),
        st.none() | CONDITIONS,
        name=st.sampled_from("abc"),
        mode=st.sampled_from(Mode),
        targets=st.sampled_from([Targets(), Targets(excluded_groups=("sales",)), Targets(everyone=False, people=("ada",))]),
    ),
    max_size=4,
)
COMPLETIONS = list(product(("DE", "US"), (True, False)))  # a device that proves nothing is all that "not managed" can be


@settings(derandomize=True)
@given(policies=POLICIES, default=st.sampled_from(Action), address=st.sampled_from([INSIDE, OUTSIDE]))
def test_knowing_less_never_opens_what_every_certainty_closes(policies, default, address):
    """A sign-in of which less is known gets in only where some certainty would have let it in as well."""
    known = [decided(*policies, default=default, place=Place(address, *rest)) for rest in COMPLETIONS]
    blind = decided(*policies, default=default, place=Place(address))
    if not blind.denied and blind.policy is not None and blind.policy.action is Action.ALLOW:
        assert any(not one.denied for one in known)
        for one in known:  # what let the person in was certain
            assert Judged(blind.policy, Standing.APPLIES) in one.judged


@settings(derandomize=True)
@given(policies=POLICIES, default=st.sampled_from(Action), place=st.sampled_from(PLACES))
def test_the_order_of_policies_does_not_matter(policies, default, place):
    numbered = [
        policy(one.action, one.conditions, name=f"{n}", mode=one.mode, targets=one.targets) for n, one in enumerate(policies)
    ]
    one, other = (decided(*some, default=default, place=place) for some in (numbered, numbered[::-1]))
    assert one == other


@pytest.mark.parametrize(
    "said",
    [
        [],
        "deviceManaged",
        {"all": []},
        {"any": {}},
        {"not": {}},
        {"deviceManaged": "yes"},
        {"deviceManaged": True, "ipAddressIn": ["x"]},
        {"ipAddressIn": []},
        {"ipAddressIn": [1]},
        {"locationIn": ["DE"]},
        {"locationIn": {"countries": ["Germany"]}},
        {"locationIn": {"countries": []}},
        {"deviceEncrypted": True},
        {"weather": "sunny"},
        {"all": [{"deviceManaged": True}] * 61},
        {"not": {"not": {"not": {"not": {"not": {"not": {"deviceManaged": True}}}}}}},
    ],
    ids=lambda one: str(one)[:50],
)
def test_conditions_that_are_none_are_refused_with_a_sentence(said):
    with pytest.raises(ValueError, match=r"[A-Za-z].*\."):
        read(said)


def test_unmanaged_is_read_as_not_managed():
    assert read({"deviceManaged": False}) == Not(Managed())
    assert read({}) is None
