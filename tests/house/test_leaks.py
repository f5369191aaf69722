"""That a secret in a log ends a run, whichever way it came there, and that what is said of it does not show it again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.logs import known
from tests.support.plugin import pytest_plugins
from tools.leaks import PATTERNS, Secrets, constants, main, read

CHECKOUT = Path(__file__).parents[2]
TOKEN = "nJ3x_Qm-7c0Vd2Yh8TzR5bLkW1sUeGpAoIfXrCvBtMw"
PASSCODE_OF_A_TEST = 'größer als 12 "Äpfel" & co'
PLANTED = {
    "made by homeport.sessions.open": TOKEN,
    "made by homeport.issuer.authorize": "492817",
    "made by homeport.issuer.code": "WDJB-MJHT",
    "a recovery code": "ABCD-EFGH-IJKL-MNOP",
    "a help-desk code": "1234 5678 9012",
    "a passcode": PASSCODE_OF_A_TEST,
}
LINES = {
    "a JSON Web Token": "proof eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln refused",
    "an API key": "key hpk_01a20a00_c0ffeec0ffee",
    "an enrolment key": "took hpe1.e1.c0ffeec0ffee.f1",
    "a webhook's secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "an Authorization header": "GET / Authorization: Bearer c0ffeec0ffee",
    "a private key": "-----BEGIN PRIVATE KEY-----",
    "an authenticator's address": "otpauth://totp/x",
    "a password hash": "$argon2id$v=19$m=65536",
    "a named parameter": "GET /oauth/callback/x?iss=a&code=c0ffee",
    "a named value": '{"event": "x", "client_secret": "c0ffee"}',
    "a Mac's secret": "answer: PushMagic: c0ffeec0ffee",
    "a numeric code": "typed the code 492817 wrongly",
}
HARMLESS = (
    '{"method": "GET", "path": "/signin", "milliseconds": 492817.5, "request_id": "01a20a00-0000-7000-8000-000000492817"}\n'
    '{"token": "(hidden)", "code": "code_expired", "reason": "secret=(hidden)"}\nexit code 1; 12 digits; /devices?sort=-name\n'
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What a run without a leak leaves."""
    monkeypatch.setenv("HOMEPORT_TEST_LOGS", str(tmp_path))
    for kind, secret in PLANTED.items():
        if kind.startswith("made"):
            with (tmp_path / "1.made").open("a") as file:
                file.write(f"{kind}\t{secret}\n")
        else:
            known(kind, secret)
    (tmp_path / "server.log").write_text(HARMLESS)
    return tmp_path


def test_a_run_that_logged_no_secret_is_green(folder, capsys):
    assert main(folder, whole=True) == 0, capsys.readouterr().out


def test_each_planted_secret_is_found_and_not_shown(folder, capsys):
    ways = ("{}", "x={};", '{{"event": "lost", "was": "{}"}}', "path /link/{}?next=1")
    cases = [(kind, way.format(secret.replace('"', '\\"'))) for kind, secret in PLANTED.items() for way in ways]
    (folder / "agent.log").write_text("".join(f"{line}\n" for _, line in cases))
    assert main(folder, whole=True) == 1
    said = capsys.readouterr().out
    missed = [case for number, case in enumerate(cases, 1) if f"agent.log, line {number}: {case[0]}\n" not in said]
    assert not missed
    assert not [secret for secret in PLANTED.values() if secret in said]
    assert "server.log" not in said


def test_a_secret_that_nobody_noted_is_found_by_its_form(folder, capsys):
    assert LINES.keys() == PATTERNS.keys()
    (folder / "agent.log").write_text("".join(f"{line}\n" for line in LINES.values()))
    assert main(folder, whole=True) == 1
    said = capsys.readouterr().out
    assert not [kind for number, kind in enumerate(LINES, 1) if f"agent.log, line {number}: {kind}\n" not in said]
    assert "c0ffee" not in said


def test_each_form_of_a_macs_secret_is_found():
    pattern = PATTERNS["a Mac's secret"]
    lines = (
        "<key>UnlockToken</key><data>AAAA</data>",
        "<key>Challenge</key> <string>c0ffee</string>",
        '{"ClientIdentifier": "c0ffee"}',
        "mdm-signature: MIICc0ffee",
        "x-adm-auth-session=17-c0ffee",
        'OAuth oauth_consumer_key="CK_1", oauth_token=c0ffee',
        "{'BootstrapToken': 'c0ffee'}",
    )
    assert [line for line in lines if not pattern.search(line)] == []
    assert not pattern.search('{"mdm-signature": "(hidden)", "PushMagic": "(hidden)", "path": "/mdm/checkin"}')


def test_a_whole_run_that_left_nothing_to_search_proves_nothing(tmp_path, capsys):
    assert main(tmp_path, whole=True) == 1
    assert main(tmp_path, whole=False) == 0


def test_passwords_that_tests_write_are_known():
    written = {value for _, value in constants(CHECKOUT)}
    assert {PASSCODE_OF_A_TEST, "five unrelated words today", "walnut-harbour-17"} <= written


RUN = """
import secrets, sys
import structlog
from homeport.foundation.kernel.entropy import SystemEntropy

PROGRAM = "import secrets, sys; print(secrets.token_urlsafe(), file=sys.stderr)"

def test_of_a_program(start_program):
    start_program(sys.executable, "-c", PROGRAM).wait()

def test_of_code_in_the_process():
    structlog.get_logger().info("made", was="x" + SystemEntropy().token(), token="eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln")
"""


def test_a_run_notes_and_keeps_what_its_programs_and_its_own_code_made_and_logged(tmp_path, capsys):
    tests, logs = tmp_path / "tests", tmp_path / "logs"
    tests.mkdir()
    logs.mkdir()
    (tests / "test_it.py").write_text(RUN)
    plugins = ["tests.support.logs", "tests.support.processes"]
    assert set(plugins) <= set(pytest_plugins), "every run has them; the others take a second to load"
    words = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", tests, *(f"-p{one}" for one in plugins), tests]
    only = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**os.environ, "HOMEPORT_TEST_LOGS": str(logs), "PYTHONPATH": str(CHECKOUT), **only}
    ended = subprocess.run(words, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    assert main(logs, whole=True) == 1
    said = capsys.readouterr().out
    assert said.count("a secret in a log") == 2, said
    assert "test_it.py_test_of_a_program-" in said
    assert "in-process" in said
    assert "made by __main__.<module>" in said
    assert "made by test_it.test_of_code_in_the_process" in said


def test_a_word_that_only_begins_like_a_secret_is_none():
    secrets = Secrets()
    secrets.add("a token", TOKEN)
    assert list(secrets.found_in(f"{TOKEN[:-1]}x")) == []
    assert [kind for _, kind in secrets.found_in(f"y{TOKEN}x")] == ["a token"]


def test_what_a_killed_program_noted_is_read(tmp_path):
    (tmp_path / "7.made").write_text(f"made by x\t{TOKEN}\nmade by y\tcut-of")
    assert TOKEN[:16] in read(tmp_path).windows
