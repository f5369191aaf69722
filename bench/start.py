"""From the command to the first answer of `homeport serve`, beside the floor: an interpreter that only imports what it imports.

Processor time is what a machine with nothing else to do takes; it is measured because a busy one makes the elapsed time say little.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.support.processes import Program, free_port

from bench.frame import Figure, median_ratio
from bench.process import cpu_seconds

REPEAT = 3
FLOOR = (
    "import asyncio, uvloop, httptools, uvicorn, fastapi, pydantic, sqlalchemy, jinja2, structlog, click, cryptography, argon2, "
    "joserfc.jwt, httpx2, sqlite3, homeport.bootstrap.web, homeport.serve, sqlalchemy.dialects.sqlite"
)


Both = tuple[float, float]
"""Elapsed seconds, and seconds of processor time."""


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="homeport-bench-") as folder:
        data = Path(folder) / "data"
        first = _ready(data)  # makes the database and the keys
        ready, floor = [], []
        for _ in range(REPEAT):  # turn by turn, so that what else the machine does falls on both
            floor.append(_floor())
            ready.append(_ready(data))
    yield Figure("start to ready, processor time", statistics.median(used for _, used in ready), "s", 4, absolute=True)
    yield Figure("floor: the imports alone, processor time", statistics.median(used for _, used in floor), "s", absolute=True)
    yield Figure(
        "start to ready beside the floor", median_ratio([one for _, one in ready], [one for _, one in floor]), "times", 2
    )
    yield Figure("start to ready, elapsed", statistics.median(took for took, _ in ready), "s", absolute=True)
    yield Figure("the very first start, which makes the database, processor time", first[1], "s", absolute=True)


def _floor() -> Both:
    begun = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", FLOOR]) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("The floor's imports failed.")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime


def _ready(data: Path) -> Both:
    port = free_port()
    environment = {"HOMEPORT_DATA": str(data), "HOMEPORT_PUBLIC_URL": f"http://localhost:{port}", "HOMEPORT_PORT": str(port)}
    begun = time.monotonic()
    with Program(sys.executable, "-m", "homeport", "serve", env=environment, seconds=60) as program:
        while program.running:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                request = urllib.request.Request(f"http://127.0.0.1:{port}/health", headers={"Host": f"localhost:{port}"})
                with urllib.request.urlopen(request, timeout=30) as answer:
                    answer.read()
                    return time.monotonic() - begun, cpu_seconds(program.pid)
            time.sleep(0.02)
        raise RuntimeError(program.output)
