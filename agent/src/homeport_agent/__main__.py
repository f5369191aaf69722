"""Lets ``python -m homeport_agent`` do what the command ``homeport-agent`` does."""

import sys

from homeport_agent.cli import main

sys.exit(main())
