"""`python -m bench [NAME…]`: run all benches, or those that are named."""

import sys

from bench import agent, imports, interactive, lists, macs, sign_ins, start, suspension, trouble
from bench.frame import RESULTS, Bench, Report, machine

BENCHES = (
    Bench("start", "how long until `homeport serve` answers?", start.run),
    Bench(
        "interactive",
        "how soon can a page be used in Chromium at a first visit, and what does that visit transfer?",
        interactive.run,
    ),
    Bench("agent", "what does the agent cost a machine: memory, a login's time, a name's lookup?", agent.run),
    Bench(
        "suspension", "how soon does a suspension close the account on a device, with 1,000 devices connected?", suspension.run
    ),
    Bench("macs", "what do 1,000 Macs cost that enrol at once and then poll, with nothing lost?", macs.run),
    Bench("lists", "how long do list pages and searches take with 100,000 people and 20,000 devices?", lists.run),
    Bench("imports", "how long does an import of 100,000 users take, with its progress watched?", imports.run),
    Bench("trouble", "whom does a hung server slow down, and whom 10,000 names at ssh?", trouble.run),
    Bench("sign-ins", "what do 10,000 federated sign-ins cost in memory, processor time and SQL?", sign_ins.run),
)


def main() -> int:
    wanted = sys.argv[1:]
    known = {bench.name: bench for bench in BENCHES}
    if unknown := [name for name in wanted if name not in known]:
        print(f"make bench: there is no bench {', '.join(unknown)}. The benches are: {' '.join(known)}", file=sys.stderr)
        return 2
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    report = Report()
    try:
        for bench in [known[name] for name in wanted] or BENCHES:
            report.carry_out(bench)
    finally:
        report.save()
    print(f"\nThe figures are in {RESULTS}.")
    if report.missed:
        print(f"{len(report.missed)} goals were missed: {'; '.join(report.missed)}")
    return 0


sys.exit(main())
