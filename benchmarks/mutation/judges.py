"""The judges of a mutant: our deck, the official one, Magic; KLayout's and netgen's netlist comparison; matching.

Design rules are checked in batches: the mutants lie side by side in one layout, too far apart for any rule, beside each
cell as it was; a marker belongs to the mutant that it lies at.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import klayout.db as kdb
from mirrorneuron.flows import drc, lvs, matching
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError

from mutation.fault import Fault, changes, plant
from mutation.subjects import subject

__all__ = ["DECKS", "JUDGES", "NETLISTS", "TARGETS", "JudgedMutant", "changed_layout", "design_rules", "netlists"]

DECKS = drc.DECKS
NETLISTS = ("KLayout", "netgen", "matching")
TARGETS = "targets"
"""The judge of faults in circuit and layout alike."""
JUDGES = (*DECKS, *NETLISTS, TARGETS)
"""The judges of the table, in its order."""

_APART = 60_000
"""Between two mutants [nm]: more than the reach of any rule (latch-up: 15 um), and of a label moved by 5 um."""
_TOP = "mutants"


@dataclass(frozen=True)
class JudgedMutant:
    """The errors of a mutant by judge, none of a judge that passes it; and KLayout's extracted netlist."""

    errors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    netlist: str = ""


def design_rules(deck: str, faults: Sequence[Fault], threads: int = 1) -> dict[int, tuple[str, ...]]:
    """The rules that each mutant violates in a deck, by the fault's number; mutants without violation are left out.

    Raises
    ------
    EvidenceError
        A cell as drawn is not clean, or a marker lies at no mutant: then no verdict is possible.
    """
    controls = list(dict.fromkeys(fault.cell for fault in faults))
    layouts = [(-1 - k, subject(name).flat) for k, name in enumerate(controls)]
    layouts += [(fault.number, plant(fault)[0].layout) for fault in faults]
    batch, places = _side_by_side(layouts)
    rules_of: dict[int, dict[str, None]] = defaultdict(dict)
    with tempfile.TemporaryDirectory(prefix="mutants_") as folder:
        path = Path(folder) / f"{_TOP}.gds"
        batch.write(str(path))
        for violation in drc.run(path, work=Path(folder) / "work", decks=(deck,), jobs=threads).violations:
            rules_of[_owner(violation, places)].setdefault(violation.rule)
    for k, name in enumerate(controls):
        if -1 - k in rules_of:
            rules = ", ".join(rules_of[-1 - k])
            raise EvidenceError(f"{name} as drawn is not clean in deck {deck} ({rules}): its mutants prove nothing")
    return {number: tuple(rules) for number, rules in rules_of.items()}


def _side_by_side(layouts: Sequence[tuple[int, kdb.Layout]]) -> tuple[kdb.Layout, list[tuple[kdb.Box, int]]]:
    """Numbered layouts in one, in rows, too far apart for any rule; and the area of each."""
    batch = kdb.Layout()
    top = batch.create_cell(_TOP)
    places: list[tuple[kdb.Box, int]] = []
    columns = max(1, round(len(layouts) ** 0.5))
    x = y = height = 0
    for count, (number, layout) in enumerate(layouts):
        if count % columns == 0:
            x, y, height = 0, y + height, 0
        box = layout.top_cell().bbox()
        move = kdb.Trans(-(-(x - box.left) // 5) * 5, -(-(y - box.bottom) // 5) * 5)
        _draw(batch, top, layout, move)
        places.append((box.transformed(move).enlarged(_APART // 3, _APART // 3), number))
        x += box.width() + _APART
        height = max(height, box.height() + _APART)
    return batch, places


def _draw(batch: kdb.Layout, top: kdb.Cell, layout: kdb.Layout, move: kdb.Trans) -> None:
    for index in layout.layer_indexes():
        target = top.shapes(batch.layer(layout.get_info(index)))
        target.insert(layout.top_cell().shapes(index), kdb.ICplxTrans(move))


def _owner(violation: drc.Violation, places: Sequence[tuple[kdb.Box, int]]) -> int:
    """The number of the layout that a marker lies at."""
    marker = kdb.Point(round(violation.x * 1000), round(violation.y * 1000))
    near = [number for box, number in places if box.contains(marker)]
    if len(near) != 1:
        raise EvidenceError(
            f"deck {violation.deck} has a marker of {violation.rule} at ({violation.x:g}, {violation.y:g}) um, "
            "at no mutant"
        )
    return near[0]


def netlists(fault: Fault | None, cell: str = "") -> JudgedMutant:
    """The errors of the netlist comparisons and the matching report for a mutant, or for the `cell` as drawn.

    A step that refuses the layout or the netlist as input has caught it.
    """
    if fault is None:
        layout, netlist = subject(cell).flat, subject(cell).netlist
    else:
        mutant, _ = plant(fault)
        layout, netlist = mutant.layout, mutant.netlist
    with tempfile.TemporaryDirectory(prefix="mutant_") as temporary:
        folder = Path(temporary)
        gds, spice = folder / "mutant.gds", folder / "mutant.spice"
        layout.write(str(gds))
        spice.write_text(netlist)
        errors, extracted = _compared(gds, spice, folder / "work")
        errors |= _matched(gds, spice)
    return JudgedMutant(errors, extracted)


def _compared(gds: Path, spice: Path, work: Path) -> tuple[dict[str, tuple[str, ...]], str]:
    """Errors of KLayout and netgen, and KLayout's netlist."""
    errors: dict[str, tuple[str, ...]] = {}
    try:
        result = lvs.run(gds, spice, work=work)
    except InputError as error:
        return dict.fromkeys(("KLayout", "netgen"), (f"refused: {error}",)), ""
    for judge, passed in (("KLayout", result.klayout), ("netgen", result.netgen)):
        lines = tuple(line.partition(": ")[2] for line in result.errors if line.startswith(f"{judge.lower()}: "))
        if not passed:
            errors[judge] = lines or ("no match",)
    return errors, (work / "klayout.cir").read_text()


def _matched(gds: Path, spice: Path) -> dict[str, tuple[str, ...]]:
    """Errors of the matching report."""
    try:
        result = matching.run(gds, spice)
    except InputError as error:
        return {"matching": (f"refused: {error}",)}
    return {} if result.passed else {"matching": result.errors}


def changed_layout(fault: Fault) -> bool:
    """Whether the layout differs from the cell as drawn: only then can design rules be violated."""
    return changes(plant(fault)[0]).layout
