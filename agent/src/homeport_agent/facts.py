"""What the device says about itself."""

import hashlib
import platform
import secrets
import socket
from pathlib import Path
from typing import Any

from homeport_agent import __version__
from homeport_agent.durable import write_atomically
from homeport_agent.root import Root

_SERIAL = Path("/sys/class/dmi/id/product_serial")


def _first_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[0].strip() if lines else ""


def _os_release(root: Root) -> dict[str, str]:
    for path in (root.etc / "os-release", Path("/etc/os-release")):
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        return {name: value.strip("\"'") for name, _, value in (line.partition("=") for line in lines)}
    return {}


def _machine_id(root: Root) -> str:
    found = _first_line(root.etc / "machine-id")
    if not found or found == "uninitialized":
        # A root folder without one is a machine of its own, not the one it lies on.
        kept = root.agent_state / "machine-id"
        found = _first_line(kept)
        if not found:
            found = secrets.token_hex(16)
            write_atomically(kept, found.encode() + b"\n")
    return hashlib.sha256(found.encode()).hexdigest()


def hostname(root: Root) -> str:
    """Read the device's own name."""
    return _first_line(root.etc / "hostname") or socket.gethostname()


def enrollment_facts(root: Root) -> dict[str, Any]:
    """Gather the ``device`` member of an enrolment (device.md section 1)."""
    release = _os_release(root)
    machine_id = _machine_id(root)
    return {
        "hostname": hostname(root),
        "serial_number": (_first_line(_SERIAL) if root.is_system else "") or f"HP-{machine_id[:12].upper()}",
        "machine_id": machine_id,
        "os": "linux",
        "os_name": release.get("NAME", "Linux"),
        "os_version": release.get("VERSION_ID", ""),
        "arch": platform.machine(),
        "agent_version": __version__,
    }


def report_facts(root: Root) -> dict[str, Any]:
    """Gather the ``device`` member of a report (device.md section 5)."""
    return {
        "hostname": hostname(root),
        "machine_id": _machine_id(root),  # another one tells the server that the key was copied
        "os_version": _os_release(root).get("VERSION_ID", ""),
        "agent_version": __version__,
    }
