"""Migrations stand in one line, each after another one, so that two branches cannot both be the newest."""

import re
from collections.abc import Iterator

from tools.lint.checkout import Checkout, Finding

VERSIONS = "server/src/homeport/foundation/database/migrations/versions/*.py"
_NAMES = re.compile(r'^(revision|down_revision) = (None|".*")', re.MULTILINE)


def check(checkout: Checkout) -> Iterator[Finding]:
    taken: dict[tuple[str, str], str] = {}
    for name in sorted(checkout.matching(VERSIONS)):
        text = checkout.text(name)
        for match in _NAMES.finditer(text):
            first = taken.setdefault((match[1], match[2]), name)
            if first != name:
                line = text[: match.start()].count("\n") + 1
                yield Finding(name, line, f"{match[1]} is {match[2]}, as in {first}: number yours after the newest.")
