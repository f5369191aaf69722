"""The server's Debian package in a fresh Debian 12: installed, configured, served, upgraded, removed, purged."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from tests.support.debian.image import Layers, changed, unpacked
from tests.support.debian.machine import Machine
from tests.support.factor import Authenticator, shown_in
from tools.server_deb import SERVER, build, following

from homeport.foundation.database.revision import head

pytestmark = pytest.mark.xdist_group("debian-server")
UNIT = "/usr/lib/systemd/system/homeport.service"
SETTINGS = "/etc/homeport/homeport.env"
CONFIGURE = "s|^#HOMEPORT_PUBLIC_URL=https://id.example.com$|HOMEPORT_PUBLIC_URL=http://localhost:8080|"
PASSWORD = "five unrelated words today"
NEXT = f'''"""The next version's one table."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "9000", "{head()}"


def upgrade() -> None:
    """Make it."""
    op.create_table("of_the_next_version", sa.Column("id", sa.Integer, primary_key=True))
'''
ASK = """
import json, sys, urllib.error, urllib.parse, urllib.request
path, form, cookie = sys.argv[1:4]
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_): return None
headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8080", "Cookie": cookie}
data = urllib.parse.urlencode(json.loads(form)).encode() if form else None
request = urllib.request.Request("http://localhost:8080" + path, data, headers)
try: answer = urllib.request.build_opener(Stay).open(request, timeout=30)
except urllib.error.HTTPError as error: answer = error
cookies = "; ".join(line.split(";")[0] for line in answer.headers.get_all("set-cookie") or [])
print(json.dumps({"status": answer.status, "cookie": cookies, "text": answer.read().decode()}))
"""


class Server(Machine):
    """A Debian machine on which the server is installed."""

    def install(self, package: Path) -> str:
        (self.root / "tmp/homeport.deb").write_bytes(package.read_bytes())
        done = self.attempt(
            "env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-unsafe-io", "-i", "/tmp/homeport.deb", seconds=180
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def configure(self) -> None:
        self.run("sed", "-i", CONFIGURE, SETTINGS)

    def serve(self):
        """Start what the unit starts, as the unit's user; systemd does not run here."""
        unit = dict(re.findall(r"^(ExecStart|User)=(.*)$", self.read(UNIT), re.MULTILINE))
        service = self.start(*unit["ExecStart"].split(), user=unit["User"], log="/var/log/homeport.log")
        self.until(lambda: self.listens() or not service.running, "a listener", 180)
        self.until(lambda: self.answers() or not service.running, "an answer", 180)
        return service

    def listens(self) -> bool:
        """Whether anything is bound to port 8080; asked of the kernel, because asking the server starts a program each time."""
        return ":1F90 00000000:0000 0A" in Path(f"/proc/{self.pid}/net/tcp").read_text()

    def answers(self) -> bool:
        return self.attempt("python3", "-c", ASK, "/health/ready", "", "").returncode == 0

    def ask(self, path: str, form: str = "", cookie: str = "") -> dict:
        return json.loads(self.run("python3", "-c", ASK, path, form, cookie))

    def admin_link(self) -> str:
        with self.terminal("homeport", "admin", "link") as terminal:
            return terminal.reads(r"/admin/link/(\S{20,})\s").group(1)

    def owners(self) -> set[str]:
        return set(self.run("find", "/var/lib/homeport", "-printf", "%u:%g\n").split())


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> tuple[Path, Path]:
    """This version's package, and one of a next version that has one more table."""
    folder = tmp_path_factory.mktemp("packages")
    changes = folder / "next"
    migration = changes / "homeport/foundation/database/migrations/versions/9000_the_next.py"
    migration.parent.mkdir(parents=True)
    migration.write_text(NEXT)
    init = (SERVER / "src/homeport/__init__.py").read_text()
    (changes / "homeport/__init__.py").write_text(re.sub(r'__version__ = ".*"', '__version__ = "9.0.0"', init))
    this = build(folder, fast=True)
    return this, following(this, folder, changes)


@pytest.fixture(scope="module")
def layers():
    with unpacked("bookworm") as root:
        yield Layers((root,))


@pytest.fixture
def bare_machine(layers):
    with Server(layers, "id") as booted:
        yield booted


@pytest.fixture(scope="module")
def in_use(layers, packages):
    """The package installed, its settings made, its database there."""
    script = f"dpkg --force-unsafe-io --install /run/given/*.deb; sed -i '{CONFIGURE}' {SETTINGS}; homeport migrate"
    with changed(layers, script, packages[0]) as made:
        yield made


@pytest.fixture
def machine(in_use):
    """A machine that holds this version's package, configured; nothing was served yet."""
    with Server(in_use, "id") as booted:
        yield booted


def test_the_package_is_installed_configured_served_upgraded_removed_and_purged(bare_machine, packages):
    machine, (this, newer) = bare_machine, packages
    said = machine.install(this)
    assert "not started yet. Set HOMEPORT_PUBLIC_URL in /etc/homeport/homeport.env" in said
    assert machine.run("stat", "-c", "%U:%G %a", "/var/lib/homeport", "/var/backups/homeport", SETTINGS).split("\n")[:3] == [
        "homeport:homeport 700",
        "homeport:homeport 700",
        "root:homeport 640",
    ]
    assert machine.run("dpkg", "--verify", "homeport") == ""
    refused = machine.attempt("homeport", "serve")
    assert (refused.returncode, "Set HOMEPORT_PUBLIC_URL" in refused.stderr) == (2, True)

    machine.configure()
    service = machine.serve()
    person = {"email": "marie@acme.example", "firstname": "Marie", "lastname": "Curie", "password": PASSWORD, "again": PASSWORD}
    entered = machine.ask(f"/admin/link/{machine.admin_link()}", json.dumps(person))
    assert entered["status"] == 303, entered["text"]
    session = entered["cookie"]
    secret, envelope = shown_in(machine.ask("/admin/account/second-factor", cookie=session)["text"])
    factor = {"enrolment": envelope, "code": Authenticator(secret).code()}
    confirmed = machine.ask("/admin/account/second-factor", json.dumps(factor), session)
    assert confirmed["status"] in {200, 303}, confirmed["text"]
    assert "marie@acme.example" in machine.ask("/admin/administrators", cookie=session)["text"]
    assert '<link rel="stylesheet"' in machine.ask("/signin")["text"]
    checked = machine.attempt("homeport", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert machine.owners() == {"homeport:homeport"}
    assert machine.run("dpkg", "--verify", "homeport") == ""
    service.stop()

    said = machine.install(newer)
    assert "homeport migrate && systemctl start homeport" in said
    (saved,) = machine.run("ls", "/var/backups/homeport").split()
    assert saved.startswith("before-9.0.0-")
    refused = machine.attempt("homeport", "serve")
    assert (refused.returncode, "Make a backup, then run: homeport migrate" in refused.stderr) == (2, True)
    assert machine.run("homeport", "migrate") == "The schema is 9000 now.\n"
    machine.serve()
    signed_in = machine.ask("/signin", json.dumps({"email": "marie@acme.example", "password": PASSWORD}))
    assert signed_in["status"] == 303, signed_in["text"]
    assert "marie@acme.example" in machine.ask("/admin/administrators", cookie=session)["text"]
    assert machine.run("homeport", "--version").startswith("homeport 9.0.0, schema 9000")
    assert machine.run("homeport", "audit", "verify").endswith("The audit log holds.\n")
    assert machine.owners() == {"homeport:homeport"}

    machine.run("dpkg", "--remove", "homeport")
    assert "HOMEPORT_PUBLIC_URL=http" in machine.read(SETTINGS)
    kept = machine.attempt("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--purge", "homeport")
    assert "the data is still in /var/lib/homeport" in kept.stderr
    assert machine.run("ls", "/var/lib/homeport").split() != []
    assert machine.attempt("test", "-e", SETTINGS).returncode == 1
    assert machine.run("find", "/usr", "/etc", "-name", "*homeport*", "-not", "-path", "/var/lib/dpkg/*") == ""


def test_purging_asks_before_it_deletes_the_data(machine):
    with machine.terminal("env", "DEBIAN_FRONTEND=readline", "dpkg", "--purge", "homeport") as terminal:
        terminal.reads("Delete Homeport's data too\\?")
        terminal.reads(r"\[yes/no\]")
        terminal.types("yes")
        terminal.ends()
    assert machine.attempt("test", "-e", "/var/lib/homeport").returncode == 1


def test_the_same_package_again_keeps_settings_and_data(machine, packages):
    assert machine.attempt("homeport", "audit", "verify").returncode == 0  # its first start makes the keys
    keys = ("sha256sum", "/var/lib/homeport/sealing.key", "/var/lib/homeport/audit.key")
    before = machine.read(SETTINGS), machine.run(*keys)
    assert "not started" not in machine.install(packages[0])
    assert (machine.read(SETTINGS), machine.run(*keys)) == before
    assert machine.attempt("homeport", "check").returncode == 0


def test_systemd_accepts_the_unit_and_finds_little_exposed(machine):
    verified = machine.attempt("systemd-analyze", "verify", "--man=no", UNIT)
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stderr
    told = machine.run("systemd-analyze", "security", "--offline=true", UNIT)
    score = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", told).group(1))
    print(f"exposure {score}")
    assert score <= 2.0, told
    wanted = machine.run("ls", "/etc/systemd/system/multi-user.target.wants").split()
    assert "homeport.service" in wanted


def test_nobody_else_reads_the_settings_and_no_file_of_the_data_is_roots(machine):
    machine.run("useradd", "-m", "opa")
    told = machine.attempt("homeport", "check", user="opa")
    assert told.returncode != 0
    assert "is not for this user to open" in told.stderr
    assert machine.attempt("cat", SETTINGS, user="opa").returncode == 1
    assert machine.owners() == {"homeport:homeport"}


def test_the_wheel_holds_everything_that_the_source_does(tmp_path):
    words = [".venv/bin/uv", "build", "--wheel", "--no-build-isolation", "--offline", "--quiet", "-o", str(tmp_path), "server"]
    subprocess.run(words, cwd=SERVER.parent, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    listed = subprocess.run(["python3", "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True).stdout
    held = {line.split()[0] for line in listed.splitlines()[1:]}
    source = SERVER / "src"
    files = {str(path.relative_to(source)) for path in (source / "homeport").rglob("*") if path.is_file()}
    assert {name for name in files if "__pycache__" not in name} <= held
