"""Npn and poly resistors as our generators draw them: what is extracted is the schematic, and a defect shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest
from mirrorneuron.flows import extract
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.primitives.bipolar import draw_bipolars
from mirrorneuron.generators.primitives.resistor import draw_resistors
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.generators.primitives.spine import Power, Stacks, compose, draw_pins
from mirrorneuron.generators.units import BipolarArray, ResistorArray
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.spice.devices import FIXED_WIDTHS_UM

BARS = {
    "x": ResistorArray("res_xhigh_po_0p69", 8000, common_centroid({"a": 2, "b": 4}), series=2),
    "h": ResistorArray("res_high_po_1p41", 5005, common_centroid({"a": 1, "b": 2})),
}
NPNS = {
    "s": BipolarArray("npn_05v5_w1p00l1p00", common_centroid({"a": 1, "b": 2}, edge_columns=0)),
    "l": BipolarArray("npn_05v5_w1p00l2p00", common_centroid({"a": 1, "b": 1}, edge_columns=0)),
}


def nets(name, owners):
    """Of resistors both ends, of npn collector, base and emitter."""
    if name in BARS:
        return {owner: (f"{name}_{owner}", f"{name}_common") for owner in owners}
    return {owner: (f"{name}_c{owner}", f"{name}_base", f"{name}_e{owner}") for owner in owners}


def drawn(folder, *, wired=nets, bars=BARS, npns=NPNS, change=lambda layout: None):
    """Layout by `bars`, `npns` and `wired`, with the schematic of those that are right, extracted."""
    sheet, parts = Sheet(), Parts()
    blocks, pins = [], ["vss"]
    for name in (*BARS, *NPNS):
        right = BARS.get(name) or NPNS[name]
        ends = nets(name, right.pattern.owners)
        pins += dict.fromkeys(net for own in ends.values() for net in own)
        if name in BARS:
            parts.resistor(name, right, "vss", ends)
            blocks.append(draw_resistors(sheet, f"block_{name}", bars[name], wired(name, ends), "vss"))
        else:
            parts.bipolar(name, right, "vss", ends)
            blocks.append(draw_bipolars(sheet, f"block_{name}", npns[name], wired(name, ends), "vss"))
    draw_pins(sheet, compose(sheet, "top", Stacks(blocks[:2], blocks[2:]), exports=pins, power=Power(["vss"])), ())
    layout = sheet.finish()
    change(layout)
    folder.mkdir(exist_ok=True)
    layout.write(str(folder / "top.gds"))
    (folder / "top.spice").write_text(Netlist("top", tuple(pins), tuple(parts.devices)).to_spice())
    result = extract.run(
        folder / "top.gds", out=folder / "top.pex.spice", work=folder / "work", schematic=folder / "top.spice"
    )
    return folder / "top.spice", result


def devices(path: Path):
    """Npn and bars of a netlist: terminals, the device and its size; inner nets of a resistor are all called by it."""
    found, pins = [], set()
    for line in path.read_text().splitlines():
        words = line.partition("*")[0].split() or [""]
        names = [word for word in words if "=" not in word]
        values = {key: float(value) for key, value in (word.split("=") for word in words if "=" in word)}
        if words[0] == ".subckt":
            pins = set(words[2:])
        elif words[0].startswith("X"):
            model = FIXED_WIDTHS_UM.get(names[-1])
            size = (model[0], model[1]) if model else (names[-1], values.get("w"))
            found += [(tuple(names[1:-1]), (*size, values.get("l")))] * int(values.get("m", 1))
    return found, pins


def npns(path: Path):
    return Counter(one for one in devices(path)[0] if "npn" in one[1][0])


def resistances(path: Path):
    """Between the pins that bars lead to, in bars; with the sort of bar and their number. Dummies by themselves."""
    found, pins = devices(path)
    bars = [one for one in found if "res_" in one[1][0]]
    assert all(nodes[2] == "vss" for nodes, _ in bars)
    dummies = Counter(one for one in bars if one[0][0] == one[0][1])
    left, result = [one for one in bars if one[0][0] != one[0][1]], {}
    while left:
        # From one bar to all that hang together by inner nets.
        group, inner = [left.pop()], set()
        while True:
            inner |= {net for nodes, _ in group for net in nodes[:2] if net not in pins}
            more = [one for one in left if inner.intersection(one[0][:2])]
            if not more:
                break
            group += more
            left = [one for one in left if one not in more or inner.isdisjoint(one[0][:2])]
        ends = frozenset(net for nodes, _ in group for net in nodes[:2] if net in pins)
        result.setdefault(ends, []).extend(group)
    return dummies, {
        ends: (_between(ends, group), len(group), {size for _, size in group}) for ends, group in result.items()
    }


def _between(ends, group):
    """Resistance between two nets of resistors of 1."""
    names = sorted({net for nodes, _ in group for net in nodes[:2]} - ends) + sorted(ends)
    at = {net: k for k, net in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for (one, other, _), _ in group:
        for a, b in ((at[one], at[other]), (at[other], at[one])):
            matrix[a, a] += 1
            matrix[a, b] -= 1
    right = np.zeros(len(names) - 1)
    right[-1] = 1  # 1 A into the end before the last, which is held
    return round(float(np.linalg.solve(matrix[:-1, :-1], right)[-1]), 9)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("good"))


def test_npn_are_the_schematics(good):
    spice, result = good
    wanted = npns(spice)
    assert npns(result.pex) == wanted and wanted.total() == 5
    assert wanted[("s_cb", "s_base", "s_eb", "vss"), ("sky130_fd_pr__npn_05v5_w1p00l1p00", None, None)] == 2


def test_resistors_are_the_schematics(good):
    spice, result = good
    dummies, wanted = resistances(spice)
    assert resistances(result.pex) == (dummies, wanted)
    kind = ("sky130_fd_pr__res_xhigh_po", 0.69, 8.0)
    assert wanted[frozenset(("x_a", "x_common"))] == (2.0, 2, {kind})
    assert wanted[frozenset(("x_b", "x_common"))] == (1.0, 4, {kind})
    assert dummies[("vss", "vss", "vss"), kind] > 0


def test_nothing_else_is_extracted(good):
    spice, result = good
    assert result.devices == len(devices(spice)[0]) == len(devices(result.pex)[0])
    assert result.warnings == ()


def exchanged(which):
    def wired(name, ends):
        return {"a": ends["b"], "b": ends["a"]} if name == which else ends

    return wired


def base_and_emitter(name, ends):
    return {**ends, "a": (ends["a"][0], ends["a"][2], ends["a"][1])} if name == "l" else ends


def longer(layout):
    for cell in layout.each_cell():
        if cell.name.startswith("res_high"):
            body = cell.shapes(layout.layer(*layers.POLY_RES))
            box = kdb.Region(body).bbox()
            body.insert(kdb.Box(box.left, box.bottom, box.right, box.top + 5))


DEFECTS = {
    "npn with their nets exchanged": ({"wired": exchanged("s")}, npns),
    "base and emitter exchanged": ({"wired": base_and_emitter}, npns),
    "an npn of the other size": ({"npns": {**NPNS, "s": replace(NPNS["s"], device="npn_05v5_w1p00l2p00")}}, npns),
    "resistors with their nets exchanged": ({"wired": exchanged("x")}, resistances),
    "bars 5 nm longer": ({"change": longer}, resistances),
    "parallel for series": (
        {"bars": {**BARS, "x": replace(BARS["x"], series=1)}},
        resistances,
    ),
    "another width": ({"bars": {**BARS, "h": replace(BARS["h"], device="res_high_po_2p85")}}, resistances),
    "another sheet": (
        {"bars": {**BARS, "h": replace(BARS["h"], device="res_xhigh_po_1p41")}},
        resistances,
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_in_the_netlist(defect, tmp_path):
    given, read = DEFECTS[defect]
    spice, result = drawn(tmp_path / "bad", **given)
    assert read(result.pex) != read(spice)
    other = resistances if read is npns else npns
    assert other(result.pex) == other(spice)


def capacitance(path: Path):
    found: dict[frozenset[str], float] = defaultdict(float)
    for line in path.read_text().splitlines():
        if line.startswith("C"):
            _, one, other, value = line.split()
            found[frozenset((one, other))] += 1e15 * float(value)
    return found


def test_the_wells_that_an_npns_model_has_are_not_counted_twice(good):
    """Magic has 120 aF/um2 for the 74 um2 of n-well and deep n-well: 8.9 fF in each npn. What is left is metal's."""
    found = capacitance(good[1].pex)
    assert 0 < found[frozenset(("s_ca", "vss"))] < 7
    # Two in parallel.
    assert found[frozenset(("s_ca", "vss"))] < found[frozenset(("s_cb", "vss"))] < 14


def test_a_well_without_npn_keeps_its_capacitance(good, tmp_path):
    def unmarked(layout):
        for cell in layout.each_cell():
            cell.shapes(layout.layer(*layers.NPN)).clear()

    pex = drawn(tmp_path / "bare", change=unmarked)[1].pex
    before, after = (capacitance(path)[frozenset(("s_ca", "vss"))] for path in (good[1].pex, pex))
    assert after - before == pytest.approx(0.12 * 8.62**2, rel=0.02)
