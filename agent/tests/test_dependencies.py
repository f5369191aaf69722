"""The agent runs with what Debian has: the standard library and python3-cryptography."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module.split(".")[0]


def test_nothing_is_imported_but_the_standard_library_and_cryptography():
    found = {name for path in SOURCE.rglob("*.py") for name in imported(path)}
    assert found - sys.stdlib_module_names == {"homeport_agent", "cryptography"}


def test_the_privileged_half_imports_no_network():
    code = "import sys, homeport_agent.accounts.service; print([m for m in ('http.client', 'urllib.request', 'ssl') if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_debians_own_python_and_cryptography_are_enough(agent, server):
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import cryptography"], check=False, capture_output=True).returncode:
        pytest.fail("python3-cryptography is not installed. Run: tools/setup test")

    def run(*arguments, given):
        command = [
            "env",
            f"PYTHONPATH={SOURCE}",
            python,
            "-W",
            "error",
            "-m",
            "homeport_agent",
            *arguments,
            "--root",
            str(agent.root),
        ]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=300)

    enrolled = run("enroll", "--server", server.url, "--key-file", "-", given=server.enrollment_key)
    assert enrolled.returncode == 0, enrolled.stderr
    signed_in = run("sign-in", "--json", given=f"{server.number}\ncorrect horse\ncorrect horse\n")
    assert signed_in.returncode == 0, signed_in.stdout + signed_in.stderr


def test_no_file_is_longer_than_400_lines():
    assert all(len(path.read_text().splitlines()) < 400 for path in SOURCE.parent.rglob("*.py") if "tests" not in path.parts)
