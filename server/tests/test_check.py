"""`homeport check` and `homeport --version`, and what `serve` says of a database that is not its own version's."""

import json
import os
import ssl
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from tests.support import house
from tests.support.countries import write_countries

from homeport.bootstrap.checkup import State, look
from homeport.cli import main
from homeport.foundation.database.engine import Database
from homeport.foundation.database.revision import head

EMPTY_PATH = {"HOMEPORT_LOG_FORMAT": "json"}


def looked(settings):
    """The lines by name; the house's own public URL leads off this machine, so it is left out."""
    if settings.public_url == house.URL:
        settings = replace(settings, public_url="http://localhost:8080")
    return {line.name: line for line in look(settings)}


def environment_of(settings):
    return {
        "HOMEPORT_DATA": str(settings.data),
        "HOMEPORT_DATABASE_URL": settings.database_url,
        "HOMEPORT_PUBLIC_URL": settings.public_url,
    }


def certificate(folder, days, name="localhost"):
    """A self-signed certificate that is good for some days from now; its PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, private


@pytest.fixture
def tls_server(tmp_path):
    """`tls_server(days)` answers at https://localhost with a certificate that is good for so long; its settings' part."""
    opened = []

    def serve(days):
        cert, key = certificate(tmp_path, days)
        server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened.append(server)
        return {"public_url": f"https://localhost:{server.server_port}", "outbound_ca_file": cert}

    yield serve
    for server in opened:
        server.shutdown()
        server.server_close()


def test_a_well_installation_passes_with_a_line_for_each_thing(any_house):
    any_house.user("ada")
    lines = looked(any_house.settings)
    assert {name: line.state for name, line in lines.items() if name != "Clock"} == {
        "Settings": "ok",
        "Data folder": "ok",
        "Database": "ok",
        "Sealing key": "ok",
        "Audit log": lines["Audit log"].state,
        "Messages of Macs": "ok",
        "Identity provider": "attention",
    }
    assert ("Clock" in lines) == bool(any_house.settings.database_url)
    assert all(line.remedy for line in lines.values() if line.state is not State.OK)


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_another_schema_is_refused_by_check_and_serve_in_a_sentence_that_names_the_way_out(any_house, version):
    database = any_house.home.parts.database
    with database.write() as unit:
        unit.connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    any_house.close()
    line = looked(any_house.settings)["Database"]
    words = "homeport migrate" if version == "0000" else "Start the version that made it"
    assert line.state is State.FAILED
    assert words in line.sentence
    environment = {**os.environ, **environment_of(any_house.settings)}
    done = subprocess.run(
        [sys.executable, "-m", "homeport", "serve"], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    found = Database(any_house.settings.database)
    with found.read() as unit:
        assert unit.connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == version
    found.dispose()


def test_check_makes_nothing_where_there_is_nothing(tmp_path):
    done = CliRunner().invoke(main, ["check", "--data", str(tmp_path), "--public-url", "http://localhost:1"], env=EMPTY_PATH)
    assert done.exit_code == 1
    assert "There is no" in done.output
    assert list(tmp_path.iterdir()) == []
    done = CliRunner().invoke(main, ["check", "--data", str(tmp_path / "nowhere")], env=EMPTY_PATH)
    assert done.exit_code == 1
    assert "Set HOMEPORT_PUBLIC_URL" in done.output
    assert not (tmp_path / "nowhere").exists()


def test_the_key_of_another_database_fails(sqlite_house):
    path = sqlite_house.settings.sealing_key
    document = json.loads(path.read_text())
    name = next(iter(document["keys"]))
    document["keys"][name] = "A" * 43 + "="
    path.write_text(json.dumps(document))
    assert looked(sqlite_house.settings)["Sealing key"].state is State.FAILED
    path.unlink()
    line = looked(sqlite_house.settings)["Keys"]
    assert (line.state, path.exists()) == (State.FAILED, False)


def test_a_changed_audit_log_fails(sqlite_house):
    sqlite_house.user("ada")
    sqlite_house.home.audit_sealer.seal()
    with sqlite_house.home.parts.database.write() as unit:
        unit.connection.execute(text("UPDATE audit_entries SET resource_name = 'eve'"))
    line = looked(sqlite_house.settings)["Audit log"]
    assert line.state is State.FAILED
    assert "NOT" in line.sentence


@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (10, "attention"), (-2, "failed")])
def test_a_certificate_at_the_public_url_is_looked_at(sqlite_house, tls_server, days, state):
    line = looked(replace(sqlite_house.settings, **tls_server(days)))["Public URL"]
    assert line.state == state, line
    assert bool(line.remedy) == (state != "ok")


def test_a_certificate_that_nobody_trusts_fails_and_an_address_that_is_out_of_reach_gets_attention(sqlite_house, tls_server):
    found = tls_server(90)
    line = looked(replace(sqlite_house.settings, public_url=found["public_url"]))["Public URL"]
    assert (line.state, "not trusted" in line.sentence) == (State.FAILED, True)
    line = looked(replace(sqlite_house.settings, public_url="https://localhost:9"))["Public URL"]
    assert line.state is State.ATTENTION


@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (10, "attention"), (-2, "failed")])
def test_the_servers_own_certificate_file_is_looked_at(sqlite_house, tmp_path, days, state):
    cert, key = certificate(tmp_path, days)
    assert looked(replace(sqlite_house.settings, tls_cert=cert, tls_key=key))["TLS certificate"].state == state
    cert.write_text("nothing")
    assert looked(replace(sqlite_house.settings, tls_cert=cert, tls_key=key))["TLS certificate"].state is State.FAILED


def test_a_file_of_countries_is_looked_at_when_one_is_named(sqlite_house, tmp_path):
    assert "Countries" not in looked(sqlite_house.settings)
    path = tmp_path / "countries.mmdb"
    named = replace(sqlite_house.settings, country_database=path)
    line = looked(named)["Countries"]
    assert (line.state, "is missing" in line.sentence, bool(line.remedy)) == (State.FAILED, True, True)
    write_countries(path, {"192.0.2.0/24": "DE"})
    assert looked(named)["Countries"].state is State.OK


def test_a_data_folder_that_others_can_enter_gets_attention(sqlite_house):
    sqlite_house.settings.data.chmod(0o755)
    assert looked(sqlite_house.settings)["Data folder"].state is State.ATTENTION


def test_a_provider_that_cannot_be_reached_fails_with_a_remedy(sqlite_house):
    sqlite_house.connect()
    line = looked(replace(sqlite_house.settings, outbound_proxy="http://127.0.0.1:9"))["Identity provider Okta"]
    assert line.state is State.FAILED
    assert line.remedy


def test_programs_get_json_and_an_exit_status(sqlite_house):
    environment = environment_of(sqlite_house.settings) | {"HOMEPORT_PUBLIC_URL": "http://localhost:8080"}
    done = CliRunner().invoke(main, ["check", "--json"], env=environment)
    said = json.loads(done.output)
    assert (done.exit_code, said["ok"]) == (0, True)
    assert {tuple(line) for line in said["checks"]} == {("name", "state", "sentence", "remedy")}
    sqlite_house.settings.sealing_key.chmod(0o644)
    done = CliRunner().invoke(main, ["check", "--json"], env=environment)
    assert (done.exit_code, json.loads(done.output)["ok"]) == (1, False)


def test_version_says_the_schema_too():
    assert CliRunner().invoke(main, ["--version"]).output == f"homeport 0.1.0, schema {head()}\n"
