"""Defects planted in a drawn neuron and in its netlist, and the verdict that every step must give of each.

Where a tool is blind, that is its verdict here; the matching report sees transistors and no more. Hundreds of seeded
faults in more cells are a benchmark, ``benchmarks/mutants.py``; ``test_campaign.py`` runs a sample of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest
from klayout import db as kdb
from mirrorneuron.flows import drc, extract, lvs, matching
from mirrorneuron.generators import catalog
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS, Layer

SPEC = catalog.load("neuron", ["weights=[1,-2]"])
UNIT, LENGTH = "nfet_01v8_w1000_l1000_f2", 1000


@pytest.fixture(scope="module")
def drawn() -> kdb.Layout:
    return catalog.layout_of(SPEC)


@pytest.fixture(scope="module")
def netlist() -> str:
    return catalog.circuit_of(SPEC).flattened().to_spice()


@dataclass
class Mutant:
    """A copy of the neuron to be spoiled; places in nm."""

    layout: kdb.Layout

    def cell(self, name: str) -> kdb.Cell:
        return self.layout.cell(f"neuron_{name}_{SPEC.variant}" if name else "neuron")

    def shapes(self, cell: kdb.Cell, layer: Layer) -> kdb.Shapes:
        return cell.shapes(self.layout.layer(*layer))

    def boxes(self, name: str, layer: str) -> list[kdb.Box]:
        """A cell's own rectangles, from the lowest."""
        found = (shape.bbox() for shape in self.shapes(self.cell(name), DRAWING[layer]).each())
        return sorted(found, key=lambda box: (box.bottom, box.left, box.top, box.right))

    def cut(self, name: str, layer: str, box: kdb.Box) -> None:
        """Take what lies in a box out of a cell."""
        shapes = self.shapes(self.cell(name), DRAWING[layer])
        kept = kdb.Region(shapes) - kdb.Region(box)
        assert kept.area() < kdb.Region(shapes).merged().area(), f"no {layer} to take out of {name} in {box}"
        shapes.clear()
        shapes.insert(kept)

    def add(self, name: str, layer: str, box: kdb.Box) -> None:
        self.shapes(self.cell(name), DRAWING[layer]).insert(box)

    def units(self, array: str) -> list[kdb.Box]:
        """Flatten an array of units of two fingers, and return its units' channels: rows from the lowest, each from the
        left."""
        cell = self.cell(array)
        cell.flatten(True)
        poly, diff = (kdb.Region(self.shapes(cell, DRAWING[layer])) for layer in ("poly", "diff"))
        gates = sorted((gate.bbox() for gate in (poly & diff).merged().each()), key=lambda b: (b.bottom, b.left))
        return [one + other for one, other in zip(gates[::2], gates[1::2], strict=True)]

    def first_unit(self, array: str) -> kdb.Box:
        """The channels of the first unit that is no dummy, of an array with a dummy at each end and a row of dummies
        above and below."""
        units = self.units(array)
        rows = sorted({box.bottom for box in units})
        return [box for box in units if box.bottom == rows[1]][1]

    def write(self, path: Path) -> Path:
        self.layout.write(str(path))
        return path


def trunk(mutant: Mutant, name: str) -> kdb.Box:
    """The highest trunk of one cut's width in a composed cell."""
    narrow = [box for box in mutant.boxes(name, "met3") if box.width() < 500]
    return max(narrow, key=lambda box: box.height())


def via_missing(m: Mutant) -> None:
    wire = trunk(m, "row1")
    via = next(box for box in m.boxes("row1", "via2") if box.inside(wire))
    m.cut("row1", "via2", via)


def two_vias_missing_of_three(m: Mutant) -> None:
    """What is left of a supply rail's three vias still conducts."""
    cuts = m.boxes("row1", "via2")
    first = next(
        a for a, b, c in zip(cuts, cuts[1:], cuts[2:], strict=False) if a.bottom == c.bottom and c.left - a.left == 800
    )
    m.cut("row1", "via2", kdb.Box(first.left, first.bottom, first.left + 600, first.top))


def short_of_pins(m: Mutant) -> None:
    """Metal 2 from the lane of vref to that of ibias."""
    texts = {s.text_string: s.text_pos for s in m.shapes(m.cell(""), PIN_LAYERS["met2"].label).each(kdb.Shapes.STexts)}
    a, b = texts["vref"], texts["ibias"]
    assert abs(a.y - b.y) == RAIL_PITCH
    x = max(a.x, b.x)
    m.add("", "met2", kdb.Box(min(a.x, b.x), min(a.y, b.y) - RAIL_HALF, x, max(a.y, b.y) + RAIL_HALF))


def short_of_trunks(m: Mutant) -> None:
    """Metal 3 from one trunk to the next, neither of a pin."""
    one, *others = sorted(
        (box for box in m.boxes("row1_amplifier", "met3") if box.height() > 5000), key=lambda b: b.left
    )
    other = next(box for box in others if box.left > one.right)
    middle = (max(one.bottom, other.bottom) + min(one.top, other.top)) // 2
    m.add("row1_amplifier", "met3", kdb.Box(one.left, middle, other.right, middle + 300))


def trunk_cut(m: Mutant) -> None:
    wire = trunk(m, "row1")
    middle = wire.center().y
    m.cut("row1", "met3", kdb.Box(wire.left, middle - 2000, wire.right, middle + 2000))


def trunk_on_the_pin_purpose(m: Mutant) -> None:
    wire = trunk(m, "row1")
    m.cut("row1", "met3", wire)
    m.shapes(m.cell("row1"), PIN_LAYERS["met3"].pin).insert(wire)


def relabel(m: Mutant, names: dict[str, str | None]) -> None:
    for pair in (PIN_LAYERS["met2"].pin, PIN_LAYERS["met2"].label):
        shapes = m.shapes(m.cell(""), pair)
        for shape in list(shapes.each(kdb.Shapes.STexts)):
            if shape.text_string in names:
                name = names[shape.text_string]
                at = shape.text_trans
                shapes.erase(shape)
                if name is not None:
                    shapes.insert(kdb.Text(name, at))


def narrower(m: Mutant, by: int) -> None:
    """The channels of one unit, at the diffusion's upper edge."""
    unit = m.first_unit("row1_array")
    m.cut("row1_array", "diff", kdb.Box(unit.left, unit.top - by, unit.right, unit.top))


def longer(m: Mutant, by: int) -> None:
    """Both gates of one unit, at their right edge."""
    unit = m.first_unit("row1_array")
    for right in (unit.left + LENGTH, unit.right):
        m.add("row1_array", "poly", kdb.Box(right - LENGTH, unit.bottom - 130, right + by, unit.top + 130))


def to_the_other_owner(m: Mutant) -> None:
    """A reference unit's drain strip gets its via on the weight's rail, the next one below."""
    m.cell("row1_array").flatten(True)
    vias = m.boxes("row1_array", "via")
    rails = {via.bottom for via in vias}
    upper = [via for via in vias if via.bottom - RAIL_PITCH in rails][-1]
    lower = upper.moved(0, -RAIL_PITCH)
    m.cut("row1_array", "via", upper)
    m.add("row1_array", "via", lower)


def without_unit(m: Mutant, unit: kdb.Box) -> None:
    for layer in ("poly", "diff"):
        m.cut("row1_array", layer, unit.enlarged(0, 130))


def dummy_dropped(m: Mutant) -> None:
    """The one before the first unit."""
    units, first = m.units("row1_array"), m.first_unit("row1_array")
    without_unit(m, units[units.index(first) - 1])


def unit_dropped(m: Mutant) -> None:
    without_unit(m, m.first_unit("row1_array"))


def without(layer: str, name: str) -> Callable[[Mutant], None]:
    def spoil(m: Mutant) -> None:
        cells = [cell for cell in m.layout.each_cell() if re.fullmatch(name, cell.name)]
        assert sum(m.shapes(cell, DRAWING[layer]).size() for cell in cells)
        for cell in cells:
            m.shapes(cell, DRAWING[layer]).clear()

    return spoil


def first_contact_missing(m: Mutant) -> None:
    """Of one unit's gates."""
    unit = m.first_unit("row1_array")
    m.cut("row1_array", "licon1", kdb.Box(unit.left, unit.top, unit.right, unit.top + 600))


def smaller_capacitor(m: Mutant) -> None:
    (plate,) = m.boxes("row1_capacitor", "capm")
    m.cut("row1_capacitor", "capm", kdb.Box(plate.right - 10, plate.bottom, plate.right, plate.top))


@dataclass(frozen=True)
class Verdict:
    """What LVS must say: does KLayout match, does netgen (None: by chance), and a piece of what is told.

    ``matching``: which checks of the matching report must tell of it, perhaps among others; without any it must pass.
    """

    klayout: bool
    netgen: bool | None
    told: str = ""
    matching: Collection[str] = ("netlist",)


BOTH = (False, False)

IN_THE_LAYOUT: dict[str, tuple[Callable[[Mutant], None], Verdict]] = {
    "via missing": (via_missing, Verdict(*BOTH, "net: layout")),
    "two vias of three missing": (two_vias_missing_of_three, Verdict(True, True, matching=())),
    "pins shorted": (short_of_pins, Verdict(*BOTH, "short: the labels ibias, vref are on one net")),
    "inner nets shorted": (short_of_trunks, Verdict(*BOTH, "net: layout")),
    "trunk cut": (trunk_cut, Verdict(*BOTH, "net: layout")),
    # Magic reads shapes on the pin purpose as metal.
    "trunk on the pin purpose": (trunk_on_the_pin_purpose, Verdict(False, True, "net: layout")),
    "input labels swapped": (
        lambda m: relabel(m, {"iin0": "iin1", "iin1": "iin0"}),
        Verdict(*BOTH, "iin1"),
    ),
    "label deleted": (lambda m: relabel(m, {"iin1": None}), Verdict(*BOTH, "pin iin1 is in the netlist", ())),
    # netgen allows 1 %, and 1.5.133 takes the first of parallel devices' W for the W of them all.
    "one unit's W, one grid step": (lambda m: narrower(m, 5), Verdict(False, True, "W=3.99 ", ("size", "netlist"))),
    "one unit's W, a tenth": (lambda m: narrower(m, 100), Verdict(False, None, "W=3.8 ", ("size", "netlist"))),
    "one unit's L": (lambda m: longer(m, 10), Verdict(False, True, "L=1.01 ", ("size", "pitch", "netlist"))),
    "one unit's L, a tenth": (lambda m: longer(m, 100), Verdict(*BOTH, "L=1.1 ")),
    "unit of the other owner": (to_the_other_owner, Verdict(*BOTH, "W=2 ", ("centroid", "netlist"))),
    "dummy dropped": (dummy_dropped, Verdict(*BOTH, "nfet_01v8_dummy", ("dummies", "netlist"))),
    "unit dropped": (unit_dropped, Verdict(*BOTH, "W=2 ", ("dummies", "centroid", "netlist"))),
    "lvt implant missing": (without("lvtn", "nfet_01v8_lvt_.*"), Verdict(*BOTH, "nfet_01v8_lvt")),
    "n-well tap missing": (without("tap", "neuron_row1_pair_.*"), Verdict(*BOTH, "has no tap", ())),
    "gate contact missing": (first_contact_missing, Verdict(*BOTH, "floating gate", ("centroid", "netlist"))),
    "capacitor too small": (smaller_capacitor, Verdict(False, True, "cap_mim_m3_1 W=", ())),
    "npc missing": (without("npc", f"{UNIT}_gate_contact"), Verdict(True, True, matching=())),
}


def compare(layout: kdb.Layout, text: str, folder: Path) -> lvs.LvsResult:
    spice = folder / "neuron.spice"
    spice.write_text(text)
    return lvs.run(Mutant(layout).write(folder / "neuron.gds"), spice, work=folder / "work")


def check(layout: kdb.Layout, text: str, verdict: Verdict, folder: Path) -> None:
    result = compare(layout, text, folder)
    netgen = result.netgen if verdict.netgen is None else verdict.netgen
    assert (result.klayout, result.netgen) == (verdict.klayout, netgen), result.errors
    assert result.passed == (verdict.klayout and netgen)
    assert bool(result.errors) != result.passed
    assert verdict.told in "\n".join(result.errors)
    matched = matching.run(folder / "neuron.gds", folder / "neuron.spice")
    assert {error.partition(":")[0] for error in matched.errors} >= set(verdict.matching)
    assert matched.passed == (not verdict.matching), matched.errors


VARIANTS = {"two vias of three missing", "inner nets shorted", "one unit's L, a tenth", "unit dropped"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in VARIANTS)) for name in IN_THE_LAYOUT]
)
def test_in_the_layout(name: str, drawn: kdb.Layout, netlist: str, tmp_path: Path) -> None:
    spoil, verdict = IN_THE_LAYOUT[name]
    mutant = Mutant(drawn.dup())
    spoil(mutant)
    check(mutant.layout, netlist, verdict, tmp_path)


IN_THE_NETLIST: dict[str, tuple[str, str, str, Verdict]] = {
    # name: (device, replaced, by, verdict)
    "W": ("row1_synapse_weight", "w=2 ", "w=2.1 ", Verdict(*BOTH, "W=4.2 ")),
    "L": ("row1_synapse_weight", "l=1 ", "l=1.1 ", Verdict(*BOTH, "L=1.1 ")),
    "units": ("row1_synapse_weight", "m=2", "m=3", Verdict(*BOTH, "W=6 ")),
    "drain": ("row1_synapse_weight", "coln ", "colp ", Verdict(*BOTH, "Netlists do not match")),
    "bulk": ("row1_amplifier_pair_plus", "vdd ", "row1_amplifier_tail ", Verdict(*BOTH, "ROW1_AMPLIFIER_PAIR_PLUS")),
    "dummies": (
        "row1_synapse_dummy",
        "Xrow1_synapse_dummy",
        "* Xrow1_synapse_dummy",
        Verdict(*BOTH, "nfet_01v8_dummy"),
    ),
}


@pytest.mark.parametrize("name", IN_THE_NETLIST)
def test_in_the_netlist(name: str, drawn: kdb.Layout, netlist: str, tmp_path: Path) -> None:
    device, old, new, verdict = IN_THE_NETLIST[name]
    (line,) = re.findall(rf"^X{device} .*$", netlist, re.MULTILINE)
    assert line.count(old) == 1
    check(drawn, netlist.replace(line, line.replace(old, new)), verdict, tmp_path)


def test_weights_of_equal_inputs_may_not_be_exchanged(tmp_path: Path) -> None:
    """The netlist of [2, 1] against the layout of [1, 2]."""
    layout, other = (catalog.load("neuron", [f"weights={weights}"]) for weights in ("[1,2]", "[2,1]"))
    verdict = Verdict(*BOTH, "pin iin1 of the layout is iin0 in the netlist")
    check(catalog.layout_of(layout), catalog.circuit_of(other).to_spice(), verdict, tmp_path)


# Design rules. All defects lie in one layout, some um apart, so that one run of the decks tells of each.


def flat(layout: kdb.Layout) -> Mutant:
    copy = layout.dup()
    copy.top_cell().flatten(True)
    return Mutant(copy)


def place_of(layout: kdb.Layout, name: str) -> kdb.Box:
    """Where the cell of this name lies in the top cell."""
    cell = layout.cell(f"neuron_{name}_{SPEC.variant}")
    trans = kdb.ICplxTrans()
    box = cell.bbox()
    while parents := list(cell.each_parent_inst()):
        trans = kdb.ICplxTrans(parents[0].child_inst().trans.inverted()).inverted() * trans
        cell = layout.cell(parents[0].parent_cell_index())
    return trans * box


def notch(m: Mutant, layer: str, wire: kdb.Box, rest: int, *, along_x: bool) -> kdb.Box:
    """Leave `rest` nm of a wire's width, over 1 um in its middle."""
    at = wire.center()
    box = (
        kdb.Box(at.x - 500, wire.bottom + rest, at.x + 500, wire.top)
        if along_x
        else kdb.Box(wire.left + rest, at.y - 500, wire.right, at.y + 500)
    )
    m.cut("", layer, box)
    return box


def thin_trunk(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    wire = trunk(Mutant(layout), "row0").transformed(_into_top(layout, "row0"))
    return notch(m, "met3", wire, 295, along_x=False)


def _into_top(layout: kdb.Layout, name: str) -> kdb.Trans:
    inner = layout.cell(f"neuron_{name}_{SPEC.variant}").bbox()
    at = place_of(layout, name)
    return kdb.Trans(at.left - inner.left, at.bottom - inner.bottom)


def thin_pin(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    """The wire of the first input between the pin and the row."""
    texts = m.shapes(m.cell(""), PIN_LAYERS["met2"].label).each(kdb.Shapes.STexts)
    at = next(shape.text_pos for shape in texts if shape.text_string == "iin0")
    wire = kdb.Box(at.x + 1000, at.y - RAIL_HALF, at.x + 5000, at.y + RAIL_HALF)
    return notch(m, "met2", wire, 135, along_x=True)


def no_well_tap(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    place = place_of(layout, "row1_pair")
    m.cut("", "tap", place)
    return place


def taps_at_the_sides_alone(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    """Of a wide array: its middle is then too far from its well's taps."""
    inner = place_of(layout, "bias_p").enlarged(-1200, 0)
    m.cut("", "tap", inner)
    return inner


def no_npc(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    """Over every gate contact of an array."""
    place = place_of(layout, "sink")
    m.cut("", "npc", place)
    return place


def pin_off_its_metal(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    box = kdb.Box(-5000, 0, -4700, 300)
    m.shapes(m.cell(""), PIN_LAYERS["met2"].pin).insert(box)
    return box


def via_off_the_grid(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    via = m.boxes("", "via2")[-1]
    m.cut("", "via2", via)
    m.add("", "via2", via.moved(1, 0))
    return via


def small_island(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    """Metal 1 of minimum width on both sides, with no contact."""
    box = kdb.Box(-5000, 20000, -4860, 20140)
    m.add("", "met1", box)
    return box


def narrow_gap(m: Mutant, layout: kdb.Layout) -> kdb.Box:
    """Two wires of metal 1, 135 nm apart."""
    boxes = (kdb.Box(-8000, 40000, -4000, 40200), kdb.Box(-8000, 40335, -4000, 40535))
    for box in boxes:
        m.add("", "met1", box)
    return boxes[0] + boxes[1]


Rules = dict[str, set[str]]
IN_THE_RULES: dict[str, tuple[Callable[[Mutant, kdb.Layout], kdb.Box], Rules]] = {
    "trunk thinned to 295 nm": (thin_trunk, {"ours": {"m3.1"}, "official": {"MR_met3.WID.1"}, "magic": {"met3.1"}}),
    "pin's wire thinned to 135 nm": (
        thin_pin,
        {"ours": {"m2.1"}, "official": {"MR_met2.WID.1"}, "magic": {"met2.1"}},
    ),
    # The official deck has no rule about taps. Their contacts are left over.
    "taps of an n-well missing": (
        no_well_tap,
        {"ours": {"nwell.4", "LU.3", "licon.4"}, "magic": {"nwell.4", "LU.3"}},
    ),
    "taps above and below missing": (
        taps_at_the_sides_alone,
        {"ours": {"LU.3", "licon.4", "licon.6"}, "magic": {"licon.1", "LU.3"}},
    ),
    # Ours alone.
    "npc missing": (no_npc, {"ours": {"licon.18"}}),
    "pin off its metal": (
        pin_off_its_metal,
        {"ours": {"x.5"}, "pin-label": {"69/16: met2, pin/label not-over drawing:69/20"}},
    ),
    "via off the grid": (
        via_off_the_grid,
        {"ours": {"via2.5", "x.1b"}, "official": {"via2_OFFGRID", "via2.5"}},
    ),
    "small island": (
        small_island,
        {"ours": {"m1.6"}, "official": {"MR_met1.AR.1", "m1.x"}, "magic": {"met1.6"}},
    ),
    "narrow gap": (
        narrow_gap,
        {"ours": {"m1.2"}, "official": {"MR_met1.SP.1", "m1.x"}, "magic": {"met1.2"}},
    ),
}


def test_in_the_rules(drawn: kdb.Layout, tmp_path: Path) -> None:
    """Which rules of which deck tell of each defect, and that none tells of anything else."""
    mutant = flat(drawn)
    places = {name: plant(mutant, drawn) for name, (plant, _) in IN_THE_RULES.items()}
    result = drc.run(mutant.write(tmp_path / "mutant.gds"), work=tmp_path / "work", jobs=2)
    found: dict[str, Rules] = {name: defaultdict(set) for name in places}
    for violation in result.violations:
        at = kdb.Point(round(violation.x * 1000), round(violation.y * 1000))
        near = [name for name, box in places.items() if box.enlarged(1000, 1000).contains(at)]
        assert len(near) == 1, violation
        found[near[0]][violation.deck].add(violation.rule)
    assert not result.passed
    assert {name: dict(rules) for name, rules in found.items()} == {n: rules for n, (_, rules) in IN_THE_RULES.items()}


# Extraction.


def extracted(mutant: Mutant, netlist: str, folder: Path) -> extract.ExtractResult:
    schematic = folder / "neuron.spice"
    schematic.write_text(netlist)
    gds = mutant.write(folder / "neuron.gds")
    return extract.run(gds, out=folder / "neuron.pex.spice", work=folder / "work", schematic=schematic)


def capacitance_ff(path: Path, net: str) -> float:
    """Of a net to all others."""
    lines = (line.split() for line in path.read_text().splitlines() if line.startswith("C"))
    return sum(float(value) for _, one, other, value in lines if net in (one, other)) * 1e15


def test_a_long_wire_on_an_input_is_capacitance(drawn: kdb.Layout, netlist: str, tmp_path: Path) -> None:
    """100 um of metal 2 beside the neuron."""
    folders = [tmp_path / "as drawn", tmp_path / "with wire"]
    for folder in folders:
        folder.mkdir()
        mutant = Mutant(drawn.dup())
        if folder is folders[1]:
            texts = mutant.shapes(mutant.cell(""), PIN_LAYERS["met2"].label).each(kdb.Shapes.STexts)
            at = next(shape.text_pos for shape in texts if shape.text_string == "iin0")
            mutant.add("", "met2", kdb.Box(at.x - 100_000, at.y - 70, at.x, at.y + 70))
        extracted(mutant, netlist, folder)
    before, after = (capacitance_ff(folder / "neuron.pex.spice", "iin0") for folder in folders)
    # Area and edge of metal 2 over the substrate: 17.5 aF/um^2 and 37.76 aF/um (Magic technology, sky130A).
    by_hand = 100 * (0.14 * 17.5 + 2 * 37.76) * 1e-3
    assert after - before == pytest.approx(by_hand, rel=0.05)
    other = [capacitance_ff(folder / "neuron.pex.spice", "iin1") for folder in folders]
    assert other[0] == pytest.approx(other[1], rel=1e-3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m: relabel(m, {"iin1": None}), "pin iin1 of neuron has no net in the layout"),
        (short_of_pins, "are one net in the layout: a short"),
    ],
    ids=["label deleted", "pins shorted"],
)
def test_extraction_refuses(
    spoil: Callable[[Mutant], None], message: str, drawn: kdb.Layout, netlist: str, tmp_path: Path
) -> None:
    mutant = Mutant(drawn.dup())
    spoil(mutant)
    with pytest.raises(NetlistError, match=message):
        extracted(mutant, netlist, tmp_path)
    assert not (tmp_path / "neuron.pex.spice").exists()


def test_extraction_keeps_an_open_open(drawn: kdb.Layout, netlist: str, tmp_path: Path) -> None:
    """A net more than the netlist has."""
    counts = []
    for spoil in (lambda m: None, via_missing):
        folder = tmp_path / str(len(counts))
        folder.mkdir()
        mutant = Mutant(drawn.dup())
        spoil(mutant)
        result = extracted(mutant, netlist, folder)
        words = [line.split() for line in result.pex.read_text().splitlines() if line.startswith("X")]
        counts.append((result.devices, len({net for line in words for net in line[1:] if "=" not in net})))
    assert counts[1][0] == counts[0][0]
    assert counts[1][1] == counts[0][1] + 1
