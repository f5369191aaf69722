"""Runs pytest on one mutant in a forked process, where the mutated module takes the place of the real one."""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

SECONDS = 300


class InPlaceOf(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutated source whenever the module is imported."""

    def __init__(self, module: str, source: str, file: Path) -> None:
        self._module, self._source, self._file = module, source, file

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self._file))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._file)
        exec(compile(self._source, str(self._file), "exec"), module.__dict__)  # noqa: S102 - the mutant is our own source


def start(module: str, source: str, file: Path, tests: Sequence[str], said: Path) -> int:
    """Fork a process that runs the tests on the mutant; its exit status is pytest's. What it says goes to the file."""
    if module in sys.modules:
        raise RuntimeError(f"{module} is imported already; its mutants would not be seen")
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        signal.alarm(SECONDS)
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.meta_path.insert(0, InPlaceOf(module, source, file))
        import pytest  # noqa: PLC0415 - the parent has loaded it; the child asks for it where it is used

        words = [
            "-x",
            "-q",
            "--tb=line",
            "-p",
            "no:randomly",
            "-p",
            "no:xdist",
            "--inline-snapshot=disable",
            "-W",
            "ignore:Module already imported",
        ]
        status = int(pytest.main([*words, *tests]))
    except BaseException:  # noqa: BLE001 - the fork must not go on as its parent; the exit status says that it failed
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
