"""Who judges a mutant: our deck, the official one, Magic; KLayout's and netgen's netlist comparison; matching.

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

__all__ = ["DECKS", "JUDGES", "NETLISTS", "TARGETS", "Told", "design_rules", "netlists"]

DECKS = drc.DECKS
NETLISTS = ("KLayout", "netgen", "matching")
TARGETS = "targets"
"""The judge of faults in circuit and layout alike."""
JUDGES = (*DECKS, *NETLISTS, TARGETS)
"""Those of the table, in its order."""

_APART = 60_000
"""Between two mutants [nm]: more than the reach of any rule (latch-up: 15 um), and of a label moved by 5 um."""
_TOP = "mutants"


@dataclass(frozen=True)
class Told:
    """What the judges said of one mutant, by judge, nothing where one passed it; and KLayout's extracted netlist."""

    errors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    netlist: str = ""


def design_rules(deck: str, faults: Sequence[Fault], threads: int = 1) -> dict[int, tuple[str, ...]]:
    """The rules that a deck finds violated in each mutant, by the fault's number; those without are not there.

    Raises
    ------
    EvidenceError
        A cell as drawn is not clean, or a marker lies at no mutant: then nothing can be told.
    """
    controls = list(dict.fromkeys(fault.cell for fault in faults))
    batch = kdb.Layout()
    top = batch.create_cell(_TOP)
    places: list[tuple[kdb.Box, int]] = []
    layouts = [(-1 - k, subject(name).flat) for k, name in enumerate(controls)]
    layouts += [(fault.number, plant(fault)[0].layout) for fault in faults]
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
    found: dict[int, dict[str, None]] = defaultdict(dict)
    with tempfile.TemporaryDirectory(prefix="mutants_") as folder:
        path = Path(folder) / f"{_TOP}.gds"
        batch.write(str(path))
        for one in drc.run(path, work=Path(folder) / "work", decks=(deck,), jobs=threads).violations:
            at = kdb.Point(round(one.x * 1000), round(one.y * 1000))
            near = [number for box, number in places if box.contains(at)]
            if len(near) != 1:
                raise EvidenceError(
                    f"deck {deck} has a marker of {one.rule} at ({one.x:g}, {one.y:g}) um, at no mutant"
                )
            found[near[0]].setdefault(one.rule)
    for k, name in enumerate(controls):
        if -1 - k in found:
            rules = ", ".join(found[-1 - k])
            raise EvidenceError(f"{name} as drawn is not clean in deck {deck} ({rules}): its mutants prove nothing")
    return {number: tuple(rules) for number, rules in found.items()}


def _draw(batch: kdb.Layout, top: kdb.Cell, layout: kdb.Layout, move: kdb.Trans) -> None:
    for index in layout.layer_indexes():
        target = top.shapes(batch.layer(layout.get_info(index)))
        target.insert(layout.top_cell().shapes(index), kdb.ICplxTrans(move))


def netlists(fault: Fault | None, cell: str = "") -> Told:
    """What the netlist comparisons and the matching report say of a mutant, or of the `cell` as drawn.

    A step that refuses the layout or the netlist as input has caught it.
    """
    if fault is None:
        layout, text = subject(cell).flat, subject(cell).netlist
    else:
        mutant, _ = plant(fault)
        layout, text = mutant.layout, mutant.netlist
    errors: dict[str, tuple[str, ...]] = {}
    extracted = ""
    with tempfile.TemporaryDirectory(prefix="mutant_") as temporary:
        folder = Path(temporary)
        gds, spice = folder / "mutant.gds", folder / "mutant.spice"
        layout.write(str(gds))
        spice.write_text(text)
        try:
            result = lvs.run(gds, spice, work=folder / "work")
            for judge, passed in (("KLayout", result.klayout), ("netgen", result.netgen)):
                told = tuple(one.partition(": ")[2] for one in result.errors if one.startswith(f"{judge.lower()}: "))
                if not passed:
                    errors[judge] = told or ("no match",)
            extracted = (folder / "work" / "klayout.cir").read_text()
        except InputError as error:
            errors["KLayout"] = errors["netgen"] = (f"refused: {error}",)
        try:
            matched = matching.run(gds, spice)
            if not matched.passed:
                errors["matching"] = matched.errors
        except InputError as error:
            errors["matching"] = (f"refused: {error}",)
    return Told(errors, extracted)


def changed_layout(fault: Fault) -> bool:
    """Whether the layout differs from the cell as drawn: only then design rules can find something."""
    return changes(plant(fault)[0]).layout
