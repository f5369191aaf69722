"""The whole journey with a provider that others wrote and certified: the npm package oidc-provider, unmodified."""

import time
from datetime import UTC, datetime

import pytest
from tests.protocol.installation import PEOPLE, Installation, Person
from tests.support.processes import Programs

from homeport.trust.federation.discovery import CheckState
from homeport.trust.federation.jwks import REFETCH_INTERVAL


@pytest.fixture
def fresh_installation(tmp_path, programs):
    """One whose keys, fetches and questions are counted from the beginning."""
    opened = Installation.open(tmp_path / "homeport", programs)
    yield opened
    opened.home.parts.database.dispose()


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """One for the tests that do not mind what the provider was told by another; each brings its own people."""
    with Programs() as programs:
        opened = Installation.open(tmp_path_factory.mktemp("foreign") / "homeport", programs)
        yield opened
        opened.home.parts.database.dispose()


@pytest.fixture
def foreign_page(new_context, page_faults):
    # The foreign pages want a font from the internet; whether it comes is not ours to judge.
    page_faults.seen = _WithoutFonts()
    return new_context().new_page()


@pytest.fixture
def person(installation, foreign_page):
    return Person(foreign_page, installation)


class _WithoutFonts(list):
    def append(self, fault):
        if "fonts.googleapis.com" not in fault:
            super().append(fault)


def _bind(installation, person, login):
    """Let a person sign in at the machine from the first line to the last."""
    prompt = installation.machine.sign_in()
    person.approves(prompt.hears("code")["verification_uri_complete"], login)
    number = person.reads_the_number()
    prompt.hears("number_wanted")
    prompt.types(number)
    for repeat in (False, True):
        assert prompt.hears("passcode_wanted")["repeat"] is repeat
        prompt.types("seven-green-teapots")
    bound = prompt.hears("bound")
    assert prompt.program.wait() == 0
    return bound


def _wait_until_keys_may_be_fetched_again(installation):
    """An unknown key leads to a fetch at most every ten seconds."""
    with installation.home.parts.database.read() as unit:
        fetched_at = unit.connection.exec_driver_sql("SELECT max(fetched_at) FROM key_snapshots").scalar_one()
    age = (datetime.now(UTC) - datetime.fromisoformat(fetched_at)).total_seconds()
    time.sleep(max(0.0, REFETCH_INTERVAL.total_seconds() - age + 0.2))


def test_a_person_signs_in_with_a_certified_provider_before_and_after_it_rotated_its_keys(fresh_installation, foreign_page):
    installation, person = fresh_installation, Person(foreign_page, fresh_installation)
    machine, provider = installation.machine, installation.provider
    assert {check.name: check.state for check in installation.checks if check.state is not CheckState.OK} == {}

    bound = _bind(installation, person, "ada")
    assert machine.tool("getent", "passwd", "ada").startswith(f"ada:x:{bound['uid']}:{bound['uid']}:Ada")
    assert machine.root.passcode_opens("ada", "seven-green-teapots")
    assert "key-1" in installation.steps(bound["sign_in_id"])["keys fetched"]["kids"]
    assert installation.steps(bound["sign_in_id"])["linked"]["email"] == PEOPLE["ada"]["email"]

    first_key = provider.keys[0]
    provider.rotate()
    _wait_until_keys_may_be_fetched_again(installation)
    bound = _bind(installation, person, "grace")
    assert machine.tool("id", "-u", "grace").strip() == str(bound["uid"])
    steps = installation.steps(bound["sign_in_id"])
    assert "key-3" in steps["key unknown"]["detail"]
    assert steps["keys fetched"]["kids"] == "key-3, key-4"
    assert provider.asked("jwks") == 1, "one refetch for one unknown key"
    assert provider.asked("token") == 1
    assert provider.asked("userinfo") == 0, "the ID token said everything"

    # The provider signs with the very key that Homeport trusted at first, and no longer publishes it.
    provider.keys.insert(0, first_key)
    provider.withdrawn = (first_key.kid,)
    provider.start()
    prompt = machine.sign_in()
    person.approves(prompt.hears("code")["verification_uri_complete"], "alan")
    reference = person.is_refused()
    refused = prompt.hears("refused")
    assert (refused["reason"], refused["sign_in_id"]) == ("key_unknown", reference)
    assert machine.root.passwd_line("alan") is None
    assert provider.asked("token") == 1
    assert provider.asked("jwks") <= 1, "at most one look whether the key has come back"


def test_a_thin_id_token_is_completed_by_userinfo_and_an_unverified_address_makes_no_link(installation, person):
    provider = installation.provider
    provider.thin = True
    provider.people["grace"] = {**PEOPLE["grace"], "email_verified": False}
    provider.start()

    bound = _bind(installation, person, "ada")
    steps = installation.steps(bound["sign_in_id"])
    assert steps["ID token verified"]["email"] == "(not in the ID token)"
    assert steps["userinfo fetched"]["email"] == PEOPLE["ada"]["email"]
    assert installation.machine.root.passwd_line("ada") is not None

    person.leaves()
    prompt = installation.machine.sign_in()
    person.approves(prompt.hears("code")["verification_uri_complete"], "grace")
    person.is_refused()
    assert prompt.hears("refused")["reason"] == "email_unverified"
    assert installation.machine.root.passwd_line("grace") is None


def test_a_person_who_cancels_at_the_provider_is_refused_and_the_machine_says_so(installation, person):
    prompt = installation.machine.sign_in()
    person.reaches_the_provider(prompt.hears("code")["verification_uri_complete"])
    person.page.get_by_role("link", name="Cancel").click()
    reference = person.is_refused()
    refused = prompt.hears("refused")
    assert (refused["reason"], refused["sign_in_id"]) == ("provider_access_denied", reference)
