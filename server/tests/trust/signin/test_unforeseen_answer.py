"""An answer of the provider that breaks our own code ends the sign-in with a record, and the machine is told at once."""

from fastapi.testclient import TestClient
from tests.support import house as houses

from homeport.bootstrap.web import wrapped
from homeport.trust.signin.callback import COOKIE


class BreakingFetcher:
    """A network on which nothing foreseen happens."""

    async def fetch(self, *_arguments, **_options):
        raise ZeroDivisionError("nobody foresaw this")

    __call__ = fetch


def test_an_unforeseen_answer_is_a_refusal_with_a_record(any_house):
    any_house.connect()
    any_house.provision()
    device = any_house.device()
    _, code, started = any_house.begin(device)
    any_house.home.__dict__["fetcher"] = BreakingFetcher()  # a cached_property: what the application is built with
    client = TestClient(wrapped(any_house.home), base_url=any_house.settings.public_url, raise_server_exceptions=False)
    client.cookies.set(COOKIE, "browser")
    path = f"/oauth/callback/{started.sign_in.provider_id}"
    answer = client.get(path, params={"code": "a-code", "state": houses.state_of(started)})
    assert (answer.status_code, answer.headers["X-Homeport-Reason"]) == (403, "token_broken")
    assert any_house.sql("SELECT state FROM sign_ins") == [("refused",)]
    told = device.poll(any_house.client, code).json()
    assert (told["error"], told["reason"]) == ("access_denied", "token_broken")
