"""A lint or type opt-out names its rule and its reason on the same line, and never speaks for a whole file."""

import re
from collections.abc import Iterator

from tools.lint.checkout import Checkout, Finding

_CODE = r"[A-Z]+[0-9]+"
NOQA = re.compile(r"#\s*noqa\b", re.IGNORECASE)
NOQA_REASONED = re.compile(rf"#\s*noqa:\s*{_CODE}(?:[,\s]+{_CODE})*\W+(?!{_CODE})\w.*\w")
IGNORE = re.compile(r"#\s*type:\s*ignore")
IGNORE_REASONED = re.compile(r"#\s*type:\s*ignore\[[\w\-, ]+\]\W+\w.*\w")
WHOLE_FILE = re.compile(r"#\s*(?:ruff:\s*noqa|flake8:\s*noqa|mypy:\s*(?:ignore|disable|allow|no))")


def check(checkout: Checkout) -> Iterator[Finding]:
    for name in checkout.matching("*.py"):
        for line, comment in checkout.comments(name):
            if WHOLE_FILE.search(comment):
                yield Finding(
                    name, line, "an opt-out speaks for one line, not for a file; a rule for a folder stands in pyproject.toml."
                )
            elif NOQA.search(comment) and not NOQA_REASONED.search(comment):
                yield Finding(name, line, "write `# noqa: RULE - reason`.")
            elif IGNORE.search(comment) and not IGNORE_REASONED.search(comment):
                yield Finding(name, line, "write `# type: ignore[rule]  # reason`.")
