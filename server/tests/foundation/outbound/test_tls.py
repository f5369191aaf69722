from homeport.foundation.outbound.model import FailureKind, Fetch, FetchFailed
from homeport.foundation.outbound.urls import Origin

NAME = "idp.example.com"


def kind(outcome):
    assert isinstance(outcome, FetchFailed), outcome
    assert outcome.detail.endswith(".") or "okta.com" in outcome.detail
    return outcome.kind


# TLS


def test_tls_and_host_keep_the_name_while_the_socket_gets_the_address(run, client, server, resolving, authority):
    server.answer(b"safe")

    async def action(port):
        made = client(
            allow=frozenset({Origin("https", NAME, port)}),
            resolver=resolving(["127.0.0.1"]),
            ca_file=authority / "certificate.pem",
        )
        return await made.fetch(Fetch(f"https://{NAME}:{port}/"))

    answer = run(action, tls=True)
    assert (answer.body, answer.address) == (b"safe", "127.0.0.1")
    assert server.names == [NAME]
    assert f"Host: {NAME}:{server.port}" in server.requests[0]


def test_certificate_of_nobody_we_know_is_refused(run, client, server, resolving):
    server.answer()

    async def action(port):
        made = client(allow=frozenset({Origin("https", NAME, port)}), resolver=resolving(["127.0.0.1"]))
        return await made.fetch(Fetch(f"https://{NAME}:{port}/"))

    outcome = run(action, tls=True)
    assert kind(outcome) is FailureKind.TLS
    assert "certificate" in outcome.detail
    assert server.requests == []


def test_certificate_of_another_name_is_refused(run, client, server, resolving, authority):
    server.answer()

    async def action(port):
        made = client(
            allow=frozenset({Origin("https", "other.example.com", port)}),
            resolver=resolving(["127.0.0.1"]),
            ca_file=authority / "certificate.pem",
        )
        return await made.fetch(Fetch(f"https://other.example.com:{port}/"))

    assert kind(run(action, tls=True)) is FailureKind.TLS
    assert server.requests == []
