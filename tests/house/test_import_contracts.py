"""The import contracts break when an import points upward or sideways; each is tried on a small house of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
ROOMS = [
    "bootstrap",
    "channels/linux/api",
    "channels/portal/pages",
    "trust/issuer/model",
    "trust/signin/actions",
    "trust/signin/model",
    "trust/federation/model",
    "directory/devices/actions",
    "directory/people/actions",
    "directory/people/store",
    "directory/people/api",
    "directory/people/pages",
    "foundation/http/problems",
    "foundation/outbound/client",
    "foundation/kernel/clock",
]


@pytest.fixture
def broken_contracts(tmp_path: Path):
    """`broken_contracts(room, line)` writes the import into the room and gives the names of the contracts it breaks."""
    for distribution in ("homeport", "homeport_agent", "homeport_simulators"):
        (tmp_path / distribution).mkdir()
        (tmp_path / distribution / "__init__.py").touch()
    for room in ROOMS:
        file = tmp_path / "homeport" / f"{room}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        for folder in file.relative_to(tmp_path).parents:
            if folder.name:
                (tmp_path / folder / "__init__.py").touch()

    def check(room: str, line: str) -> list[str]:
        (tmp_path / f"{room}.py").write_text(f"{line}\n")
        command = [
            Path(sys.executable).parent / "lint-imports",
            "--config",
            CHECKOUT / ".importlinter",
            "--no-cache",
            "--no-logo",
        ]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NO_COLOR": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        verdicts = [text for text in done.stdout.splitlines() if text.endswith((" KEPT", " BROKEN"))]
        assert verdicts, done.stdout + done.stderr
        assert (done.returncode != 0) == any(text.endswith(" BROKEN") for text in verdicts)
        return [text.removesuffix(" BROKEN") for text in verdicts if text.endswith(" BROKEN")]

    return check


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("homeport/directory/people/actions", "import homeport.trust.signin.actions", "Each wing uses only"),
        ("homeport/foundation/http/problems", "import homeport.directory.people.actions", "Each wing uses only"),
        ("homeport/trust/signin/actions", "import homeport.bootstrap", "Each wing uses only"),
        ("homeport/loose", "", "Each wing uses only"),
        ("homeport/channels/linux/api", "import homeport.channels.portal.pages", "The channels do not know"),
        ("homeport/trust/federation/model", "import homeport.trust.signin.model", "Who gets in"),
        ("homeport/directory/people/actions", "import homeport.directory.devices.actions", "What we know"),
        ("homeport/foundation/outbound/client", "import homeport.foundation.http.problems", "What we stand on"),
        ("homeport/foundation/kernel/clock", "import homeport.foundation.http.problems", "What we stand on"),
        ("homeport/directory/people/actions", "import homeport.directory.people.store", "Inside a slice"),
        ("homeport/directory/people/pages", "import homeport.directory.people.api", "Inside a slice"),
        ("homeport_agent/client", "import homeport.foundation.kernel.clock", "Server, agent and simulators"),
        ("homeport/bootstrap", "import homeport_simulators", "Server, agent and simulators"),
    ],
)
def test_an_import_that_points_the_wrong_way_is_found(broken_contracts, room, line, contract):
    [broken] = broken_contracts(room, line)
    assert broken.startswith(contract)


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("homeport/bootstrap", "import homeport.channels.linux.api"),
        ("homeport/trust/issuer/model", "import homeport.trust.federation.model"),
        ("homeport/directory/people/store", "import homeport.foundation.kernel.clock"),
    ],
)
def test_an_import_that_points_downward_is_right(broken_contracts, room, line):
    assert broken_contracts(room, line) == []
