"""One organization's Homeport on SQLite, and its Okta: both real programs, on two different sites."""

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from tests.support.processes import Program, Programs, free_port

ORGANIZATION = "Acme"
EMAIL, PASSWORD = "marie.curie@acme.example", "five unrelated words today"
"""The first administrator."""


@dataclass(frozen=True)
class Okta:
    """The simulated Okta. `client_id` and `client_secret` are those of its app; all its people share `password`."""

    program: Program
    issuer: str
    control_url: str
    client_id: str
    client_secret: str
    password: str

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the control API; it must agree."""
        answer = httpx2.request(method, f"{self.control_url}{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def register_redirect_uri(self, address: str) -> None:
        """Do what the guide's step 7 says."""
        self.control("PATCH", f"/apps/{self.client_id}", {"redirect_uris": [address]})

    def sign_everyone_out(self) -> None:
        self.control("DELETE", "/sessions")


@dataclass(frozen=True)
class Installation:
    """A running server with its data folder, and the Okta it may reach."""

    folder: Path
    server: str
    okta: Okta
    program: Program

    def admin_link(self) -> str:
        """Run `homeport admin link` at a terminal, the only place where it prints the link."""
        reader, writer = pty.openpty()
        words = [sys.executable, "-m", "homeport", "admin", "link", "--data", str(self.folder), "--public-url", self.server]
        with subprocess.Popen(words, stdin=writer, stdout=writer, stderr=writer) as process:
            os.close(writer)
            said = b""
            while piece := _read(reader):
                said += piece
            process.wait(120)
        os.close(reader)
        found = re.search(r"https?://\S+/admin/link/\S+", said.decode())
        assert found, said.decode()
        return found.group()


def install(folder: Path, programs: Programs, allow: str = "", **more: str) -> Installation:
    """Start the Okta at http://127.0.0.1 and the server at http://localhost, which no cookie crosses.

    `allow` is one more origin that the server may reach, `more` are further settings by their variable.
    """
    words = ("-m", "homeport_simulators", "okta", "--host", "127.0.0.1", "--port", "0", "--demo")
    simulator = programs.start(sys.executable, *words)
    ready = json.loads(simulator.next_line())
    okta = Okta(simulator, ready["issuer"], ready["control"], ready["client_id"], ready["client_secret"], ready["password"])
    port = free_port()
    server = f"http://localhost:{port}"
    environment = {
        "HOMEPORT_DATA": str(folder),
        "HOMEPORT_PUBLIC_URL": server,
        "HOMEPORT_PORT": str(port),
        "HOMEPORT_ORGANIZATION": ORGANIZATION,
        "HOMEPORT_OUTBOUND_ALLOW": f"{okta.issuer},{allow}" if allow else okta.issuer,
        **more,
    }
    program = programs.start(sys.executable, "-m", "homeport", "serve", env=environment, port=port)
    return Installation(folder, server, okta, program)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how Linux says that nobody holds the other end any more
        return b""
