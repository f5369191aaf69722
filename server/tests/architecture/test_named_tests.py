"""A test that a page of the documentation names exists under that name."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r"`(test_[a-z0-9_]+)`")
MADE = re.compile(r"^\s*(?:async )?def (test_[a-z0-9_]+)\(", re.MULTILINE)


def test_every_test_that_the_page_about_macs_names_exists():
    named = set(NAMED.findall((ROOT / "docs/explanation/apple.md").read_text()))
    folders = [ROOT / one for one in ("server/tests/channels/apple", "server/tests/trust", "tests/journeys", "tests/hostile")]
    made = {name for folder in folders for file in folder.rglob("test_*.py") for name in MADE.findall(file.read_text())}
    assert len(named) > 30
    assert sorted(named - made) == []
