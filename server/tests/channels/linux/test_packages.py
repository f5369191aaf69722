"""The agent's packages are handed out under the names and checksums that the portal's command holds."""

import hashlib
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from homeport.channels.linux.packages import AgentPackages
from homeport.directory.devices.model import AgentPackage
from homeport.foundation.http import problems

NAME = "homeport-agent_0.1.0_amd64.deb"


@pytest.fixture
def packages(tmp_path):
    (tmp_path / NAME).write_bytes(b"a package")
    (tmp_path / "notes.txt").write_text("none of it")
    (tmp_path / "other_1_amd64.deb").write_bytes(b"another program")
    return AgentPackages(tmp_path)


@pytest.fixture
def client(packages):
    app = FastAPI(routes=packages.router().routes)
    problems.install(app, None)
    return TestClient(app)


def test_only_the_agents_own_packages_are_listed(packages):
    assert packages.listed == [AgentPackage(NAME, hashlib.sha256(b"a package").hexdigest())]


def test_a_server_built_without_packages_lists_none(tmp_path):
    assert AgentPackages(tmp_path / "absent").listed == []


def test_a_package_is_handed_out_whole(client):
    answer = client.get(f"/agent/packages/{NAME}")
    assert (answer.status_code, answer.content) == (200, b"a package")


def test_what_is_handed_out_is_what_was_promised_even_when_the_folder_changes(packages, client):
    promised = packages.listed[0].sha256
    (packages.folder / NAME).write_bytes(b"exchanged")
    assert hashlib.sha256(client.get(f"/agent/packages/{NAME}").content).hexdigest() == promised


@pytest.mark.parametrize("name", ["notes.txt", "..%2F..%2Fetc%2Fpasswd", "homeport-agent_9_amd64.deb", "%00"])
def test_nothing_else_is_handed_out(client, name):
    assert client.get(f"/agent/packages/{name}").status_code == 404


def test_the_command_fetches_checks_installs_and_enrols_in_this_order(packages):
    command = packages.listed[0].command("https://id.example.com")
    steps = [step.split()[0] if "sudo" not in step else step.split()[1] for step in command.split(" && ")]
    assert steps == ["cd", "wget", "echo", "apt-get", "homeport-agent", "systemctl"]
    assert re.search(rf"echo '[0-9a-f]{{64}}  {re.escape(NAME)}' \| sha256sum -c", command)
