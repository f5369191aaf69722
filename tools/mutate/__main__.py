"""Run all mutants: `python -m tools.mutate [WORD…]`; with words only those whose name contains one."""

import importlib
import os
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools.mutate.checks import mutants
from tools.mutate.trial import start

CHECKOUT = Path(__file__).parents[2]
HOUSE = "server/src/homeport"
SURVIVORS = Path(__file__).with_name("survivors.toml")
TARGETS = {
    f"{HOUSE}/trust/federation/verifier.py": ["server/tests/trust/federation/test_verifier.py", "server/tests/trust/federation"],
    f"{HOUSE}/trust/federation/linking.py": ["server/tests/trust/federation/test_linking.py", "server/tests/trust/federation"],
}
"""Each file with the tests that must notice: the nearest first, and the wider ones only if those notice nothing."""
LOADED_ONCE = (
    "pytest",
    "hypothesis",
    "cryptography.x509",
    "joserfc.jwt",
    "sqlalchemy",
    "fastapi",
    "playwright.sync_api",
    "psycopg",
)
_PASSED, _FAILED = 0, 1


@dataclass
class Trial:
    """One mutant on its way through the tests; `rung` says which of them it is at."""

    name: str
    file: str
    line: int
    source: str
    rung: int = 0


def module_of(file: str) -> str:
    return file.removeprefix("server/src/").removesuffix(".py").replace("/", ".")


def main(words: list[str]) -> int:
    os.chdir(CHECKOUT)
    for library in LOADED_ONCE:
        importlib.import_module(library)
    waiting = []
    for file in TARGETS:
        source = (CHECKOUT / file).read_text()
        stem = Path(file).stem
        waiting.append(Trial(f"{stem}: unchanged", file, 0, source))
        waiting += [Trial(f"{stem}.{mutant.name}", file, mutant.line, mutant.source) for mutant in mutants(source)]
    if words:
        waiting = [trial for trial in waiting if trial.line == 0 or any(word in trial.name for word in words)]
    began = time.monotonic()
    survived, total = run(waiting), len(waiting)
    if survived is None:
        return 2
    print(f"{total - len(TARGETS)} mutants in {time.monotonic() - began:.0f} s; {len(survived)} survived.")
    return judge(survived, {trial.name for trial in waiting}, complete=not words)


def run(waiting: list[Trial]) -> list[Trial] | None:
    """Every trial through its tests, as many at once as there are processors; None when the unchanged code fails."""
    survived: list[Trial] = []
    running: dict[int, Trial] = {}
    todo = list(reversed(waiting))
    with tempfile.TemporaryDirectory(prefix="homeport-mutants-") as folder:
        while todo or running:
            while todo and len(running) < (os.cpu_count() or 1):
                trial = todo.pop()
                tests = [trial_tests(trial)]
                said = Path(folder, f"{id(trial)}.log")
                running[start(module_of(trial.file), trial.source, CHECKOUT / trial.file, tests, said)] = trial
            pid, waited = os.wait()
            trial = running.pop(pid)
            status = os.waitstatus_to_exitcode(waited)
            said = Path(folder, f"{id(trial)}.log").read_text(errors="replace")
            if trial.line == 0:
                if status != _PASSED:
                    print(
                        f"The tests of {trial.file} fail on the unchanged code, so they prove nothing:\n{said}", file=sys.stderr
                    )
                    for other in running:
                        os.kill(other, 9)
                    return None
            elif status == _PASSED and trial.rung + 1 < len(TARGETS[trial.file]):
                trial.rung += 1
                todo.append(trial)
            elif status == _PASSED:
                survived.append(trial)
                print(f"SURVIVED  {trial.file}:{trial.line}  {trial.name}", flush=True)
            else:
                print(f"noticed   {trial.name}{'' if status == _FAILED else f' (status {status})'}", flush=True)
    return survived


def trial_tests(trial: Trial) -> str:
    return TARGETS[trial.file][trial.rung]


def judge(survived: list[Trial], all_names: set[str], *, complete: bool) -> int:
    """Compare the survivors with the written reasons."""
    written = tomllib.loads(SURVIVORS.read_text()).get("survivor", []) if SURVIVORS.exists() else []
    reasons = {entry["mutant"]: entry["reason"] for entry in written}
    names = {trial.name for trial in survived}
    wrong = 0
    for trial in survived:
        if reasons.get(trial.name, "").strip():
            print(f"  may survive: {trial.name}: {reasons[trial.name]}")
        else:
            wrong += 1
            print(f"  NO REASON: {trial.file}:{trial.line}  {trial.name}")
    for name in sorted(set(reasons) - names):
        if complete or name in all_names:
            wrong += 1
            print(f"  REASON WITHOUT A SURVIVOR in {SURVIVORS.relative_to(CHECKOUT)}: {name}")
    if wrong:
        print("A survivor needs a test that notices it, or its reason in tools/mutate/survivors.toml.", file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
