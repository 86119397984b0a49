"""High-ohmic resistors: what they have in ohm, what is drawn, the rules, the netlist comparison and its defects."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from mirrorneuron.flows import lvs, simulate
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import Bench, Points, Voltage
from mirrorneuron.generators.cells.mirrors.parts.resistors import BARS_MAX, resistor_array
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.primitives.resistor import draw_resistors
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.generators.primitives.spine import Power, Stacks, compose, draw_pins
from mirrorneuron.generators.units import ResistorArray
from mirrorneuron.pdk_sky130.devices import BAR_LENGTH_MAX_NM, BAR_LENGTH_MIN_NM, POLY_RESISTORS, poly_resistor
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError

from tests.kit import rules

# Rows, wells, bars in series and in parallel, dummies beside and within, every width, both kinds.
SIZES = {
    "alone": (ResistorArray("res_xhigh_po_0p35", BAR_LENGTH_MIN_NM, common_centroid({"a": 1}, edge_columns=0)), False),
    "shortest": (ResistorArray("res_high_po_5p73", BAR_LENGTH_MIN_NM, common_centroid({"a": 1, "b": 1})), True),
    "series": (ResistorArray("res_xhigh_po_0p69", 9005, common_centroid({"a": 3, "b": 6}), 3), False),
    "rows": (ResistorArray("res_high_po_1p41", 4000, common_centroid({"a": 2, "b": 4, "c": 8}, rows=2), 2), True),
    "odd": (ResistorArray("res_xhigh_po_2p85", 3000, common_centroid({"a": 1, "b": 3}, rows=3, edge_rows=1)), False),
    "long": (ResistorArray("res_high_po_0p35", BAR_LENGTH_MAX_NM, common_centroid({"a": 2, "b": 2})), False),
    "many": (ResistorArray("res_xhigh_po_5p73", 6000, common_centroid(dict.fromkeys("abcdefghi", 2), rows=3)), False),
}


def ends(size):
    return {owner: (f"t_{owner}", "vss") for owner in size.pattern.owners}


GROUPS = (("alone", "series", "shortest"), ("odd", "rows"), ("many", "long"))
"""Of each model one with dummies: netgen cannot tell dummies of several lengths on one net from each other."""


def drawn(names, netlist_of=lambda name, size: size):
    """Some of `SIZES` as one layout, and a netlist of the sizes that `netlist_of` makes of them."""
    sheet, parts = Sheet(), Parts()
    blocks, pins = [], ["vss"]
    for name in names:
        size, in_well = SIZES[name]
        own = {owner: (f"{name}_{owner}", "vss") for owner in size.pattern.owners}
        blocks.append(draw_resistors(sheet, f"block_{name}", size, own, "vss", in_well=in_well))
        parts.resistor(name, netlist_of(name, size), "vss", own)
        pins += [net for net, _ in own.values()]
    half = (len(blocks) + 1) // 2
    draw_pins(
        sheet, compose(sheet, "top", Stacks(blocks[:half], blocks[half:]), exports=pins, power=Power(["vss"])), ()
    )
    return sheet.finish(), Netlist("top", tuple(pins), tuple(parts.devices)).to_spice()


def write(tmp_path, names, netlist_of=lambda name, size: size):
    gds, spice = tmp_path / "top.gds", tmp_path / "top.spice"
    layout, netlist = drawn(names, netlist_of)
    layout.write(str(gds))
    spice.write_text(netlist)
    return gds, spice


rules.add("resistors", lambda: drawn(SIZES)[0])


def test_rules(design_rules):
    assert not design_rules.violations["resistors"]


@pytest.mark.parametrize("names", GROUPS, ids=" ".join)
def test_netlist(tmp_path, names):
    gds, spice = write(tmp_path, names)
    result = lvs.run(gds, spice, work=tmp_path / "lvs")
    assert result.passed, result.errors


@pytest.mark.parametrize(
    "change",
    [{"length_nm": 9010}, {"series": 1}],
    ids=["longer by 5 nm", "all in parallel"],
)
def test_another_netlist_does_not_match(tmp_path, change):
    gds, spice = write(tmp_path, GROUPS[0], lambda name, size: replace(size, **change) if name == "series" else size)
    assert not lvs.run(gds, spice, work=tmp_path / "lvs").passed


@pytest.mark.parametrize("name", SIZES)
def test_drawn_as_asked_for(kit, name):
    size, in_well = SIZES[name]
    sheet = Sheet()
    block = draw_resistors(sheet, "block", size, ends(size), "vss", in_well=in_well)
    shapes = kit.Extraction(block.cell).drawn
    bodies = [shape.bbox() for shape in shapes["poly_res"].each()]
    width = poly_resistor(size.device).width_nm
    assert {(body.width(), body.height()) for body in bodies} == {(width, size.length_nm)}
    columns = sorted({body.left for body in bodies})
    levels = sorted({body.bottom for body in bodies})
    assert (len(columns), len(levels)) == (size.pattern.columns, len(size.pattern.rows))
    assert len({b - a for a, b in itertools.pairwise(columns)}) <= 1
    assert len({b - a for a, b in itertools.pairwise(levels)}) <= 1
    assert bool(shapes["nwell"].count()) == in_well
    assert shapes["rpm" if "xhigh" in size.device else "urpm"].is_empty()


def test_ohms_are_those_of_the_models(tmp_path):
    """Of bars with 1 mV across, at tt, 27 C."""
    lengths = (BAR_LENGTH_MIN_NM, 5000, BAR_LENGTH_MAX_NM)
    bars = {f"p{k}_{n}": (device, n) for k, device in enumerate(POLY_RESISTORS.values()) for n in lengths}
    parts = Parts()
    for pin, (device, length) in bars.items():
        size = ResistorArray(device.name, length, common_centroid({"bar": 1}, edge_columns=0))
        parts.resistor(pin, size, "vss", {"bar": (pin, "vss")})
    path = tmp_path / "bars.spice"
    path.write_text(parts.netlist("bars", [*bars, "vss"], []).to_spice())
    sources = [Voltage("vss", 0.0), *(Voltage(pin, 1e-3) for pin in bars)]
    found = simulate.run(Bench(path, "bars", sources, {"op": Points()}), Condition("tt", 27.0))["op"]
    for pin, (device, length) in bars.items():
        assert 1e-3 / abs(float(found.i(pin)[0])) == pytest.approx(device.resistance(length), rel=0.003), pin


def test_a_size_for_every_resistance():
    for name, device in POLY_RESISTORS.items():
        for ohm in (0.0, 1.23e5, 8e5):
            ohm = max(ohm, device.resistance(BAR_LENGTH_MIN_NM))
            size = resistor_array(name, ohm, {"a": 1, "b": 2}, "it")
            drawn = size.series * device.resistance(size.length_nm)
            step = size.series * (device.resistance(2005) - device.resistance(2000))
            assert drawn == pytest.approx(ohm, abs=step)
            assert size.pattern.count("b") == 2 * size.pattern.count("a") == 2 * size.series
            assert BAR_LENGTH_MIN_NM <= size.length_nm <= BAR_LENGTH_MAX_NM


def test_what_cannot_be_drawn_is_refused():
    size, _ = SIZES["series"]
    for length in (BAR_LENGTH_MIN_NM - 5, BAR_LENGTH_MAX_NM + 5, 2001):
        with pytest.raises(SpecError, match=f"of {length} nm: 660 to 50000 nm in steps of 5 nm"):
            draw_resistors(Sheet(), "block", replace(size, length_nm=length), ends(size), "vss")
    with pytest.raises(SpecError, match=r"no resistor 'res_po'; there are: res_xhigh_po_0p35"):
        draw_resistors(Sheet(), "block", replace(size, device="res_po"), ends(size), "vss")
    with pytest.raises(SpecError, match=r"but ends of \['a'\]"):
        draw_resistors(Sheet(), "block", size, {"a": ("t", "vss")}, "vss")
    for series in (0, 2):
        with pytest.raises(SpecError, match=rf"of {{'a': 3, 'b': 6}} bars in {series} groups: each owner needs whole"):
            replace(size, series=series)
    with pytest.raises(NetlistError, match="are connected"):
        Parts().resistor("r", size, "vss", {"a": ("t", "vss")})
    with pytest.raises(SpecError, match=r"it is 100 ohm: the shortest bar of res_xhigh_po_0p69, 0.66 um, has"):
        resistor_array("res_xhigh_po_0p69", 100.0, {"a": 1}, "it")
    with pytest.raises(SpecError, match=f"it is 1e[+]09 ohm: 4 of them .* more than {BARS_MAX} bars"):
        resistor_array("res_xhigh_po_0p69", 1e9, {"a": 4}, "it")
