"""Writes the name of each failed test to the file that HOMEPORT_FAILURES names, a line each, for `tools/alone.py`."""

import os
from pathlib import Path

import pytest


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write a failure of any phase down; pytest-xdist hands every worker's reports to the controller, which alone writes."""
    place = os.environ.get("HOMEPORT_FAILURES")
    if place and report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
