"""A command line for JumpCloud that others wrote, unmodified: it believes that it talks to console.jumpcloud.com.

PyPI's `jumpcloud` knows no other address, so in its view of this machine that name is loopback, where Homeport serves under it
with a certificate of the test's own authority. Nothing can leave: the whole run sees no network but `lo`.
Not tried, since they cannot be installed as they are: `jccli` (needs packages that PyPI has not), JumpCloud's PowerShell
modules and its Go library (in none of the package registries).
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.rest.world import World
from tests.support.house import ADMIN
from tests.support.loopback import has_own_network
from tests.support.processes import Programs

from homeport.directory.admins.model import BILLING
from homeport.directory.people.model import UserState

NAME = "console.jumpcloud.com"
CLIENT = Path(__file__).parents[2] / ".cache" / "foreign-client" / "bin" / "jumpcloud"

pytestmark = pytest.mark.xdist_group("rest foreign client")


class Console:
    """Homeport under JumpCloud's name, and the client that talks to it."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self.folder = folder
        self.world = World.open(folder, programs, public_url=f"https://{NAME}")
        certificate, key = self._certificate()
        environment = {
            "HOMEPORT_DATA": str(folder / "data"),
            "HOMEPORT_PUBLIC_URL": f"https://{NAME}",
            "HOMEPORT_PORT": "443",
            "HOMEPORT_TLS_CERT": str(certificate),
            "HOMEPORT_TLS_KEY": str(key),
        }
        programs.start(sys.executable, "-m", "homeport", "serve", env=environment, port=443)
        self.hosts = folder / "hosts"
        self.hosts.write_text(f"127.0.0.1 localhost {NAME}\n")
        self.environment = {"JUMPCLOUD_API_KEY": self.world.keys[BILLING], "REQUESTS_CA_BUNDLE": str(certificate)}

    def says(self, *words: str) -> str:
        """What the client prints; it must succeed."""
        done = self._run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def does(self, *words: str) -> None:
        """Change something by a POST whose published answer is 204 without a body, which the client wants to read as JSON."""
        assert self._run(*words).stderr.rstrip().endswith("JSONDecodeError: Expecting value: line 1 column 1 (char 0)")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, self.hosts, CLIENT, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _certificate(self) -> tuple[Path, Path]:
        key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (self.folder / "tls.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        return self.folder / "tls.pem", self.folder / "tls.key"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    if not has_own_network():
        raise pytest.UsageError("The foreign client runs only where nothing can leave this machine: run `make test` as root.")
    with Programs() as programs:
        opened = Console(tmp_path_factory.mktemp("foreign"), programs)
        yield opened
        opened.world.close()


def test_it_lists_users_and_tells_who_is_suspended(console):
    person, other = console.world.user(), console.world.user()
    console.world.house.do(lambda act: act.people.change_state(ADMIN, other, UserState.SUSPENDED))
    listed = json.loads(console.says("list-users-json"))
    assert {person, other} <= {one["_id"] for one in listed["results"]}
    assert listed["totalCount"] == len(listed["results"])
    assert other in console.says("list-users", "suspended")
    assert person not in console.says("list-users", "suspended")
    email = next(one["email"] for one in listed["results"] if one["_id"] == person)
    assert email in console.says("get-user-email", person)


def test_it_reads_all_devices_over_several_pages_and_renames_one(console):
    ids = {console.world.device() for _ in range(3)}
    assert ids <= {line.split()[0] for line in console.says("list-systems").splitlines()}
    device = min(ids)
    console.says("update-system", device, "displayName", "Front desk")
    assert json.loads(console.says("get-systems-json", device))["displayName"] == "Front desk"
    assert "Front desk" in console.says("list-systems")


def test_it_puts_a_device_into_a_group_and_finds_it_there(console):
    device, group = console.world.device(), console.world.device_group()
    name = {one["id"]: one["name"] for one in json.loads(console.says("list-systemgroups-json"))}[group]
    console.does("set-systems-memberof", device, group)
    assert console.says("get-systems-memberof", device).split(maxsplit=1)[1].strip() == f"['{name}']"
    assert device in console.says("list-systemgroups-membership", group)


def test_it_deletes_a_device(console):
    device = console.world.device()
    assert device in console.says("delete-system", device)
    assert device not in console.says("list-systems")
