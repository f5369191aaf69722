"""RFC 8414: the documents that name the endpoints say what is true."""

import pytest

PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.mark.parametrize("path", PATHS)
def test_section_3_2_the_metadata_is_json_with_the_exact_issuer(client, path):
    answer = client.get(path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["issuer"] == "https://id.example.com"


def test_both_documents_are_the_same(client):
    assert client.get(PATHS[0]).json() == client.get(PATHS[1]).json()


def test_section_2_every_endpoint_that_is_named_is_there(client):
    document = client.get(PATHS[0]).json()
    for name in ("token_endpoint", "device_authorization_endpoint"):
        assert document[name].startswith(f"{document['issuer']}/")
        assert client.post(document[name]).json()["error"] == "invalid_client"


def test_section_2_what_is_supported_is_what_is_taken(device, client):
    document = client.get(PATHS[0]).json()
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["ES256"]
    for grant in document["grant_types_supported"]:
        answer = device.ask_token(client, grant_type=grant, scope="agent", device_code="x")
        assert answer.json().get("error") != "unsupported_grant_type"


def test_another_host_name_gets_no_metadata(client):
    answer = client.get(PATHS[0], headers={"Host": "attacker.example"})
    assert (answer.status_code, "attacker" in answer.text) == (421, False)
