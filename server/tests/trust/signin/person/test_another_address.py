"""A person's address is corrected: what was mailed to the wrong one opens nothing, whichever way the right one came."""

import random

import pytest
from tests.support.house import ADMIN
from tests.support.together import together

from homeport.directory.people.model.imports import Meaning
from homeport.foundation.kernel.errors import NotFound

from .conftest import PASSWORD

CHOSEN = "a stranger chose this one"


def typed(portal, user, email):
    portal.do(lambda act: act.people.update(ADMIN, user.id, email=email))


def imported(portal, user, email):
    text = f"username,email,lastname\n{user.username},{email},Lovelace\n"
    one = portal.do(lambda act: act.imports.upload(ADMIN, "people.csv", [text.encode()]))
    meaning = Meaning(one.meaning.encoding, one.meaning.delimiter, one.meaning.columns)
    portal.do(lambda act: act.imports.check(ADMIN, one.id, meaning))
    portal.house.home.worker.run_due()
    portal.do(lambda act: act.imports.run(ADMIN, one.id))
    portal.house.home.worker.run_due()


def use(portal, token):
    return portal.browser().post(f"/user/link/{token}", data={"password": CHOSEN, "again": CHOSEN})


@pytest.mark.parametrize("correct", [typed, imported])
@pytest.mark.parametrize("password", ["", PASSWORD], ids=["activation", "reset"])
def test_a_link_ends_with_the_address_that_it_went_to(portal, correct, password):
    user = portal.person(password=password)
    token, email = portal.link(user), f"right.{user.email}"
    correct(portal, user, email)
    assert portal.do(lambda act: act.people.get(ADMIN, user.id)).email == email
    assert portal.do(lambda act: act.passwords.open_link(ADMIN, user.id)) is None
    answer = use(portal, token)
    assert (answer.status_code, "set-cookie" in answer.headers) == (404, False)
    assert portal.sign_in(user, CHOSEN)[1].status_code == 401
    assert use(portal, portal.link(user)).headers["location"] == "/user", "the next one works"


@pytest.mark.parametrize("correct", [typed, imported])
def test_a_change_that_leaves_the_address_leaves_the_link(portal, correct):
    user = portal.person(password="")
    token = portal.link(user)
    correct(portal, user, user.email.upper())
    portal.do(lambda act: act.people.update(ADMIN, user.id, firstname="Augusta"))
    assert use(portal, token).headers["location"] == "/user"


@pytest.mark.parametrize("seed", range(4))
def test_who_corrects_the_address_and_who_uses_the_link_never_wait_for_each_other(portal, seed):
    chance, accepted = random.Random(seed), []
    user = portal.person(password="")
    token = portal.link(user)

    def accept():
        try:
            portal.do(lambda act: act.passwords.accept_link(token, "a hash", ADMIN.origin))
            accepted.append(True)
        except NotFound:
            accepted.append(False)

    deeds = [lambda: typed(portal, user, f"right.{user.email}"), accept]
    assert together(*deeds, delays=[chance.randrange(5) for _ in deeds]) == []
    assert portal.do(lambda act: act.people.get(ADMIN, user.id)).email.startswith("right.")
    assert (portal.do(lambda act: act.passwords.get(ADMIN, user.id)).set_at is not None) == accepted[0]
