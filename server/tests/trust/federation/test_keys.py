import asyncio
import contextlib
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.foundation.outbound.model import FailureKind, Fetch, FetchFailed, Response
from homeport.trust.federation import jwks
from homeport.trust.federation.jwks import KeySet, KeySetFetch, KeySnapshot
from homeport.trust.federation.key_cache import KeyCache
from homeport.trust.federation.strict_json import parse_object

URI = "https://example.okta.com/oauth2/v1/keys"
DOWN = FetchFailed(FailureKind.TIMEOUT, URI, "It did not answer.")


def body(*kids):
    return json.dumps({"keys": [{"kty": "RSA", "kid": kid} for kid in kids]})


class Provider:
    """Publishes a key set, counts how often it is asked, and can be slow or down."""

    def __init__(self):
        self.kids, self.asked, self.down, self.rubbish, self.pause = ["one"], 0, False, None, 0.0

    async def fetch(self, request):
        self.asked += 1
        await asyncio.sleep(self.pause)
        if self.down:
            return DOWN
        return Response(200, (), self.rubbish or body(*self.kids).encode(), request.url)


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def stored():
    return {}


@pytest.fixture
def replica(provider, stored, clock):
    """Make a cache; several share what is stored, as replicas share a database."""

    def make():
        def save(snapshot):
            stored[snapshot.jwks_uri] = snapshot

        return KeyCache(provider, clock, stored.get, save)

    return make


@pytest.fixture
def kids(replica):
    """Ask a cache once and return the key ids, or the failure."""
    first = replica()

    def ask(cache=None, *, revalidate=False):
        answer = asyncio.run((cache or first).fetch(KeySetFetch(URI, revalidate=revalidate)))
        return answer if isinstance(answer, FetchFailed) else KeySet.parse(answer.body).key_ids()

    return ask


def test_key_set_is_fetched_once_an_hour(kids, provider, clock):
    assert (kids(), kids(), provider.asked) == (("one",), ("one",), 1)
    clock.forward(minutes=59)
    assert (kids(), provider.asked) == (("one",), 1)
    clock.forward(minutes=1)
    provider.kids = ["two"]
    assert (kids(), provider.asked) == (("two",), 2)


def test_unknown_key_leads_to_one_fetch_every_ten_seconds(kids, provider, clock):
    kids()
    provider.kids = ["one", "two"]
    assert (kids(revalidate=True), provider.asked) == (("one",), 1)
    clock.forward(seconds=10)
    assert (kids(revalidate=True), provider.asked) == (("one", "two"), 2)
    clock.forward(seconds=9)
    kids(revalidate=True)
    assert provider.asked == 2


def test_failed_attempts_count_for_the_interval_too(kids, provider, clock):
    kids()
    clock.forward(seconds=10)
    provider.down = True
    kids(revalidate=True)
    kids(revalidate=True)
    assert provider.asked == 2


def test_withdrawn_key_is_not_trusted_after_the_fetch_that_shows_it_gone(kids, provider, clock):
    kids()
    provider.kids = ["two"]
    clock.forward(minutes=60)
    assert kids() == ("two",)
    provider.down = True
    clock.forward(minutes=60)
    assert kids() == ("two",)


def test_unreachable_provider_is_bridged_for_a_day_and_not_longer(kids, provider, clock):
    kids()
    provider.down = True
    clock.forward(hours=24)
    assert kids() == ("one",)
    clock.forward(seconds=11)
    assert kids() == DOWN


@pytest.mark.parametrize("rubbish", [b"<html>", b"{}", b'{"keys": 7}', b"\xff"])
def test_answer_that_is_no_key_set_replaces_nothing(kids, provider, clock, rubbish):
    kids()
    provider.rubbish = rubbish
    clock.forward(hours=2)
    assert kids() == ("one",)


def test_first_fetch_that_fails_is_told(kids, provider):
    provider.down = True
    assert kids() == DOWN


def test_replicas_share_what_one_has_fetched(kids, provider, replica, clock):
    kids()
    assert (kids(replica()), provider.asked) == (("one",), 1)
    clock.forward(seconds=5)
    provider.kids = ["two"]
    kids(replica(), revalidate=True)
    assert provider.asked == 1


def test_all_waiters_share_one_fetch_and_one_who_gives_up_does_not_end_it(replica, provider):
    provider.pause = 0.2
    cache = replica()

    async def many():
        impatient = asyncio.create_task(cache.fetch(KeySetFetch(URI)))
        others = [asyncio.create_task(cache.fetch(KeySetFetch(URI))) for _ in range(50)]
        await asyncio.sleep(0.1)
        impatient.cancel()
        return await asyncio.gather(*others)

    answers = asyncio.run(many())
    assert provider.asked == 1
    assert {answer.status for answer in answers} == {200}


def test_snapshot_of_another_address_or_from_the_future_is_not_used(clock):
    now = clock.now()
    assert not jwks.is_fresh(KeySnapshot("https://old.example/keys", body("one"), now), URI, now)
    assert not jwks.is_fresh(KeySnapshot(URI, body("one"), now + timedelta(days=1)), URI, now)
    assert not jwks.is_usable_while_unreachable(KeySnapshot(URI, body("one"), now + timedelta(days=1)), URI, now)
    assert not jwks.is_usable_while_unreachable(None, URI, now)


def test_other_requests_pass_through(replica, provider):
    asyncio.run(replica().fetch(Fetch(URI)))
    asyncio.run(replica().fetch(Fetch(URI)))
    assert provider.asked == 2


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": [1]}',
        b'{"keys": [' + b"{}," * 100 + b"{}]}",
        b'{"keys": "' + b"x" * 300_000 + b'"}',
    ],
)
def test_what_is_no_key_set_is_refused(text):
    with pytest.raises(ValueError, match=r"It "):
        KeySet.parse(text)


# Reading JSON from strangers


@pytest.mark.parametrize(
    "text",
    [
        b"1",
        b"null",
        b"[]",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 123456789012345678901}',
        b'{"a": 1, "a": 1}',
        b'{"b": {"a": 1, "a": 1}}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": "\\u0000"}',
        b"\xfe\xff",
        b'{"a": ' + b"[" * 13 + b"]" * 13 + b"}",
        b'{"a": ' + b"[" * 100_000,
    ],
    ids=lambda text: text[:20].decode("latin-1"),
)
def test_json_that_readers_take_differently_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_object(text, max_bytes=1_000_000)


def test_plain_object_is_read():
    assert parse_object(b'\xef\xbb\xbf{"a": [1, 1.5, true, null, "\\u00e4"]}', max_bytes=100) == {"a": [1, 1.5, True, None, "ä"]}
    with pytest.raises(ValueError, match="larger than 5"):
        parse_object(b'{"a": 1}', max_bytes=5)


@given(st.binary(max_size=100))
def test_any_bytes_are_an_object_or_refused(data):
    with contextlib.suppress(ValueError):
        assert isinstance(parse_object(data, max_bytes=100), dict)
