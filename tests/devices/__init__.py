"""The login on a real Debian: its own login, sshd, sudo and shadow tools, the agent's package, a real server and its provider.

One file a scenario. `conftest.py` shares the server and the installed Debian among the tests of a worker; each test boots a machine
of its own from them.
"""
