import asyncio
from urllib.parse import urlsplit

import pytest

from homeport.foundation.outbound.model import FailureKind, FetchFailed
from homeport.trust.federation.connection_test import Candidate, examine
from homeport.trust.federation.discovery import CheckState
from homeport.trust.federation.model import Client, ProviderKind

REDIRECT_URI = "https://homeport.example/oauth/callback/p1"
DOWN = FetchFailed(FailureKind.TIMEOUT, "https://example.okta.com", "It did not answer.")


@pytest.fixture
def run(network, clock, entropy):
    def go(url="example.okta.com", secrets=("right",)):
        candidate = Candidate(url=url, kind=ProviderKind.OKTA, client=Client("0oa1", secrets), redirect_uri=REDIRECT_URI)
        steps = examine(candidate, clock, entropy)
        try:
            request = next(steps)
            while True:
                request = steps.send(asyncio.run(network.fetch(request)))
        except StopIteration as stop:
            return stop.value

    return go


def state_of(judgement, name):
    return next(check.state for check in judgement.checks if check.name == name)


def test_good_provider_passes_every_check(run, network):
    judgement = run()
    assert all(check.state is CheckState.OK for check in judgement.checks)
    assert judgement.metadata.issuer == "https://example.okta.com"
    assert [urlsplit(one.url).path.rpartition("/")[2] for one in network.asked] == [
        "openid-configuration",
        "keys",
        "token",
        "authorize",
    ]
    assert "prompt=none" in network.asked[-1].url
    assert [one.follow_redirects for one in network.asked] == [3, 0, 0, 0]


def test_bad_address_asks_nobody(run, network):
    judgement = run("https://example-admin.okta.com")
    assert [check.name for check in judgement.failed] == ["Address"]
    assert network.asked == []


def test_bad_document_ends_the_test_before_a_secret_is_sent(run, network, answer):
    network.replaced["/.well-known/openid-configuration"] = answer(b"<html>")
    assert [check.name for check in run().failed] == ["Discovery document"]
    assert len(network.asked) == 1


@pytest.mark.parametrize("keys", [[], [{"kty": "oct", "k": "AAAA"}], [{"kty": "RSA", "use": "enc"}], 7])
def test_unusable_keys_fail(run, network, answer, keys):
    network.replaced["/oauth2/v1/keys"] = answer({"keys": keys})
    assert [check.name for check in run().failed] == ["Keys"]


def test_keys_that_cannot_be_fetched_fail(run, network, answer):
    for broken in (DOWN, answer(b"", status=500), answer(b"<html>")):
        network.replaced["/oauth2/v1/keys"] = broken
        judgement = run()
        assert state_of(judgement, "Keys") is CheckState.FAILED
        assert judgement.metadata is None


def test_wrong_credentials_fail(run, network, answer):
    network.replaced["/oauth2/v1/token"] = answer({"error": "invalid_client"}, status=401)
    judgement = run(secrets=("wrong", "wrong too"))
    assert [check.name for check in judgement.failed] == ["Client credentials", "Second client secret"]


@pytest.mark.parametrize("error", ["unauthorized_client", "unsupported_grant_type"])
def test_application_without_the_code_flow_fails(run, network, answer, error):
    network.replaced["/oauth2/v1/token"] = answer({"error": error}, status=400)
    judgement = run()
    assert [check.name for check in judgement.failed] == ["Client credentials"]
    assert "Authorization Code" in judgement.failed[0].remedy


def test_credentials_that_could_not_be_checked_are_said_so_and_do_not_hinder(run, network, answer):
    for unclear in (
        DOWN,
        answer(b"<html>"),
        answer({"error": {}}, status=400),
        answer({}, status=500),
        answer({"error": "invalid_client"}, status=500),
    ):
        network.replaced["/oauth2/v1/token"] = unclear
        judgement = run()
        assert state_of(judgement, "Client credentials") is CheckState.WARNING
        assert judgement.metadata is not None


def test_unregistered_redirect_uri_fails_and_an_unclear_answer_warns(run, network, answer):
    network.replaced["/oauth2/v1/authorize"] = answer(b"The 'redirect_uri' parameter must be a Login redirect URI", status=400)
    judgement = run()
    assert [check.name for check in judgement.failed] == ["Redirect URI"]
    assert REDIRECT_URI in judgement.failed[0].remedy
    elsewhere = answer(b"", status=302, location=f"{REDIRECT_URI}?error=x&state=another")
    for unclear in (DOWN, answer(b"<html>"), answer(b"Bad", status=400), answer(b"", status=302), elsewhere):
        network.replaced["/oauth2/v1/authorize"] = unclear
        assert state_of(run(), "Redirect URI") is CheckState.WARNING
