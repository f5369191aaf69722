"""The command line against a real server: in this process, on a real socket, with a real key."""

import json
import os
import socket
import threading
import time
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

import pytest
import structlog
import uvicorn
from click.testing import CliRunner
from tests.support import house
from tests.support.factor import set_up
from tests.support.house import ADMIN, House

from homeport.bootstrap.web import wrapped
from homeport.cli import main
from homeport.directory.admins.model import BILLING, READ_ONLY, REQUIRED_FOR
from homeport.foundation.database.columns import metadata
from homeport.foundation.kernel.clock import SystemClock
from homeport.foundation.kernel.entropy import SystemEntropy

KEPT = {"administrators", "api_keys", "order_keys", "order_epoch", "signing_keys"}
"""Tables that one example leaves to the next."""


@dataclass
class Served:
    """A server that answers at `url`. `key` may do everything, `reading_key` may only read."""

    house: House
    url: str
    key: str
    reading_key: str
    log: StringIO
    """What the server logged."""

    def clean(self) -> None:
        with self.house.home.parts.database.write() as unit:
            for table in reversed(metadata.sorted_tables):
                if table.name not in KEPT:
                    unit.connection.execute(table.delete())


@dataclass
class Shell:
    """Runs `homeport` in this process, as a program would: no terminal, its own configuration folder."""

    environment: dict[str, str]

    def __call__(self, *words: Any, stdin: str | None = None, status: int = 0, **changed: str) -> str:
        """Standard output of a command that must end with this status; what it says on standard error is in `said`."""
        kept = {name: None for name in os.environ if name.startswith("HOMEPORT_")}
        done = CliRunner().invoke(main, [str(word) for word in words], input=stdin, env={**kept, **self.environment, **changed})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.said = done.stderr
        assert done.exit_code == status, f"status {done.exit_code}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: Any, **options: Any) -> Any:
        return json.loads(self(*words, "--json", **options))


def serve(opened: House, listener: socket.socket, **options: Any) -> uvicorn.Server:
    server = uvicorn.Server(uvicorn.Config(wrapped(opened.home), log_config=None, access_log=False, **options))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return server


def key_of(opened: House, email: str, role: str) -> str:
    def make(act: Any) -> str:
        token = act.administrator_links.invite(ADMIN, email, role)
        made = act.administrator_links.accept(
            token, email=email, firstname="", lastname="", password="five unrelated words today"
        )
        if role in REQUIRED_FOR:
            set_up(act, made, opened.clock)
        act.administrators.change(ADMIN, made.id, role=role, api_keys_allowed=True)
        return act.api_keys.create(ADMIN, name="command line", owner_id=made.id)[1]

    return opened.do(make)


def listening() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    return listener


def opened_at(folder: Any, migrated: Any, url: str, **settings: Any) -> House:
    on_disk = house.on_sqlite(folder, migrated, SystemClock(), SystemEntropy())
    found = House(replace(on_disk.settings, public_url=url, **settings), SystemClock(), SystemEntropy())
    on_disk.close()
    return found


@pytest.fixture(scope="module")
def running(tmp_path_factory, _migrated):
    listener = listening()
    url = f"http://localhost:{listener.getsockname()[1]}"
    opened = opened_at(tmp_path_factory.mktemp("served"), _migrated, url)
    server = serve(opened, listener)
    log = StringIO()  # not standard output, which is the command's
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))
    yield Served(opened, url, key_of(opened, "all@acme.example", BILLING), key_of(opened, "read@acme.example", READ_ONLY), log)
    structlog.reset_defaults()
    server.should_exit = True
    opened.close()


@pytest.fixture
def served(running):
    """A server without people or devices."""
    running.clean()
    return running


@pytest.fixture
def homeport(served, tmp_path):
    """Runs `homeport` with a key that may do everything."""
    return Shell({"HOMEPORT_URL": served.url, "HOMEPORT_API_KEY": served.key, "XDG_CONFIG_HOME": str(tmp_path / "config")})
