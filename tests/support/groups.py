"""Which worker runs which tests, and in which turn.

The tests of a file stay on one worker, so that what they share (`shared_house`, `each_house`: a second of work each) is made once and
not once by every worker; an `xdist_group` does the same for several files, and lets single tests of a file go elsewhere. What takes
longest begins first, in whatever order the tests were shuffled: otherwise one worker is alone with it at the end.

pytest-xdist 3.8 tells the scheduler a test's group by the end of its id, and sets it where pytest 9.2 no longer reads it
(pytest-xdist issue 1386); without `pytest_collection_modifyitems` the groups are silently ignored.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

FIRST = ("tests/journeys/test_every_page.py", "faults-random", "rest contract", "devices-1", "devices-journal")
"""Groups and files that take minutes, the longest first."""


class Turns(LoadScopeScheduling):
    """Gives whole groups and files to the workers: those of FIRST, then those with the most tests."""

    def _split_scope(self, nodeid: str) -> str:
        group = nodeid[nodeid.rfind("]") + 1 :].rpartition("@")[2] if "@" in nodeid[nodeid.rfind("]") + 1 :] else ""
        return group or nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = next((name for name in FIRST if name in self.workqueue), None)
        if longest:
            self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return Turns(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        names = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        ending = f"@{'_'.join(names)}"
        if names and not item.nodeid.endswith(ending):
            item._id = type(item.id).parse(f"{item.nodeid}{ending}")
