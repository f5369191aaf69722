"""The frame of a bench: its figures, the table that people read and the JSON that programs read."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(".run/bench/results.json")


@dataclass(frozen=True)
class Figure:
    """One figure. `goal` is the most it may be, or the least when `least` is set; None: it only explains the others.

    A ratio, a growth factor or a count holds on any machine; what `absolute` marks was measured on this one and holds here only.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    least: bool = False
    absolute: bool = False

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        met = self.value >= self.goal if self.least else self.value <= self.goal
        return "met" if met else "MISSED"

    @property
    def goal_text(self) -> str:
        return "" if self.goal is None else f"{'≥' if self.least else '≤'} {_number(self.goal)} {self.unit}".rstrip()


@dataclass(frozen=True)
class Bench:
    """One bench: what it asks, and the program that answers with figures, one by one."""

    name: str
    question: str
    run: Callable[[], Iterator[Figure]]


@dataclass
class Report:
    """All figures of one run."""

    figures: dict[str, list[Figure]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def carry_out(self, bench: Bench) -> None:
        """Run one bench and print its figures as they come."""
        print(f"\n{bench.name}: {bench.question}", flush=True)
        begun = time.monotonic()
        for figure in bench.run():
            self.figures.setdefault(bench.name, []).append(figure)
            print(_row(figure), flush=True)
        self.seconds[bench.name] = round(time.monotonic() - begun, 1)

    def save(self) -> None:
        """Put this run's figures beside the earlier runs' of other benches."""
        earlier = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"benches": {}}
        for name, figures in self.figures.items():
            earlier["benches"][name] = {
                "machine": machine(),
                "seconds": self.seconds.get(name),
                "figures": [{**asdict(figure), "verdict": figure.verdict} for figure in figures],
            }
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(earlier, indent=1, ensure_ascii=False) + "\n")

    @property
    def missed(self) -> list[str]:
        return [f"{name}: {one.name}" for name, figures in self.figures.items() for one in figures if one.verdict == "MISSED"]


def machine() -> dict[str, object]:
    """What the absolute figures were measured on. `load` says whether others were at work too."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "python": platform.python_version(),
        "kernel": platform.release().split("-")[0],
        "load": round(os.getloadavg()[0], 1),
    }


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of values that were measured one after the other."""
    return statistics.median(one / other for one, other in zip(above, below, strict=True))


def _row(figure: Figure) -> str:
    shown = f"{_number(figure.value)} {figure.unit}".rstrip()
    where = "on this machine" if figure.absolute else ""
    return f"  {figure.name:<58} {shown:>14}  {figure.goal_text:<14} {figure.verdict:<7} {where}".rstrip()


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
