"""The pytest plugin that gives every test of the repository the real parts; pyproject.toml loads it."""

pytest_plugins = [
    "pytester",
    "tests.support.failures",
    "tests.support.garbage",
    "tests.support.logs",
    "tests.support.loopback",
    "tests.support.once",
    "tests.support.one_loop",
    "tests.support.groups",
    "tests.support.properties",
    "tests.support.warm",
    "tests.support.processes",
    "tests.support.postgresql",
    "tests.support.chromium",
    "tests.support.scratch_root",
]
