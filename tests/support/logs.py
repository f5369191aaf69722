"""Keeps every log of a run, and the secrets that tests type themselves, for `tools/leaks.py`, which looks for the ones in the others.

Without HOMEPORT_TEST_LOGS, as when one test is run by hand, nothing is kept. What programs make at random is noted by `witness`.
"""

import itertools
import json
import logging
import os
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = "HOMEPORT_TEST_LOGS"
WITNESS = Path(__file__).with_name("witness")
_numbers = itertools.count(1)
_known: set[tuple[Path, str]] = set()


def folder() -> Path | None:
    """Where the logs of this run go."""
    place = os.environ.get(FOLDER)
    return Path(place) if place else None


class Log:
    """The log of one program, named after the test that started it."""

    def __init__(self, program: str) -> None:
        self.file, place = None, folder()
        if place:
            test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0].rpartition("/")[2]
            name = re.sub(r"[^\w.-]+", "_", f"{test}-{program}")[:150]
            self.file = place / f"{name}-{os.getpid()}-{next(_numbers)}.log"

    def write(self, piece: str | bytes) -> None:
        """Add what the program wrote."""
        if self.file and piece:
            with self.file.open("ab", buffering=0) as stream:
                stream.write(piece if isinstance(piece, bytes) else piece.encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Nothing waits; `logging` asks for this."""


def known(kind: str, secret: str) -> str:
    """Say that this is a secret, so that it must be in no log; give it back."""
    place = folder()
    if place is not None and (place, secret) not in _known:
        _known.add((place, secret))
        with (place / f"{os.getpid()}.known").open("a", encoding="utf-8") as file:
            file.write(f"{kind}\t{json.dumps(secret)}\n")
    return secret


class InProcess:
    """What the code under test logs in this process, through structlog and through `logging`, with what `serve` does to it."""

    def __init__(self) -> None:
        self.log = Log("in-process")
        handler = logging.StreamHandler(self.log)
        handler.setLevel(logging.WARNING)
        logging.getLogger().addHandler(handler)

    def heed(self, structlog: Any) -> None:
        """Listen to structlog too, unless a test listens already."""
        from homeport.logs import hide_secrets  # noqa: PLC0415 - the agent's tests run without the server

        *processors, renderer = structlog.get_config()["processors"]
        chain = [*processors, structlog.processors.format_exc_info, hide_secrets, self.line, renderer]
        structlog.configure(processors=chain)

    def line(self, _logger: Any, _method: str, event: Any) -> Any:
        """Write one event as `serve` does."""
        self.log.write(json.dumps(dict(event), default=repr) + "\n")
        return event


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen in each process that runs tests."""
    if folder():
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(WITNESS), os.environ.get("PYTHONPATH"))))
        runpy.run_path(str(WITNESS / "sitecustomize.py"))
        config.stash[_heard] = InProcess()


_heard: "pytest.StashKey[InProcess]" = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Listen again after a test that put structlog back to how it begins."""
    heard, structlog = item.config.stash.get(_heard, None), sys.modules.get("structlog")
    if heard and structlog and not structlog.is_configured():
        heard.heed(structlog)
