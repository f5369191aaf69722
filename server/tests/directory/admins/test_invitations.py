"""Invitations end with whoever made them, signed in or with a key, with real stores on both databases."""

import random
from dataclasses import replace

import pytest
from tests.support.together import together

from homeport.directory.admins.model import ADMINISTRATOR, BILLING, READ_ONLY, actor_of
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.errors import Denied, NotFound

ROOT = system("root")
DEEDS = {
    "suspend": lambda act, one: act.administrators.suspend(ROOT, one.id),
    "demote": lambda act, one: act.administrators.change(ROOT, one.id, role=READ_ONLY),
    "delete": lambda act, one: act.administrators.delete(ROOT, one.id),
}


def signed_in(house, administrator, clock):
    return replace(actor_of(administrator, Origin()), session_id="s", authenticated_at=clock.now())


def with_key(house, administrator, clock, name="ci"):
    _, text = house.do(lambda act: act.keys.create(ROOT, name=name, owner_id=administrator.id))
    return house.do(lambda act: act.keys.authenticate(text, Origin()))


def invite(house, actor, email="friend@example.com"):
    return house.do(lambda act: act.links.invite(actor, email, ADMINISTRATOR))


def invited(house):
    return [one.email for one in house.do(lambda act: act.links.list_invitations(ROOT))]


@pytest.fixture
def me(house):
    """Somebody with Billing who may use keys; they are not the last one."""
    house.administrator("boss@example.com")
    return house.administrator("me@example.com", api_keys=True)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("by", [signed_in, with_key])
def test_an_invitation_ends_with_the_suspension_demotion_or_deletion_of_its_maker(house, me, clock, by, deed):
    token = invite(house, by(house, me, clock))
    house.do(lambda act: DEEDS[deed](act, me))
    assert invited(house) == []
    with pytest.raises(NotFound):
        house.do(
            lambda act: act.links.accept(token, email="friend@example.com", firstname="", lastname="", password="x" * 12 + "yz")
        )


def test_invitations_of_others_stay_however_alike_the_names_are(house, me, clock):
    for number, (email, key) in enumerate(
        [("ome@example.com", "ci"), ("me@example.com.au", "ci"), ("boss@example.org", "me@example.com (API key ci)")]
    ):
        other = house.administrator(email, api_keys=True)
        invite(house, with_key(house, other, clock, key), f"friend{number}@example.com")
    invite(house, with_key(house, me, clock), "mine@example.com")
    invite(house, system("me@example.com"), "by.the.system@example.com")
    house.do(lambda act: act.administrators.suspend(ROOT, me.id))
    assert sorted(invited(house)) == [
        "by.the.system@example.com",
        "friend0@example.com",
        "friend1@example.com",
        "friend2@example.com",
    ]


def test_who_may_invite_and_is_given_another_name_keeps_their_invitations(house, me, clock):
    invite(house, with_key(house, me, clock))
    house.do(lambda act: act.administrators.change(ROOT, me.id, firstname="Ada", role=BILLING))
    assert invited(house) == ["friend@example.com"]


@pytest.mark.parametrize("deed", DEEDS)
def test_who_was_asked_for_before_the_suspension_demotion_or_deletion_and_comes_after_it_invites_nobody(house, me, clock, deed):
    actor = with_key(house, me, clock)
    house.do(lambda act: DEEDS[deed](act, me))
    with pytest.raises(NotFound if deed == "delete" else Denied):
        invite(house, actor)
    assert invited(house) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_suspension_wins_every_race_against_an_invitation(house, me, clock, seed):
    chance, actor, refused = random.Random(seed), with_key(house, me, clock), []

    def ask():
        try:
            invite(house, actor)
        except Denied as error:
            refused.append(error)

    deeds = [lambda: house.do(lambda act: act.administrators.suspend(ROOT, me.id)), ask]
    assert together(*deeds, delays=[chance.randrange(5) for _ in deeds]) == []
    assert invited(house) == []


def test_the_longest_names_are_cut_where_they_are_kept(house, clock):
    email = f"{'a' * 60}@{'.'.join(['b' * 60] * 3)}.example"
    longest = house.administrator(email, api_keys=True)
    invite(house, with_key(house, longest, clock, "k" * 255))
    (found,) = house.do(lambda act: act.links.list_invitations(ROOT))
    assert found.created_by == f"{email} (API key kkk"[:255]
