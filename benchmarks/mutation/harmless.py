"""Evidence that a fault which no judge catches changes nothing that matters: measured, not inferred.

======================  ================================================================  ========================
quantity                how it is read                                                    may change by
======================  ================================================================  ========================
devices, sizes, nets    KLayout's extracted netlist, and Magic's, against the original's  nothing
matching                the report's numbers against the original's                       nothing, but distances:
. to well, end of diff  of the gates; beyond `FAR_UM` any                                 `DISTANCE_PART`
. equal surroundings    up to which distance all units have the same around them          not below `NEAR_UM`
capacitance of a net    extraction (Magic and ours)                                       `FARAD`, or `FARAD_PART`
drain, source junction  both extractions: area and perimeter of a kind of device          `JUNCTION_PART`
resistance of wires     both layouts solved on a grid around the fault                    `OHM`
. to gates, taps, dummies where no direct current flows                                   `IDLE_OHM`
======================  ================================================================  ========================
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import klayout.db as kdb
from mirrorneuron.flows import extract, matching
from mirrorneuron.pdk_sky130.errors import MirrorneuronError

from mutation import alike, judges, resistance
from mutation.fault import CUTS, Changed, Fault, Mutant, changes, plant
from mutation.subjects import subject

__all__ = ["FARAD", "FARAD_PART", "IDLE_OHM", "JUNCTION_PART", "OHM", "TEXT", "Evidence", "evidence"]

FARAD = 0.1e-15
FARAD_PART = 0.02
JUNCTION_PART = 0.01
OHM = 10.0
IDLE_OHM = 100.0
DISTANCE_PART = 0.05
FAR_UM = 3.0
NEAR_UM = 1.0
TEXT = (
    "KLayout and Magic extract the same devices, sizes and nets; the matching report has the same numbers, but that "
    f"distances from gates to wells and ends of diffusion may change by {100 * DISTANCE_PART:g} %, or beyond "
    f"{FAR_UM:g} um, and shapes {NEAR_UM:g} um and more from all gates; no net's capacitance changes by more than "
    f"{FARAD * 1e15:g} fF and {100 * FARAD_PART:g} %, no junction by more than {100 * JUNCTION_PART:g} %, no "
    f"resistance between two places by more than {OHM:g} ohm (10 uV at 1 uA), or {IDLE_OHM:g} ohm to gates, taps and "
    "dummies"
)


@dataclass(frozen=True)
class Evidence:
    """What changed: capacitance of the net that changed most [F] and its part of the whole, junctions' part, resistance
    where current flows and where none does [ohm]; ``against`` lists the changes that are too large to be harmless. Of a
    fault in circuit and layout alike the numbers of the testbench were ``measured``, and nothing else."""

    against: tuple[str, ...]
    capacitance: float = 0.0
    capacitance_part: float = 0.0
    junction_part: float = 0.0
    ohm: float = 0.0
    idle_ohm: float = 0.0
    measured: bool = False

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**asdict(self), "against": list(self.against)}

    def __str__(self) -> str:
        """In a line."""
        if self.against:
            return "; ".join(self.against)
        if self.measured:
            return "all measured numbers are the same"
        return (
            f"same devices and nets; capacitance {self.capacitance * 1e15:.3g} fF "
            f"({100 * self.capacitance_part:.2g} %), junctions {100 * self.junction_part:.2g} %, {self.ohm:.2g} ohm"
            f" ({self.idle_ohm:.2g} ohm without current)"
        )


@dataclass(frozen=True)
class _Read:
    """A layout as the tools read it."""

    klayout: alike.Circuit
    magic: alike.Circuit
    matching: dict[str, Any]


def _read(layout: kdb.Layout, netlist: str, extracted: str) -> _Read:
    with tempfile.TemporaryDirectory(prefix="mutant_") as temporary:
        folder = Path(temporary)
        gds, spice, pex = (folder / f"mutant.{ending}" for ending in ("gds", "spice", "pex.spice"))
        layout.write(str(gds))
        spice.write_text(netlist)
        extract.run(gds, out=pex, work=folder / "work", schematic=spice)
        return _Read(
            alike.read(extracted),
            alike.read(pex.read_text()),
            matching.run(gds, spice).as_json(),
        )


@cache
def _drawn(cell: str, extracted: str) -> _Read:
    original = subject(cell)
    return _read(original.flat, original.netlist, extracted)


def evidence(fault: Fault, drawn: str = "", extracted: str = "") -> Evidence:
    """Compare a mutant with the cell as drawn.

    Parameters
    ----------
    drawn, extracted
        KLayout's netlists of the cell as drawn and of the mutant, where they are known.
    """
    mutant, _ = plant(fault)
    changed = changes(mutant)
    if changed.netlist:
        same = alike.read(subject(fault.cell).netlist).same(alike.read(mutant.netlist))
        return Evidence(() if same else ("the netlist differs from the layout",))
    before = _drawn(fault.cell, drawn or judges.netlists(None, fault.cell).netlist)
    try:
        after = _read(mutant.layout, mutant.netlist, extracted or judges.netlists(fault).netlist)
    except MirrorneuronError as error:
        return Evidence((f"it cannot be extracted: {error}",))
    against = _other_circuits(before, after)
    if against:
        return Evidence(against)
    capacitance, part = before.magic.capacitance_change(after.magic)
    junction = max(before.magic.junction_change(after.magic), before.klayout.junction_change(after.klayout))
    ohm = _resistance_change(mutant, changed)
    unlimited = Evidence((), capacitance, part, junction, ohm.flowing, ohm.idle)
    return replace(unlimited, against=tuple(_over_limits(unlimited)))


def _other_circuits(before: _Read, after: _Read) -> tuple[str, ...]:
    against = []
    if not before.klayout.same(after.klayout):
        against.append("KLayout extracts another circuit")
    if not before.magic.same(after.magic):
        against.append("Magic extracts another circuit")
    return (*against, *_matching(before.matching, after.matching))


def _resistance_change(mutant: Mutant, changed: Changed) -> resistance.Change:
    """Largest change of a resistance around the fault; none if no wire or contact is changed."""
    wires = [box for name, box in changed.layers.items() if name in (*resistance.WIRES, *CUTS)]
    if not wires:
        return resistance.Change()
    around = kdb.Box()
    for box in wires:
        around += box
    dummies = [site.box for site in mutant.sites if site.dummy]
    return resistance.largest_change(subject(mutant.name).flat, mutant.layout, around, dummies)


def _over_limits(change: Evidence) -> Iterator[str]:
    """The changes that are too large to be harmless."""
    if change.capacitance > FARAD and change.capacitance_part > FARAD_PART:
        farad = f"{change.capacitance * 1e15:.3g} fF, {100 * change.capacitance_part:.2g} %"
        yield f"a net's capacitance changes by {farad}"
    if change.junction_part > JUNCTION_PART:
        yield f"junctions change by {100 * change.junction_part:.2g} %"
    if change.ohm > OHM:
        yield f"a resistance changes by {change.ohm:.3g} ohm"
    if change.idle_ohm > IDLE_OHM:
        yield f"a resistance to a gate, a tap or a dummy changes by {change.idle_ohm:.3g} ohm"


def _matching(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Numbers of the report that changed."""
    lines = []
    for group, other in zip(before["groups"], after["groups"], strict=False):
        for key in group:
            if not _alike(key, group[key], other[key], group["kind"]):
                lines.append(f"matching: {key} of gate {group['gate']} is {other[key]}, was {group[key]}")
    if len(before["groups"]) != len(after["groups"]) or any(
        before[sort] != after[sort] for sort in ("transistors", "resistors", "bipolars")
    ):
        lines.append("matching: other groups")
    return lines


def _alike(key: str, value: Any, other: Any, kind: str) -> bool:
    """Whether a number of a group is as before, or near enough."""
    if value == other:
        return True
    match key:
        case "well_distance" | "diffusion_end":
            pairs = zip(value or (), other or (), strict=False)
            near = [(min(a, FAR_UM), min(b, FAR_UM)) for a, b in pairs]
            return bool(near) and all(abs(b - a) <= DISTANCE_PART * a for a, b in near)
        case "metal" | "metal_alike" | "not_judged":
            return True  # reported, and no limit is set for it
        case "equal_radius":
            return bool(other >= min(value, NEAR_UM))
        case "ring":
            return kind == "parallel"  # its units are not meant to match; design rules check latch-up
    return False
