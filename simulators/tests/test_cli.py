import datetime as dt
import ipaddress
import json
import signal
import ssl
import subprocess
import sys
from contextlib import contextmanager

import httpx2 as httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from homeport_simulators.cli import main
from homeport_simulators.okta.faults.catalogue import as_markdown


@contextmanager
def command(*arguments):
    program = [sys.executable, "-c", "from homeport_simulators.cli import main; main()", "okta", "--port", "0", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_ready_line_tells_where_it_listens_and_sigterm_ends_it():
    with command() as (process, ready):
        assert ready.keys() == {"event", "issuer", "control"}
        assert ready["control"] == ready["issuer"] + "/_simulator"
        assert httpx.get(ready["control"] + "/users", timeout=60).json() == []
    assert process.returncode in {0, -signal.SIGTERM}


def test_demo_takes_what_it_is_given_and_prints_it():
    given = ["--client-id", "0oaGiven", "--client-secret", "given-secret", "--password", "given-password"]
    uris = ["--redirect-uri", "https://a.example/cb", "--redirect-uri", "https://b.example/cb"]
    with command("--demo", *given, *uris) as (_, ready):
        assert (ready["client_id"], ready["client_secret"], ready["password"]) == ("0oaGiven", "given-secret", "given-password")
        app = httpx.get(ready["control"] + "/apps/0oaGiven", timeout=60).json()
        assert app["redirect_uris"] == ["https://a.example/cb", "https://b.example/cb"]
        assert [user["login"] for user in httpx.get(ready["control"] + "/users", timeout=60).json()] == ready["users"]


def test_issuer_may_differ_from_the_address():
    with command("--issuer", "https://acme.okta.example/") as (_, ready):
        assert ready["issuer"] == "https://acme.okta.example"
        assert ready["control"].startswith("http://127.0.0.1:")
        address = ready["control"].replace("/_simulator", "/.well-known/openid-configuration")
        assert httpx.get(address, timeout=60).json()["token_endpoint"] == "https://acme.okta.example/oauth2/v1/token"


def test_tls_is_served_with_the_given_certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "simulator")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    with command("--tls-cert", str(cert_file), "--tls-key", str(key_file)) as (_, ready):
        assert ready["issuer"].startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=str(cert_file))
        document = httpx.get(f"{ready['issuer']}/.well-known/openid-configuration", verify=trust, timeout=60).json()
        assert document["issuer"] == ready["issuer"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--password", "x"], "add --demo"),
        (["--tls-cert", __file__], "go together"),
        (["--issuer", "https://acme.okta.example/oauth2"], "without a path"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, sentence):
    result = CliRunner().invoke(main, ["okta", *arguments])
    assert result.exit_code == 2
    assert sentence in result.output


def test_port_in_use_is_said_in_a_sentence():
    with command() as (_, ready):
        result = CliRunner().invoke(main, ["okta", "--port", ready["issuer"].rpartition(":")[2]])
    assert result.exit_code == 1
    assert "Cannot listen on 127.0.0.1 port" in result.output


def test_command_line_starts_without_loading_a_simulator():
    program = (
        "import sys, homeport_simulators.cli; print([name for name in sys.modules if name in ('starlette', 'uvicorn', 'jinja2')])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_faults_prints_the_catalogue():
    assert CliRunner().invoke(main, ["faults"]).output == as_markdown() + "\n"
