"""`python -m homeport_simulators`."""

from homeport_simulators.cli import main

main()
