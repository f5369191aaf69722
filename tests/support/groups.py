"""Which worker runs which tests, and in which turn.

The tests of a file stay on one worker, so that what they share (`shared_house`, `each_house`: a second of work each) is made once and
not once by every worker; an `xdist_group` does the same for several files, and lets single tests of a file go elsewhere. What takes
longest begins first, in whatever order the tests were shuffled: otherwise one worker is alone with it at the end. What mostly waits for
other programs runs beside what computes, or the cores would have nothing to do while all workers wait.

pytest-xdist 3.8 tells the scheduler a test's group by the end of its id, and sets it where pytest 9.2 no longer reads it
(pytest-xdist issue 1386); without `pytest_collection_modifyitems` the groups are silently ignored.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

FIRST = (
    "devices",
    "tests/journeys/test_every_page.py",
    "tests/journeys/",
    "agent/tests/test_pam_module.py",
    "rest contract",
    "at-the-login",
    "faults-random",
    "faults-stages",
    "faults-orders",
    "devices-journal",
    "server/tests/architecture/test_roles.py",
    "upgrades",
    "debian-server",
    "agent/tests/test_kill.py",
    "agent/tests/test_sign_in.py",
    "agent/tests/test_enrollment.py",
)
"""Groups, files and folders that take some twenty seconds and more, the longest first. A folder stays together, as a file does."""
WAITING = ("agent/tests/", "tests/devices/", "tests/faults/")
"""Where tests mostly wait for other programs; half of the workers have some of these, until there are no others."""


class Turns(LoadScopeScheduling):
    """Gives whole groups, files and folders to the workers: those of FIRST, then what crosses components, then the rest."""

    def _split_scope(self, nodeid: str) -> str:
        ending = nodeid[nodeid.rfind("]") + 1 :]
        file = nodeid.partition("::")[0]
        if "@" in ending:
            return ending.rpartition("@")[2]
        return file if file in FIRST else next((one for one in FIRST if one.endswith("/") and file.startswith(one)), file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        waiting = sum(any(map(_waits, self.assigned_work.get(other, {}).values())) for other in self.nodes if other is not node)
        wanted = waiting < max(1, len(self.nodes) // 2)
        turns = {scope: (_waits(unit) is not wanted, _turn(scope)) for scope, unit in self.workqueue.items()}
        self.workqueue.move_to_end(min(turns, key=turns.__getitem__), last=False)
        super()._assign_work_unit(node)


def _waits(unit: dict[str, bool]) -> bool:
    """Whether one of the unit's tests that have not ended mostly waits."""
    return any(nodeid.startswith(WAITING) and not ended for nodeid, ended in unit.items())


def _turn(scope: str) -> int:
    """Of equals the one with the most tests comes first, as pytest-xdist has sorted them."""
    if scope in FIRST:
        return FIRST.index(scope)
    return len(FIRST) + (scope.endswith(".py") and not scope.startswith("tests/"))


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
