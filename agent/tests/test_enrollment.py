import json
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import Agent, make_root
from standin import Signer, public_jwk

from homeport_agent.jose import thumbprint


def test_enrolling_makes_a_private_key_and_says_so(agent, server):
    ended = agent.enroll()
    assert ended.returncode == 0
    assert ended.stdout == f"This device is enrolled at {server.url}, as {agent.device_id}.\n"
    state = agent.root / "var/lib/homeport-agent"
    for path in (*state.iterdir(), *(agent.root / "var/lib/homeport-accounts").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == stat.S_IMODE((agent.root / "var/lib/homeport-accounts").stat().st_mode) == 0o700
    assert (state / "device-key.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_enrolling_again_says_so_and_changes_nothing(agent, server):
    agent.enroll()
    again = agent.enroll()
    assert (again.returncode, len(server.devices)) == (0, 1)
    assert "enrolled at" in again.stdout
    assert "already" in again.stdout
    other = agent.run(
        "enroll", "--server", "https://other.example", "--key-file", "-", "--root", str(agent.root), given=server.enrollment_key
    )
    assert other.returncode == 1
    assert "enrolled_elsewhere" in other.stderr


def test_a_lost_answer_is_harmless(agent, server):
    agent.enroll()
    (agent.root / "var/lib/homeport-agent/device.json").unlink()
    assert agent.enroll().returncode == 0
    assert (len(server.devices), server.uses_left) == (1, 4)


def test_a_server_with_another_order_root_is_not_trusted(agent, server):
    key = f"{server.enrollment_secret}.{thumbprint(public_jwk(Signer().root))}"
    ended = agent.run("enroll", "--server", server.url, "--key-file", "-", "--root", str(agent.root), given=key)
    assert ended.returncode == 1
    assert "order_root_mismatch" in ended.stderr
    assert not (agent.root / "var/lib/homeport-agent/device.json").exists()
    assert not (agent.root / "var/lib/homeport-accounts").exists()


@pytest.mark.parametrize("key", ["", "hello", "hpe1.a.b", "hpe2.a.b.c", "hpe1.a..c", "hpe1.a.b.c.d"])
def test_what_is_no_key_is_refused_before_anything_is_sent_and_never_repeated(agent, server, key):
    ended = agent.run("enroll", "--server", server.url, "--key-file", "-", "--root", str(agent.root), given=key)
    assert ended.returncode == 1
    assert "enrollment_key_invalid" in ended.stderr
    assert not key or key not in ended.stderr.replace("hpe1. ", "")


def test_the_servers_reason_is_shown_and_the_key_is_not(agent, server):
    key = f"hpe1.e1.wrongsecret.{thumbprint(public_jwk(server.signer.root))}"
    ended = agent.run("enroll", "--server", server.url, "--key-file", "-", "--root", str(agent.root), given=key)
    assert ended.returncode == 1
    assert "enrollment_key_unknown" in ended.stderr
    assert "wrongsecret" not in ended.stderr + ended.stdout


def test_the_key_may_come_from_a_file(agent, server, tmp_path):
    (tmp_path / "key").write_text(server.enrollment_key + "\n")
    assert (
        agent.run(
            "enroll", "--server", server.url + "/", "--key-file", str(tmp_path / "key"), "--root", str(agent.root)
        ).returncode
        == 0
    )


@pytest.mark.parametrize("missing", ["passwd", "shadow", "group", "gshadow"])
def test_a_root_without_all_account_files_is_refused(agent, missing):
    (agent.root / "etc" / missing).unlink()
    ended = agent.enroll()
    assert ended.returncode == 1
    assert "root_incomplete" in ended.stderr
    assert f"etc/{missing}" in ended.stderr


@pytest.mark.parametrize(
    "address",
    ["http://id.example.com", "ftp://localhost", "localhost:8080", "https://", "https://a:b@c", "http://127.0.0.1:99999"],
)
def test_an_address_that_is_not_safe_or_no_address_is_refused(agent, server, address):
    ended = agent.run("enroll", "--server", address, "--key-file", "-", "--root", str(agent.root), given=server.enrollment_key)
    assert ended.returncode == 1
    assert "server_address_invalid" in ended.stderr


def test_a_wrong_clock_is_corrected_by_the_servers(agent, server):
    server.skew = 86_400 * 365
    server.signer.now = server.now()
    assert agent.enroll().returncode == 0
    assert agent.sign_in(server.number, "correct horse", "correct horse")[0] == 0


def test_a_device_whose_clock_is_ahead_gets_no_grant_and_is_told_to_look_at_it(agent, server):
    server.skew = -86_400 * 365
    server.signer.now = server.now()
    agent.enroll()
    _, events, _ = agent.sign_in(server.number)
    assert (events[-1]["reason"], "clock" in events[-1]["message"]) == ("order_expired", True)


def test_two_roots_are_two_devices(agent, server, tmp_path):
    agent.enroll()
    other = Agent(make_root(tmp_path / "other"), server)
    other.enroll()
    assert other.device_id != agent.device_id


def test_status_says_what_is(agent, server):
    before = agent.run("status", "--root", str(agent.root))
    assert (before.returncode, "not enrolled" in before.stdout) == (1, True)
    agent.enroll()
    agent.sign_in(server.number, "correct horse", "correct horse")
    after = agent.run("status", "--root", str(agent.root))
    assert after.returncode == 0
    assert "ada (20000): active, passcode set" in after.stdout


def test_nothing_secret_is_shown_on_the_command_line_or_in_the_state(agent, server):
    agent.enroll()
    agent.sign_in(server.number, "correct horse", "correct horse")
    secrets = ["correct horse", server.enrollment_secret, *server.tokens]
    for path in agent.root.rglob("*"):
        if path.is_file():
            assert not any(secret.encode() in path.read_bytes() for secret in secrets), path


def test_an_ordinary_user_works_in_a_user_namespace(server, tmp_path):
    user = "homeport-test"
    if subprocess.run(["useradd", "-m", user], check=False, capture_output=True).returncode not in {0, 9}:
        pytest.fail("useradd made no user. Run the tests as root, as make test does.")
    try:
        _sign_in_as(user, server)
    finally:
        subprocess.run(["userdel", "-r", user], check=False, capture_output=True)


def _sign_in_as(user, server):
    home = f"/home/{user}"
    make_root(Path(home) / "root")
    subprocess.run(["cp", "-r", str(Path(__file__).parents[1] / "src"), f"{home}/src"], check=True)
    subprocess.run(["chown", "-R", f"{user}:", home], check=True)
    if subprocess.run(["/usr/bin/python3", "-c", "import cryptography"], check=False, capture_output=True).returncode:
        pytest.fail("python3-cryptography is not installed. Run: tools/setup test")

    def run(*arguments, given):
        command = [
            "setpriv",
            "--reuid",
            user,
            "--regid",
            user,
            "--clear-groups",
            "env",
            "-C",
            home,
            f"HOME={home}",
            f"USER={user}",
        ]
        command += [
            f"LOGNAME={user}",
            f"PYTHONPATH={home}/src",
            "/usr/bin/python3",
            "-m",
            "homeport_agent",
            *arguments,
            "--root",
            f"{home}/root",
        ]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=300)

    enrolled = run("enroll", "--server", server.url, "--key-file", "-", given=server.enrollment_key)
    assert enrolled.returncode == 0, enrolled.stderr
    signed_in = run("sign-in", "--json", given=f"{server.number}\ncorrect horse\ncorrect horse\n")
    assert signed_in.returncode == 0, signed_in.stdout + signed_in.stderr
    assert json.loads(signed_in.stdout.splitlines()[-1])["event"] == "bound"
    assert "ada:$y$" in Path(f"{home}/root/etc/shadow").read_text()
    subprocess.run(["sed", "-i", f"/^{user}:/d", "/etc/subuid"], check=True)
    refused = run("status", given="")
    assert "namespace_unavailable" in refused.stderr


def test_portal_shows_an_address_of_this_device_and_says_why_not_when_it_is_not_enrolled(agent, server):
    without = agent.run("portal", "--root", str(agent.root))
    assert (without.returncode, "not_enrolled" in without.stderr) == (1, True)
    agent.enroll()
    shown = agent.run("portal", "--root", str(agent.root))
    assert shown.stdout.splitlines()[-1] == f"{server.url}/user/device/of-{agent.device_id}"
    assert shown.returncode == 0
