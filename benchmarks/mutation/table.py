"""The campaign as a table: kinds of faults, or cells, against judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from mutation.campaign import MutantVerdict
from mutation.judges import JUDGES, TARGETS
from mutation.kinds import GROUPS
from mutation.planning import Plan
from mutation.subjects import CELLS

__all__ = ["drawn_cells", "table"]

_VERDICTS = ("caught", "harmless", "escaped")


def table(verdicts: Sequence[MutantVerdict], *, markdown: bool, by: str = "fault") -> list[str]:
    """Lines of a table: how many faults of each kind (or in each cell, `by` "cell") each judge caught."""
    kinds = {verdict.fault.kind for verdict in verdicts}
    shown = [judge for judge in JUDGES if judge != TARGETS or kinds & GROUPS["circuit"].keys()]
    if by == "fault":
        names = [name for group in GROUPS.values() for name in group if name in kinds]
    else:
        names = [name for name in CELLS if name in {verdict.fault.cell for verdict in verdicts}]
    head = [by, "planted", *shown, *_VERDICTS]
    rows = [_row(name, verdicts, shown) for name in [*names, "all"]]
    return _markdown(head, rows) if markdown else _plain([head, *rows])


def _row(name: str, verdicts: Iterable[MutantVerdict], judges: Iterable[str]) -> list[str]:
    own = [verdict for verdict in verdicts if name in (verdict.fault.kind, verdict.fault.cell, "all")]
    counts = Counter(judge for verdict in own for judge in verdict.errors)
    numbers = [len(own), *(counts[judge] for judge in judges)]
    numbers += [sum(getattr(verdict, word) for verdict in own) for word in _VERDICTS]
    return [name, *map(str, numbers)]


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *rows)]


def _plain(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *numbers in rows:
        cells = [first.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))]
        lines.append("  ".join(cells))
    return lines


def drawn_cells(plan: Plan) -> list[str]:
    """The cells with their numbers of faults."""
    counts = Counter(fault.cell for fault, _ in plan)
    return [f"{cell} {count}" for cell, count in sorted(counts.items())]
