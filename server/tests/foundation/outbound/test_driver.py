import asyncio

from homeport.foundation.outbound.driver import drive
from homeport.foundation.outbound.model import FailureKind, Fetch, FetchFailed, Response

NAME = "idp.example.com"


def kind(outcome):
    assert isinstance(outcome, FetchFailed), outcome
    assert outcome.detail.endswith(".") or "okta.com" in outcome.detail
    return outcome.kind


# The driver


def test_generator_gets_an_answer_for_each_fetch(run, client, server):
    server.answer(b"one")
    server.answer(b"two")

    def steps(port):
        first = yield Fetch(f"http://127.0.0.1:{port}/1")
        second = yield Fetch(f"http://127.0.0.1:{port}/2")
        return first.body + second.body

    assert run(lambda port: drive(steps(port), client(port))) == b"onetwo"


def test_generator_that_fetches_nothing_returns_at_once(run, client):
    def steps():
        return "done"
        yield

    assert run(lambda port: drive(steps(), client(port))) == "done"


def test_budget_bounds_all_fetches_together(run):
    class Slow:
        async def fetch(self, request):
            await asyncio.sleep(min(request.timeout, 0.2))
            return Response(200, (), b"", request.url)

    def steps():
        first = yield Fetch(f"https://{NAME}/1")
        second = yield Fetch(f"https://{NAME}/2")
        third = yield Fetch(f"https://{NAME}/3")
        return first, second, third

    answers = run(lambda _port: drive(steps(), Slow(), budget=0.3))
    assert isinstance(answers[0], Response)
    assert [kind(answer) for answer in answers[2:]] == [FailureKind.TIMEOUT]
