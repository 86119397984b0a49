"""Evidence that a fault of which no judge tells changes nothing that matters: measured, not concluded from silence.

======================  ================================================================  ========================
what                    how it is read                                                    may change by
======================  ================================================================  ========================
devices, sizes, nets    KLayout's extracted netlist, and Magic's, against the original's  nothing
matching                the report's numbers against the original's                       nothing, but distances:
. to well, end of diff  of the gates; beyond `FAR_UM` one is as good as another           `DISTANCE_PART`
. equal surroundings    up to which distance all units have the same around them          not below `NEAR_UM`
capacitance of a net    extraction (Magic and ours)                                       `FARAD`, or `FARAD_PART`
drain, source junction  both extractions: area and perimeter of a kind of device          `JUNCTION_PART`
resistance of wires     both layouts solved on a grid around the fault                    `OHM`
. to gates, taps, dummies where no direct current flows                                   `IDLE_OHM`
======================  ================================================================  ========================
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import klayout.db as kdb
from mirrorneuron.flows import extract, matching
from mirrorneuron.pdk_sky130.errors import MirrorneuronError

from mutation import alike, judges, resistance
from mutation.fault import CUTS, Fault, changes, plant
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
    f"{FAR_UM:g} um, and what lies {NEAR_UM:g} um and more from all gates; no net's capacitance changes by more than "
    f"{FARAD * 1e15:g} fF and {100 * FARAD_PART:g} %, no junction by more than {100 * JUNCTION_PART:g} %, no "
    f"resistance between two places by more than {OHM:g} ohm (10 uV at 1 uA), or {IDLE_OHM:g} ohm to gates, taps and "
    "dummies"
)


@dataclass(frozen=True)
class Evidence:
    """What changed: capacitance of the net that changed most [F] and its part of the whole, junctions' part, resistance
    where current flows and where none does [ohm]; ``against`` says what speaks against harmlessness. Of a fault in
    circuit and layout alike the numbers of the testbench were ``measured``, and nothing else."""

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
    """What is read from a layout."""

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
    whole = subject(cell)
    return _read(whole.flat, whole.netlist, extracted)


def evidence(fault: Fault, drawn: str = "", extracted: str = "") -> Evidence:
    """Hold a mutant against the cell as drawn.

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
    against = []
    if not before.klayout.same(after.klayout):
        against.append("KLayout extracts another circuit")
    if not before.magic.same(after.magic):
        against.append("Magic extracts another circuit")
    against += _matching(before.matching, after.matching)
    if against:
        return Evidence(tuple(against))
    farad, part = before.magic.capacitance_change(after.magic)
    junction = max(before.magic.junction_change(after.magic), before.klayout.junction_change(after.klayout))
    ohm = resistance.Change()
    wires = {name: box for name, box in changed.layers.items() if name in (*resistance.WIRES, *CUTS)}
    if wires:
        around = kdb.Box()
        dummies = [site.box for site in mutant.sites if site.dummy]
        for box in wires.values():
            around += box
        ohm = resistance.largest_change(subject(fault.cell).flat, mutant.layout, around, dummies)
    if farad > FARAD and part > FARAD_PART:
        against.append(f"a net's capacitance changes by {farad * 1e15:.3g} fF, {100 * part:.2g} %")
    if junction > JUNCTION_PART:
        against.append(f"junctions change by {100 * junction:.2g} %")
    if ohm.flowing > OHM:
        against.append(f"a resistance changes by {ohm.flowing:.3g} ohm")
    if ohm.idle > IDLE_OHM:
        against.append(f"a resistance to a gate, a tap or a dummy changes by {ohm.idle:.3g} ohm")
    return Evidence(tuple(against), farad, part, junction, ohm.flowing, ohm.idle)


def _matching(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Numbers of the report that changed."""
    told = []
    for one, other in zip(before["groups"], after["groups"], strict=False):
        for key in one:
            if not _alike(key, one[key], other[key], one["kind"]):
                told.append(f"matching: {key} of gate {one['gate']} is {other[key]}, was {one[key]}")
    if len(before["groups"]) != len(after["groups"]) or any(
        before[what] != after[what] for what in ("transistors", "resistors", "bipolars")
    ):
        told.append("matching: other groups")
    return told


def _alike(key: str, one: Any, other: Any, kind: str) -> bool:
    """Whether a number of a group is as before, or near enough."""
    if one == other:
        return True
    match key:
        case "well_distance" | "diffusion_end":
            pairs = zip(one or (), other or (), strict=False)
            near = [(min(a, FAR_UM), min(b, FAR_UM)) for a, b in pairs]
            return bool(near) and all(abs(b - a) <= DISTANCE_PART * a for a, b in near)
        case "equal_radius":
            return bool(other >= min(one, NEAR_UM))
        case "ring":
            return kind == "parallel"  # nothing there is meant to match; latch-up is the design rules'
    return False
