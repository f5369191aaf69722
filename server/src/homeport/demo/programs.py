"""The demo's programs: the simulated Okta and the server. They are started before anything heavy is imported, and side by side."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MARK = "made-by-homeport-demo"
"""A file in the demo's folder; without it the folder is not emptied."""
START_SECONDS = 60
SERIAL = "C02DEMO00001"
"""The demo's Mac."""


class DemoFailed(Exception):  # noqa: N818 - says what is the case
    """The demo cannot go on; the text says why and what to do."""


@dataclass(slots=True)
class Programs:
    """What runs during the demo. `folder` is emptied at each start."""

    folder: Path
    port: int
    provider_port: int
    mail_port: int = 8082
    apple_port: int = 8083
    running: list[subprocess.Popen[Any]] = field(default_factory=list)
    mailbox: subprocess.Popen[Any] | None = None
    apple: dict[str, Any] = field(default_factory=dict)
    serving: subprocess.Popen[Any] | None = None

    @property
    def server(self) -> str:
        """The portal's address: another site than the provider's, so that cookie mistakes show."""
        return f"http://localhost:{self.port}"

    @property
    def issuer(self) -> str:
        """The simulated Okta's address."""
        return f"http://127.0.0.1:{self.provider_port}"

    @property
    def data(self) -> Path:
        """The server's data folder."""
        return self.folder / "data"

    def start(self) -> None:
        """Empty the folder and start the programs; none is waited for."""
        self._empty()
        words = ["-m", "homeport_simulators", "okta", "--host", "127.0.0.1", "--port", str(self.provider_port), "--demo"]
        self._spawn(words, stdout=subprocess.PIPE, text=True)
        mail = ["-m", "homeport_simulators", "mail", "--port", str(self.mail_port)]
        self.mailbox = self._spawn(mail, stdout=subprocess.PIPE, text=True)
        self.apple = self._apple_ready()
        environment = {
            **os.environ,
            "HOMEPORT_DATA": str(self.data),
            "HOMEPORT_PUBLIC_URL": self.server,
            "HOMEPORT_PORT": str(self.port),
            "HOMEPORT_ORGANIZATION": "Acme",
            "HOMEPORT_OUTBOUND_ALLOW": f"{self.issuer},{self.apple['url']}",
            "HOMEPORT_APPLE_SERVICE": self.apple["url"],
            "HOMEPORT_APPLE_PUSH_SERVICE": "off",
            "HOMEPORT_APPLE_DEVICE_AUTHORITIES": self.apple["device_authority"],
        }
        log = (self.folder / "server.log").open("w")
        self.serving = self._spawn(["-m", "homeport", "serve"], env=environment, stdout=log, stderr=log)

    def provider_ready(self) -> dict[str, Any]:
        """Wait for the simulated Okta; return what it says about itself."""
        process = self.running[0]
        assert process.stdout is not None
        ready: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
        if not ready:
            raise DemoFailed(
                f"The Okta simulator did not start. Is port {self.provider_port} taken? Choose another by --provider-port."
            )
        return ready

    def _apple_ready(self) -> dict[str, Any]:
        """Start Apple's simulated service, which makes the authority of its Macs, and return what it says about itself."""
        words = ["-m", "homeport_simulators", "apple", "--port", str(self.apple_port), "--folder", str(self.folder / "apple")]
        process = self._spawn([*words, "--serial", SERIAL], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        ready: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
        if not ready:
            raise DemoFailed(
                f"Apple's simulated service did not start. Is port {self.apple_port} taken? Choose another by --apple-port."
            )
        return ready

    def mailbox_ready(self) -> dict[str, Any]:
        """Wait for the mailbox; return where it takes mail and shows it."""
        process = self.mailbox
        assert process is not None
        assert process.stdout is not None
        ready: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
        if not ready:
            raise DemoFailed(f"The mailbox did not start. Is port {self.mail_port} taken? Choose another by --mail-port.")
        return ready

    def server_ready(self) -> None:
        """Wait until the server answers."""
        process, deadline = self.serving, time.monotonic() + START_SECONDS
        while process is not None and time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.server}/health", timeout=2):  # noqa: S310 - our own address
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        said = (self.folder / "server.log").read_text()[-2000:]
        raise DemoFailed(f"The server did not start. Is port {self.port} taken? Choose another by --port. It said:\n{said}")

    def adopt(self, process: subprocess.Popen[Any]) -> None:
        """End this program too when the demo ends."""
        self.running.append(process)

    def wait(self) -> None:
        """Return when one of the programs stopped by itself."""
        while all(process.poll() is None for process in self.running):
            time.sleep(0.3)

    def stop(self) -> None:
        """End every program that this demo started."""
        for process in reversed(self.running):
            process.terminate()
        for process in self.running:
            process.wait(10)

    def _empty(self) -> None:
        if self.folder.exists():
            if not (self.folder / MARK).exists() and any(self.folder.iterdir()):
                raise DemoFailed(f"{self.folder} holds something else than a demo. Give another --folder.")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, mode=0o711)
        (self.folder / MARK).touch()

    def _spawn(self, words: list[str], **options: Any) -> subprocess.Popen[Any]:
        # Sessions of their own, so that Ctrl-C reaches only the demo, which then ends them in order.
        process = subprocess.Popen([sys.executable, *words], start_new_session=True, **options)  # noqa: S603 - our own programs
        self.running.append(process)
        return process
