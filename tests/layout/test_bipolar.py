"""npn transistors: the foundry's cell as it is, the rules, the netlist comparison and its defects."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from klayout import db as kdb
from mirrorneuron.flows import lvs
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.primitives import bipolar
from mirrorneuron.generators.primitives.bipolar import draw_bipolars
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.generators.primitives.spine import Power, Stacks, compose, draw_pins
from mirrorneuron.generators.units import BipolarArray
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.devices import BIPOLARS
from mirrorneuron.pdk_sky130.errors import MissingToolError, NetlistError, SpecError

from tests.kit import rules

SMALL, LARGE = BIPOLARS
ARRAYS = {
    "one": BipolarArray(SMALL, common_centroid({"a": 1}, edge_columns=0)),
    "two": BipolarArray(LARGE, common_centroid({"a": 1, "b": 2}, edge_columns=0)),
    "rows": BipolarArray(SMALL, common_centroid({"a": 1, "b": 2, "c": 3}, rows=2, edge_columns=0)),
}


def nets(name, size):
    """Collectors and emitters by owner, one base."""
    return {owner: (f"{name}_c{owner}", f"{name}_b", f"{name}_e{owner}") for owner in size.pattern.owners}


def drawn(change=lambda name, found: found):
    """All of `ARRAYS` as one layout, and their netlist with changed nets."""
    sheet, parts = Sheet(), Parts()
    blocks, pins = [], ["vss"]
    for name, size in ARRAYS.items():
        own = nets(name, size)
        blocks.append(draw_bipolars(sheet, f"block_{name}", size, own, "vss"))
        parts.bipolar(name, size, "vss", change(name, own))
        pins += dict.fromkeys(net for terminals in own.values() for net in terminals)
    draw_pins(sheet, compose(sheet, "top", Stacks(blocks[:2], blocks[2:]), exports=pins, power=Power(["vss"])), ())
    return sheet.finish(), Netlist("top", tuple(pins), tuple(parts.devices)).to_spice()


def write(tmp_path, change=lambda name, found: found):
    gds, spice = tmp_path / "top.gds", tmp_path / "top.spice"
    layout, netlist = drawn(change)
    layout.write(str(gds))
    spice.write_text(netlist)
    return gds, spice


rules.add("bipolars", lambda: drawn()[0])


def test_rules(design_rules):
    assert not design_rules.violations["bipolars"]


def test_netlist(tmp_path):
    gds, spice = write(tmp_path)
    compared = lvs.run(gds, spice, work=tmp_path / "lvs")
    assert compared.passed, compared.errors


def swapped(name, found):
    """Two emitters exchanged."""
    if name != "rows":
        return found
    (ca, b, ea), (cb, _, eb) = found["a"], found["b"]
    return {**found, "a": (ca, b, eb), "b": (cb, b, ea)}


def test_other_nets_do_not_match(tmp_path):
    gds, spice = write(tmp_path, swapped)
    assert not lvs.run(gds, spice, work=tmp_path / "lvs").passed


@pytest.mark.parametrize("was, now", [(f"{SMALL} m=3", f"{SMALL} m=2"), (f"{LARGE} m=2", f"{SMALL} m=2")])
def test_other_transistors_do_not_match(tmp_path, was, now):
    gds, spice = write(tmp_path)
    text = spice.read_text()
    assert was in text
    spice.write_text(text.replace(was, now))
    assert not lvs.run(gds, spice, work=tmp_path / "lvs").passed


@pytest.mark.parametrize("device", BIPOLARS.values(), ids=lambda device: device.name)
def test_the_cell_is_the_foundrys(tmp_path, device):
    """Shape by shape, where the array has it."""
    sheet = Sheet()
    draw_bipolars(sheet, "block", replace(ARRAYS["one"], device=device.name), {"a": ("c", "b", "e")}, "vss")
    drawn, original = sheet.finish(), kdb.Layout()
    original.read(str(install.locate().fd_pr / device.file))
    source = original.top_cell()
    target = drawn.cell(source.name)
    shift = target.bbox().p1 - source.bbox().p1
    for info in original.layer_infos():
        was = kdb.Region(source.begin_shapes_rec(original.layer(info))).moved(shift)
        assert (kdb.Region(target.begin_shapes_rec(drawn.layer(info))) ^ was).is_empty(), info


def test_units_lie_at_one_pitch():
    size = ARRAYS["rows"]
    sheet = Sheet()
    block = draw_bipolars(sheet, "block", size, nets("rows", size), "vss")
    places = [
        (instance.trans.disp.x, instance.trans.disp.y)
        for instance in block.cell.each_inst()
        if instance.cell.name.startswith("sky130_fd_pr__rf_npn")
    ]
    units = sum(size.pattern.count(owner) for owner in size.pattern.owners)
    assert len(places) == len(set(places)) == units
    for axis, most in ((0, size.pattern.columns), (1, len(size.pattern.rows))):
        steps = sorted({place[axis] for place in places})
        assert len(steps) <= most
        assert len({b - a for a, b in itertools.pairwise(steps)}) <= 1


def test_a_pdk_without_the_cell(monkeypatch):
    pdk = replace(install.locate(), fd_pr=None, source="installed, PDK_ROOT=there")
    monkeypatch.setattr(bipolar, "locate", lambda: pdk)
    wanted = r"the PDK \(installed, PDK_ROOT=there\) does not have the foundry's cell of npn_05v5_w1p00l1p00"
    with pytest.raises(MissingToolError, match=wanted):
        draw_bipolars(Sheet(), "block", ARRAYS["one"], {"a": ("c", "b", "e")}, "vss")


def test_what_is_not_there_is_refused():
    with pytest.raises(SpecError, match=r"no bipolar transistor 'pnp'; there are: npn_05v5_w1p00l1p00"):
        draw_bipolars(Sheet(), "block", replace(ARRAYS["one"], device="pnp"), {"a": ("c", "b", "e")}, "vss")
    with pytest.raises(SpecError, match=r"npn of \['a'\] in block, but nets of \['b'\]"):
        draw_bipolars(Sheet(), "block", ARRAYS["one"], {"b": ("c", "b", "e")}, "vss")
    with pytest.raises(NetlistError, match="are connected"):
        Parts().bipolar("q", ARRAYS["one"], "vss", {"b": ("c", "b", "e")})
