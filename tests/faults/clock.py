"""`python -m tests.faults.clock SECONDS …`: the real agent, as a process whose clock is so many seconds off.

What a program can ask the time of (`time.time`) is shifted before the agent begins; the system's tools, the file system and the
server keep theirs.
"""

import sys

from tests.faults import shifted


def main() -> None:
    offset, *words = sys.argv[1:]
    shifted.by(float(offset))
    sys.exit(shifted.agent(words))


if __name__ == "__main__":
    main()
