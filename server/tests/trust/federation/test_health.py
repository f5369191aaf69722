"""A provider's health comes from what is stored, says what needs an administrator, and is plain numbers for a monitoring system."""

import asyncio
import re
from datetime import timedelta

import pytest

from homeport.foundation.database.engine import DatabaseWork
from homeport.foundation.outbound.model import FailureKind, FetchFailed
from homeport.trust.federation.health import FetchRecord, Health, Secret, SecretAnswer, Standing
from homeport.trust.federation.jobs import Refresh
from homeport.trust.federation.key_cache import KeyCache
from homeport.trust.federation.store import HealthSql, KeySnapshotSql

DOCUMENT = "/.well-known/openid-configuration"
KEYS = "/oauth2/v1/keys"
DOWN = FetchFailed(FailureKind.TIMEOUT, "https://example.okta.com", "It did not answer.")


class Upkeep:
    """The hourly look over a real database, as bootstrap wires it; `replica` makes another process's."""

    def __init__(self, slice_, network):
        self.slice, self.network = slice_, network

    def _write(self, deed):
        with self.slice.database.write() as unit:
            return deed(unit.connection)

    def _note(self, record):
        def note(connection):
            store = HealthSql(connection)
            if record.succeeded_at:
                store.note_success(record.url, record.succeeded_at, record.change)
            else:
                store.note_failure(record.url, record.failed_at, record.failure)

        self._write(note)

    def run(self):
        cache = KeyCache(
            self.network,
            self.slice.clock,
            lambda url: self._write(lambda connection: KeySnapshotSql(connection).load(url)),
            lambda snapshot: self._write(lambda connection: KeySnapshotSql(connection).save(snapshot)),
            self._note,
        )
        asyncio.run(
            Refresh(DatabaseWork(self.slice.database, self.slice.providers_of), self.network, cache, self.slice.clock).run()
        )

    def health(self):
        with self.slice.federation() as federation:
            return federation.health(federation.active_provider())


@pytest.fixture
def upkeep(each_slice, network):
    each_slice.a_provider()
    return Upkeep(each_slice, network)


def test_a_new_provider_is_healthy_and_its_keys_are_fetched_at_the_first_look(upkeep, clock):
    assert upkeep.health().standing is Standing.HEALTHY
    upkeep.run()
    health = upkeep.health()
    assert (health.metadata.succeeded_at, health.keys.succeeded_at) == (clock.now(), clock.now())
    assert health.key_ids
    assert health.keys.next_try() == clock.now() + timedelta(hours=1)
    assert health.problems == ()


def test_a_failing_fetch_is_told_with_its_sentence_and_the_next_try_and_heals_by_itself(upkeep, network, clock):
    upkeep.run()
    for path in (DOCUMENT, KEYS):
        network.replaced[path] = DOWN
    clock.forward(hours=1)
    upkeep.run()
    health = upkeep.health()
    assert health.standing is Standing.ATTENTION
    assert (health.metadata.failing, health.keys.failing) == (True, True)
    assert health.keys.failure == "It did not answer."
    assert health.keys.next_try() == clock.now() + timedelta(minutes=2)
    assert [problem.stops for problem in health.problems] == [False, False]
    network.replaced.clear()
    clock.forward(minutes=2)
    upkeep.run()
    healed = upkeep.health()
    assert healed.standing is Standing.HEALTHY
    assert healed.keys.failed_at == clock.now() - timedelta(minutes=2), "the last failure stays to be read"


def test_keys_that_fail_alone_are_tried_again_although_the_metadata_is_fresh(upkeep, network, clock):
    upkeep.run()
    network.replaced[KEYS] = DOWN
    clock.forward(hours=1)
    upkeep.run()
    assert upkeep.health().keys.failing
    network.replaced.clear()
    clock.forward(minutes=2)
    upkeep.run()
    assert not upkeep.health().keys.failing


def test_after_a_day_without_an_answer_nobody_can_sign_in_and_that_comes_first(upkeep, network, clock):
    upkeep.run()
    network.replaced[DOCUMENT] = DOWN
    clock.forward(hours=25)
    upkeep.run()
    health = upkeep.health()
    assert health.standing is Standing.FAILED
    assert "nobody can sign in" in health.problems[0].sentence
    assert health.values["metadata_failing"] == 1.0
    assert health.values["healthy"] == 0.0


def test_changed_metadata_and_keys_are_told_in_words(upkeep, network, clock):
    clock.forward(hours=1)
    upkeep.run()
    first = upkeep.health().key_ids
    network.keys = network.keys[1:]
    network.document["token_endpoint"] = "https://example.okta.com/oauth2/v2/token"
    clock.forward(hours=1)
    upkeep.run()
    health = upkeep.health()
    assert health.keys.change == f"withdrawn: {first[0]}"
    assert (
        health.metadata.change
        == "token_endpoint: https://example.okta.com/oauth2/v1/token → https://example.okta.com/oauth2/v2/token"
    )
    assert health.metadata.changed_at == clock.now()


def _health(clock, *, ahead=0.0, **secrets):
    answered = tuple(
        Secret(slot, clock.now(), "Bill", SecretAnswer(slot, "p1", **{f"{said}_at": clock.now()}))
        for slot, said in secrets.items()
    )
    fetched = FetchRecord("u", succeeded_at=clock.now())
    return Health(clock.now(), fetched, fetched, clock_difference=ahead, secrets=answered)


@pytest.mark.parametrize(
    ("changed", "standing", "words"),
    [
        ({}, Standing.HEALTHY, ""),
        ({"ahead": 31.0}, Standing.ATTENTION, "31 s ahead"),
        ({"ahead": -121.0}, Standing.FAILED, "121 s behind"),
        ({"first": "accepted", "second": "accepted"}, Standing.HEALTHY, ""),
        ({"first": "refused", "second": "accepted"}, Standing.ATTENTION, "takes the second"),
        ({"first": "accepted", "second": "refused"}, Standing.ATTENTION, "refuses the second"),
        ({"first": "refused"}, Standing.FAILED, "refuses every client secret"),
    ],
)
def test_clock_and_secrets_need_attention_when_they_do(clock, changed, standing, words):
    health = _health(clock, **changed)
    assert health.standing is standing
    assert words in " ".join(problem.sentence for problem in health.problems)
    assert health.values["clock_difference_seconds"] == changed.get("ahead", 0.0)


def test_the_page_shows_health_and_a_failure_on_top(slice_, caller, network, clock):
    provider = slice_.a_provider()
    upkeep = Upkeep(slice_, network)
    upkeep.run()
    page = f"/admin/identity-providers/{provider.id}"
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", caller("reader").get(page).text))
    assert "Healthy" in text
    assert "Next try" in text
    network.replaced[DOCUMENT] = DOWN
    clock.forward(hours=1)
    upkeep.run()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", caller("reader").get(page).text))
    assert "was not to be had at the last try" in text
    assert "It did not answer." in text
