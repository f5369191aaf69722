"""Keeps tests of one `xdist_group` on one worker.

pytest-xdist 3.8 tells the scheduler a test's group by the end of its id, and sets it where pytest 9.2 no longer reads it
(pytest-xdist issue 1386); without this the groups are silently ignored.
"""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        names = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        ending = f"@{'_'.join(names)}"
        if names and not item.nodeid.endswith(ending):
            item._id = type(item.id).parse(f"{item.nodeid}{ending}")
