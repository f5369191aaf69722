"""No secret in a log line, and none in the data file in clear: looked for after a whole run with all kinds of them."""

import base64
import re

import pytest
from tests.hostile.person import bent, parameter
from tests.hostile.scene import Scene
from tests.hostile.world import ADMIN, World, set_up_over_http
from tests.support.processes import Programs

from homeport.trust.signin.password.pages import ADMINISTRATORS

pytestmark = pytest.mark.xdist_group("secrets")  # one run serves all


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A world in which everything was done once, well and badly, and the secrets that came up, by name."""
    with Programs() as programs:
        world = World.open(tmp_path_factory.mktemp("secrets"), programs)
        secrets = _do_everything(world)
        yield world, secrets
        world.close()


def _do_everything(world: World) -> dict[str, str]:
    secrets = {
        "the client secret": world.okta["client_secret"],
        "the person's password": world.okta["password"],
        "the enrolment key": world.enrollment_key.split(".")[2],
    }
    scene = Scene.open(world)
    back = scene.return_address()
    secrets |= {"the authorization code": parameter(back, "code"), "the state": parameter(back, "state")}
    secrets["the device code"] = scene.machine.code["device_code"]
    answer = scene.person.get(back)
    secrets["the browser's cookie"] = scene.person.cookie
    page = scene.person.get(answer.headers["location"])
    number = re.search(r'id="verification-number"[^>]*>\s*(\d{6})', page.text)
    assert number is not None
    assertion, proof = scene.machine.assertion(), scene.machine.proof("POST", "/oauth/token")
    secrets |= {"the client assertion": assertion, "the DPoP proof": proof}
    granted = scene.machine.poll(number[1])
    secrets["the order token"] = granted.json()["access_token"]
    scene.machine.fetch_order(secrets["the order token"])
    secrets["the agent token"] = scene.machine.agent_token()
    scene.machine.post("/oauth/token", assertion=assertion, proof=proof, grant_type="client_credentials", scope="agent")
    _go_wrong(scene, secrets)
    link = scene.act(lambda actions: actions.administrator_links.issue(ADMIN))
    secrets["the one-time link"] = link
    _use_link(scene, link, secrets)
    scene.close()
    return secrets


def _go_wrong(scene: Scene, secrets: dict[str, str]) -> None:
    """Everything that fails fails with its secrets in hand."""
    for fault in ("token_500", "token_invalid_client", "token_html", "alg_none", "userinfo_500", "keys_500"):
        scene.world.sql("DELETE FROM key_snapshots")
        scene.world.fault(fault)
        back = scene.return_address()
        secrets[f"the code of {fault}"] = parameter(back, "code")
        scene.person.get(back)
        scene.person.get(bent(back, iss="https://evil.example"))
    secret = "planted-7f3a9c1e5b2d8046"
    secrets["a planted value"] = secret
    for path in (f"/oauth/callback/x?code={secret}&state={secret}", f"/device?user_code={secret}", f"/nowhere?token={secret}"):
        scene.person.get(path)
    form = {"user_code": "x", "password": secret, "client_secret": secret}
    scene.person.post("/device", form)
    scene.person.post("/signin", {"email": "a@b.example", "password": secret})
    scene.person.get("/device", headers={"Authorization": f"Bearer {secret}", "Cookie": f"x={secret}", "User-Agent": "agent"})
    scene.machine.client.post(f"{scene.world.url}/agent/v1/enroll", content=f'{{"enrollment_key": "{secret}"')
    scene.machine.client.post(f"{scene.world.url}/agent/v1/enroll", json={"enrollment_key": secret, "proof": secret})
    scene.machine.client.get(f"{scene.world.url}/api/systemusers", headers={"x-api-key": secret})


def _use_link(scene: Scene, link: str, secrets: dict[str, str]) -> None:
    """Become an administrator, and show the pages that know secrets."""
    password = "correct horse battery staple 7"
    secrets["the administrator's password"] = password
    form = {"email": "root@acme.example", "firstname": "Ro", "lastname": "Ot", "password": password, "again": password}
    scene.person.get(f"/admin/link/{link}")
    entered = scene.person.post(f"/admin/link/{link}", form)
    assert entered.status_code == 303, entered.text
    kept = {cookie.name: cookie.value or "" for cookie in scene.person.client.cookies.jar}
    secrets |= {"the session": kept[ADMINISTRATORS.cookies.session], "the known browser": kept[ADMINISTRATORS.cookies.browser]}
    phone, codes = set_up_over_http(scene.person)
    secrets |= {
        "the secret of the second factor": phone.secret,
        "a recovery code": codes[0],
        "a recovery code in short": codes[1],
    }
    shown = scene.person.get(f"/admin/identity-providers/{scene.world.provider_id}")
    assert shown.status_code == 200, shown.text
    assert secrets["the client secret"] not in shown.text


def forms_of(secret: str) -> list[str]:
    """A secret as itself and as other encodings would show it."""
    return [secret, base64.b64encode(secret.encode()).decode().rstrip("="), secret.encode().hex()]


def test_no_secret_is_in_a_log_line(run):
    world, secrets = run
    log = world.server.output
    assert log.count('"event": "request"') > 50
    found = [name for name, secret in secrets.items() if any(form in log for form in forms_of(secret))]
    assert not found


def test_no_secret_is_in_the_data_in_clear(run):
    world, secrets = run
    stored = b"".join(file.read_bytes() for file in (world.folder / "data").glob("homeport.sqlite*"))
    found = [name for name, secret in secrets.items() if any(form.encode() in stored for form in forms_of(secret))]
    assert not found


def test_keys_lie_in_files_that_only_their_owner_reads(run):
    world, _ = run
    modes = {file.name: file.stat().st_mode & 0o777 for file in (world.folder / "data").iterdir()}
    assert modes["sealing.key"] == modes["audit.key"] == 0o600
    assert (world.folder / "data").stat().st_mode & 0o077 == 0


def test_no_traceback_was_logged(run):
    world, _ = run
    assert "unexpected_error" not in world.server.output
    assert "Traceback" not in world.server.output


@pytest.mark.parametrize(
    ("path", "mark"), [("/x%0aforged%20one", "forged one"), ("/x%0d%0a%1b[2Jtwo", "2Jtwo"), ("/%E2%80%AEthree", "three")]
)
def test_path_cannot_forge_a_log_line(run, path, mark):
    world, _ = run
    person = world.person("")
    person.get(path)
    world.hang_up()
    world.server.wait_for(mark)
    lines = [line for line in world.server.output.splitlines() if mark in line]
    assert all(line.startswith("{") and line.endswith("}") for line in lines)
    assert not {"\x1b", "\u202e"} & set(world.server.output)
