"""Look again at tests that failed among the others: `python -m tools.alone FILE`, a line per failed test (docs/decisions/0017).

The tests of a real login, a real browser and of killed processes drive programs that are not ours, three of them at a time on two
cores. One that failed there is run alone, three times: if it fails again it has failed; if it never does, the run counts, and what
happened is said at its end, as something to be mended. All other tests have no second look.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

FOREIGN = ("tests/devices/", "tests/faults/", "tests/journeys/")
"""Where tests drive sshd, login, cron, Chromium, or kill processes at random points."""
MOST = 3
"""More failures than these have one cause, and it is ours."""
TIMES = 3
GROUP = re.compile(r"@[^\]@]*$")
"""What pytest-xdist adds to the name of a test that shares its fixtures with others."""


def judge(failed: Sequence[str], passes: Callable[[str], bool], say: Callable[[str], None] = print) -> bool:
    """Return whether every failed test may count as passed; `passes` runs one of them alone."""
    names = list(dict.fromkeys(GROUP.sub("", one) for one in failed))
    strict = [one for one in names if not one.startswith(FOREIGN)]
    if not names or strict or len(names) > MOST:
        return False
    for name in names:
        say(f"== {name} failed among the others; alone, {TIMES} times:")
        for time in range(1, TIMES + 1):
            if not passes(name):
                say(f"== {name} failed alone too, the {time}. time")
                return False
    say(f"== NOT STEADY, to be mended: failed among the others, passed alone {TIMES} times: {', '.join(names)}")
    return True


def _alone(name: str) -> bool:
    words = [sys.executable, "-m", "pytest", name, "-n0", "-p", "no:randomly", "-q", "--inline-snapshot=disable"]
    return subprocess.run(words, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(not judge(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines(), _alone))
