"""`python -m tests.faults.clock SECONDS …`: the real agent, as a process whose clock is so many seconds off.

What a program can ask the time of (`time.time`, and `datetime.now` through it) is shifted before the agent is imported; the system's
tools, the file system and the server keep theirs.
"""

import sys
import time


def main() -> None:
    offset, *words = sys.argv[1:]
    real = time.time
    time.time = lambda: real() + float(offset)
    from homeport_agent.cli import main as agent  # noqa: PLC0415 - after the clock was set

    sys.exit(agent(words))


if __name__ == "__main__":
    main()
