"""Holds one PostgreSQL server for a test run: FOLDER, folder of PostgreSQL's programs, process id of the run.

Ends the server when FOLDER/stop appears or the run's process is gone; then removes FOLDER in the second case too.
"""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.processes import free_port

_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "log_min_messages": "warning",
    "autovacuum": "off",
    "timezone": "UTC",
}


def _as_whom() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            who = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    sys.exit("PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`.")


def main(folder: Path, programs: Path, run: int) -> None:
    whom = _as_whom()
    data = folder / "data"
    data.mkdir(mode=0o700)
    if whom:
        os.chown(data, whom["user"], whom["group"])
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(data)}
    words = ["--username=homeport", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    subprocess.run([programs / "initdb", *words, "-D", data], env=environment, cwd="/", check=True, **whom)
    port = free_port()
    settings = [word for name, value in {**_SETTINGS, "port": str(port)}.items() for word in ("-c", f"{name}={value}")]
    server = subprocess.Popen([programs / "postgres", "-D", data, *settings], env=environment, cwd="/", **whom)
    try:
        _wait_until_ready(programs, port, server)
        fresh = folder / "ready.json.new"
        fresh.write_text(json.dumps({"port": port, "keeper": os.getpid()}))
        fresh.rename(folder / "ready.json")
        while server.poll() is None and Path(f"/proc/{run}").exists() and not (folder / "stop").exists():
            time.sleep(0.1)
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGQUIT)  # immediate shutdown: the data is thrown away
            server.wait(60)
        if not Path(f"/proc/{run}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(programs: Path, port: int, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    question = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(question, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("PostgreSQL is not ready.")
        time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
