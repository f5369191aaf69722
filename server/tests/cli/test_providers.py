"""`homeport idp`, and the provider in the configuration file, against a simulated Okta that a real server really asks."""

import json
import re
import sys
import tomllib
from dataclasses import dataclass

import httpx2
import pytest
import structlog
from tests.support.processes import Programs

from homeport.directory.admins.model import BILLING, READ_ONLY

from .conftest import Served, Shell, StringIO, key_of, listening, opened_at, serve


@dataclass
class Okta:
    issuer: str
    client_id: str
    client_secret: str
    control: str

    def with_redirect_uri(self, homeport, *words, **options):
        """Do what an administrator does: try, enter at Okta the redirect URI that the refusal names, try again."""
        homeport(*words, status=1, **options)
        address = re.search(r"Enter exactly (\S+) under", homeport.said)
        assert address, homeport.said
        answer = httpx2.patch(f"{self.control}/apps/{self.client_id}", json={"redirect_uris": [address[1]]}, timeout=60)
        assert answer.is_success, answer.text
        return homeport(*words, **options)


@pytest.fixture(scope="module")
def okta():
    with Programs() as programs:
        words = ("-m", "homeport_simulators", "okta", "--host", "127.0.0.1", "--port", "0", "--demo")
        ready = json.loads(programs.start(sys.executable, *words).next_line())
        yield Okta(ready["issuer"], ready["client_id"], ready["client_secret"], ready["control"])


@pytest.fixture(scope="module")
def running(tmp_path_factory, _migrated, okta):
    """A server that may reach the simulated Okta."""
    listener = listening()
    url = f"http://localhost:{listener.getsockname()[1]}"
    opened = opened_at(tmp_path_factory.mktemp("served"), _migrated, url, outbound_allow=(okta.issuer,))
    server = serve(opened, listener)
    log = StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))
    yield Served(opened, url, key_of(opened, "all@acme.example", BILLING), key_of(opened, "read@acme.example", READ_ONLY), log)
    structlog.reset_defaults()
    server.should_exit = True
    opened.close()


@pytest.fixture
def homeport(served, tmp_path):
    return Shell({"HOMEPORT_URL": served.url, "HOMEPORT_API_KEY": served.key, "XDG_CONFIG_HOME": str(tmp_path / "config")})


@pytest.fixture
def secret(okta, tmp_path):
    path = tmp_path / "client-secret"
    path.write_text(f"{okta.client_secret}\n")
    return path


@pytest.fixture
def connected(homeport, okta, secret):
    """The provider as `homeport idp add` made it."""
    words = ("--name", "Okta", "--client-id", okta.client_id, "--email-domain", "acme.example")
    return json.loads(okta.with_redirect_uri(homeport, "idp", "add", okta.issuer, *words, "--secret-file", secret, "--json"))


def configuration(okta, place, **changed):
    values = {"url": okta.issuer, "client_id": okta.client_id, "email_domains": ["acme.example"], **changed}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    return f'version = 1\n[identity_providers.Okta]\ntype = "OKTA"\n{lines}\nclient_secret = {place}\n'


def test_a_provider_is_added_changed_and_deleted(homeport, connected, okta, secret):
    assert (connected["name"], connected["oidc"]["issuer"]) == ("Okta", okta.issuer)
    assert homeport.json("idp", "list") == [connected]
    assert homeport.json("idp", "show", "Okta") == connected
    assert homeport.json("idp", "set", "Okta", "--rename", "Acme")["name"] == "Acme"
    homeport("idp", "set", "Acme", "--second-secret-file", secret)
    homeport("idp", "set", "Acme", "--drop-second-secret", "--second-secret-file", secret, status=2)
    homeport("idp", "set", "Acme", "--drop-second-secret")
    homeport("idp", "delete", "Acme", "--yes")
    assert homeport.json("idp", "list") == []


def test_a_wrong_secret_is_refused_with_the_servers_check_and_never_shown(homeport, served, okta, tmp_path):
    (tmp_path / "wrong").write_text("not-the-secret-at-all")
    words = ("--name", "Okta", "--client-id", okta.client_id, "--email-domain", "acme.example")
    homeport("idp", "add", okta.issuer, *words, "--secret-file", tmp_path / "wrong", status=1)
    assert "not-the-secret-at-all" not in homeport.said
    assert homeport.json("idp", "list") == []


def test_the_file_makes_a_provider_whose_secret_is_elsewhere(homeport, served, okta, secret, tmp_path):
    file = tmp_path / "homeport.toml"
    file.write_text(configuration(okta, '{ file = "client-secret" }'))
    shown = homeport("plan", file, status=4)
    assert "    client_secret: from the file client-secret\n" in shown
    okta.with_redirect_uri(homeport, "apply", file, "--yes")
    assert homeport("plan", file) == "Nothing to change.\n"
    exported = homeport("export")
    assert tomllib.loads(exported)["identity_providers"]["Okta"]["client_secret"] == {"env": "OKTA_CLIENT_SECRET"}
    for text in (shown, exported, homeport.said, served.log.getvalue()):
        assert okta.client_secret not in text


def test_an_export_brings_the_provider_to_an_empty_server(homeport, running, connected, okta, tmp_path):
    file = tmp_path / "homeport.toml"
    first = homeport("export")
    file.write_text(first)
    running.clean()
    okta.with_redirect_uri(homeport, "apply", file, "--yes", OKTA_CLIENT_SECRET=okta.client_secret)
    assert homeport("export") == first
    assert homeport("plan", file) == "Nothing to change.\n"


@pytest.mark.parametrize("place", ['{ env = "NOT_SET_ANYWHERE" }', '{ file = "nothing-there" }'])
def test_a_secret_that_is_not_there_stops_everything_before_it_begins(homeport, served, okta, tmp_path, place):
    file = tmp_path / "homeport.toml"
    file.write_text(configuration(okta, place) + '[users.ada]\nemail = "ada@acme.example"\n')
    homeport("apply", file, "--yes", status=2)
    assert "NOT_SET_ANYWHERE" in homeport.said or "nothing-there" in homeport.said
    assert homeport.json("user", "list") == []


def test_the_secret_is_sent_again_only_when_told_to(homeport, connected, okta, secret, tmp_path):
    file = tmp_path / "homeport.toml"
    file.write_text(configuration(okta, '{ file = "client-secret" }', email_domains=["acme.example", "lab.example"]))
    found = homeport.json("apply", file, "--yes")
    assert [one["field"] for one in found["steps"][0]["changes"]] == ["email_domains"]
    again = homeport.json("apply", file, "--send-secrets", "--yes")
    assert [one["field"] for one in again["steps"][0]["changes"]] == ["client_secret"]
    assert okta.client_secret not in json.dumps(again)


def test_an_address_written_otherwise_is_the_same_address(homeport, connected, okta, secret, tmp_path):
    file = tmp_path / "homeport.toml"
    file.write_text(configuration(okta, '{ file = "client-secret" }', url=f"{okta.issuer}/", email_domains=["@ACME.example"]))
    assert homeport("plan", file) == "Nothing to change.\n"


def test_the_type_cannot_change_and_a_move_needs_the_secret(homeport, connected, okta, tmp_path):
    file = tmp_path / "homeport.toml"
    text = f'version = 1\n[identity_providers.Okta]\ntype = "OIDC"\nurl = "{okta.issuer}"\n'
    file.write_text(text)
    homeport("plan", file, status=2)
    assert "identity_providers.Okta.type: the type of an identity provider cannot change" in homeport.said
    file.write_text(text.replace("OIDC", "OKTA").replace(okta.issuer, "https://other.okta.example"))
    homeport("plan", file, status=2)
    assert "identity_providers.Okta.client_secret: missing, and another url needs it again" in homeport.said


def test_health_is_shown_and_a_client_secret_is_rotated(homeport, okta, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(okta.client_secret)
    words = ("idp", "add", okta.issuer, "--name", "Okta", "--client-id", okta.client_id, "--secret-file", secret)
    okta.with_redirect_uri(homeport, *words, "--email-domain", "acme.example")
    assert homeport.json("idp", "health", "Okta")["status"] == "healthy"
    assert "healthy" in homeport("idp", "health", "Okta")
    homeport("idp", "add-secret", "Okta", "--secret-file", secret)
    before = homeport.json("idp", "secrets", "Okta")
    assert [one["slot"] for one in before] == ["first", "second"]
    homeport("idp", "promote-secret", "Okta")
    assert [one["set"] for one in homeport.json("idp", "secrets", "Okta")] == [one["set"] for one in reversed(before)]
    homeport("idp", "remove-secret", "Okta", "second", status=2)
    homeport("idp", "remove-secret", "Okta", "second", "--yes")
    assert [one["slot"] for one in homeport.json("idp", "secrets", "Okta")] == ["first"]
