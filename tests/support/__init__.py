"""Real parts for tests: programs, PostgreSQL, Chromium, a scratch root filesystem, and the fence round the network.

Every test of the repository has them, because pyproject.toml loads `tests.support.plugin` (`-p`) with the checkout on
`pythonpath`. A test asks for the fixtures `start_program`, `postgresql`, `empty_database`, `page`, `new_context`,
`scratch_root`, or imports the parts: `from tests.support.processes import Program`.
"""
