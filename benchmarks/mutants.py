"""The sign-off's own test: faults planted in our cells, and the judges that catch them.

::

    benchmarks/mutants.py                        330 faults, a table, every fault, and the errors of each judge
    benchmarks/mutants.py --markdown             the table for docs/mutants.md
    benchmarks/mutants.py --json                 all of it for machines
    benchmarks/mutants.py --faults 30 --seed 7   one of each kind, others than usual
    benchmarks/mutants.py --cells mirrors        equally many in each current mirror, half of them in circuit and layout

Exit status 1 if a fault was neither caught nor shown harmless. ``docs/mutants.md`` says how it is done.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mirrorneuron.pdk_sky130.errors import MirrorneuronError

HERE = str(Path(__file__).parent)
_SHOWN = 110


def main() -> int:
    """Plant, judge, print."""
    from mutation import campaign, harmless, planning, targets
    from mutation.judges import JUDGES
    from mutation.kinds import GROUPS
    from mutation.subjects import CELLS, FIELDS, MIRRORS, RATIOS
    from mutation.table import drawn_cells, table

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    groups_of_cells = {"mirrors": MIRRORS, "ratios": tuple(RATIOS)}
    parser.add_argument("--faults", type=int, default=330, help="how many; the kinds take turns")
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument(
        "--cells",
        nargs="+",
        default=list(FIELDS),
        choices=[*CELLS, *groups_of_cells],
        metavar="CELL",
        help="in which; mirrors are all of them, ratios the same with unequal outputs; in mirrors the kinds take turns "
        "in each cell",
    )
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=list(GROUPS),
        default=list(GROUPS),
        metavar="GROUP",
        help="in mirrors: common, as in any cell; mirror, theirs; circuit, in circuit and layout alike, which are "
        "half of all if others are asked for too",
    )
    parser.add_argument("--checks", nargs="*", default=list(JUDGES), choices=JUDGES, metavar="CHECK", help="the judges")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--folder", type=Path, help="keep results here; the same call goes on where it stopped")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="the table as Markdown, and what escaped")
    form.add_argument("--json", action="store_true", help="everything as JSON")
    options = parser.parse_args()
    if options.faults < 1 or options.jobs < 1:
        parser.error("--faults and --jobs must be at least 1")
    cells = list(dict.fromkeys(cell for name in options.cells for cell in groups_of_cells.get(name, (name,))))
    started = time.monotonic()
    try:
        if any(cell in MIRRORS or cell in RATIOS for cell in cells):
            plan = planning.planned_each(options.faults, options.seed, cells, options.kinds)
        else:
            plan = planning.planned(options.faults, options.seed, cells)
        verdicts = campaign.judged(
            plan, folder=options.folder, jobs=options.jobs, checks=options.checks, progress=_progress
        )
    except MirrorneuronError as error:
        print(f"\nmutants: {error}", file=sys.stderr)
        return error.exit_status
    caught, shown, escaped = (
        sum(getattr(verdict, word) for verdict in verdicts) for word in ("caught", "harmless", "escaped")
    )
    last = f"{len(verdicts)} planted, {caught} caught, {shown} shown harmless"
    if options.json:
        result = {
            "seed": options.seed,
            "seconds": round(time.monotonic() - started, 1),
            "harmless": harmless.TEXT,
            "summary": last,
            "faults": [verdict.as_json() for verdict in verdicts],
        }
        print(json.dumps(result, indent=1))
        return 1 if escaped else 0
    if not options.markdown:
        _every(verdicts)
    print("\n".join(table(verdicts, markdown=options.markdown)))
    if len({verdict.fault.cell for verdict in verdicts} & {*MIRRORS, *RATIOS}) > 1:
        print()
        print("\n".join(table(verdicts, markdown=options.markdown, by="cell")))
    print()
    print(f"faults by cell: {', '.join(drawn_cells(plan))}; {time.monotonic() - started:.0f} s")
    print(f"harmless: {harmless.TEXT}")
    if any(verdict.fault.kind in GROUPS["circuit"] for verdict in verdicts):
        print(f"harmless, {targets.TEXT}")
    for verdict in verdicts:
        if verdict.escaped:
            fault = verdict.fault
            print(f"ESCAPED {fault.number} {fault.kind}, {fault.cell}: {verdict.text}: {verdict.evidence}")
    print(last)
    return 1 if escaped else 0


def _every(verdicts: Sequence[campaign.MutantVerdict]) -> None:  # type: ignore[name-defined]  # noqa: F821
    for verdict in verdicts:
        print(f"{verdict.fault.number:3} {verdict.fault.kind}, {verdict.fault.cell}: {verdict.text}")
        for judge, lines in verdict.errors.items():
            line = ", ".join(lines)
            print(f"      {judge}: {line if len(line) <= _SHOWN else line[:_SHOWN] + ' …'}")
        if verdict.evidence is not None:
            print(f"      {'harmless' if verdict.harmless else 'ESCAPED'}: {verdict.evidence}")
    print()


def _progress(done: int, count: int, task: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{count} {task[:60]:60}", end="\n" if done == count else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    # The workers must find the modules under the same names.
    sys.path.insert(0, HERE)
    sys.exit(main())
