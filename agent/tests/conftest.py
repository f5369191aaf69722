import json
import sys
from pathlib import Path

import pytest
from tests.support.processes import Program, attempt

sys.path.insert(0, str(Path(__file__).parent))  # the tests share a stand-in server

from standin import StandIn

from homeport_agent.client import ServerClock
from homeport_agent.enrollment import Enroller
from homeport_agent.root import Root
from homeport_agent.transport import Transport

PASSCODE = "correct horse 7"


@pytest.fixture
def root(tmp_path):
    """A scratch root with the four account files, as on a fresh system."""
    return make_root(tmp_path / "root")


def make_root(folder):
    etc = folder / "etc"
    (etc / "skel").mkdir(parents=True)
    (folder / "home").mkdir()
    (etc / "skel/.profile").write_text("# hello\n")
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\nlocal:x:1000:1000:Local:/home/local:/bin/bash\n")
    (etc / "group").write_text("root:x:0:\nusers:x:100:\nlocal:x:1000:\nvideo:x:44:\n")
    for name, text in {
        "shadow": "root:*:19000:0:99999:7:::\nlocal:*:19000:0:99999:7:::\n",
        "gshadow": "root:*::\nusers:!::\nlocal:!::\nvideo:!::\n",
    }.items():
        (etc / name).write_text(text)
        (etc / name).chmod(0o640)
    return folder


@pytest.fixture
def server():
    standin = StandIn()
    yield standin
    standin.close()


class Agent:
    """The command, run as a person or a program runs it."""

    def __init__(self, root, server):
        self.root, self.server = root, server

    def run(self, *arguments, given=""):
        return attempt(sys.executable, "-m", "homeport_agent", *arguments, input=given, seconds=300)

    def start(self, *arguments):
        return Program(sys.executable, "-m", "homeport_agent", *arguments, "--root", str(self.root))

    def enroll(self):
        return self.run(
            "enroll",
            "--server",
            self.server.url,
            "--key-file",
            "-",
            "--root",
            str(self.root),
            given=self.server.enrollment_key + "\n",
        )

    def is_enrolled(self):
        """Enrol in this process, for tests that are about what comes afterwards."""
        Enroller(Root.at(str(self.root)), Transport(), ServerClock()).enroll(self.server.url, self.server.enrollment_key)

    def sign_in(self, *answers):
        ended = self.run("sign-in", "--json", "--root", str(self.root), given="".join(f"{answer}\n" for answer in answers))
        return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended

    @property
    def device_id(self):
        return json.loads((self.root / "var/lib/homeport-agent/device.json").read_text())["device_id"]

    def line(self, name, username):
        for line in (self.root / "etc" / name).read_text().splitlines():
            if line.startswith(f"{username}:"):
                return line.split(":")
        return None


@pytest.fixture
def agent(root, server):
    return Agent(root, server)
