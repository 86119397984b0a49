"""What a layout of resistors, diodes, bipolars or capacitors may have wrong, one planted defect each."""

from __future__ import annotations

import klayout.db as kdb
import pytest
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.layers import DRAWING

from tests.kit import lvs_batch

RESISTOR = ".subckt cell a b s\nX1 a b s sky130_fd_pr__res_high_po w=0.5 l=2\n.ends\n"
DIODE = ".subckt cell j s\nX1 s j sky130_fd_pr__diode_pw2nd_05v5 area=2e12 perim=6e6\n.ends\n"
NPN = ".subckt cell c b e s\nX1 c b e s sky130_fd_pr__npn_05v5_W1p00L1p00\n.ends\n"
VPP = ".subckt cell c0 c1 s\nX1 c0 c1 s sky130_fd_pr__cap_vpp_02p4x04p6_m1m2_noshield\n.ends\n"


def resistor(kit, *, covers=(layers.RPM, layers.PSDM, layers.NPC), tap=True, w=500):
    drawing = kit.Drawing()
    drawing.strip(layers.POLY, 0, w, [2000], layers.POLY_RES)
    drawing.cover(*covers)
    if tap:
        drawing.tap("s", -2000, 300, layers.PSDM)
    return drawing


def changed(drawing, layer, x0, y0, x1, y1):
    drawing.box(layer, x0, y0, x1, y1)
    return drawing


def cut(drawing, layer, x0, y0, x1, y1):
    index = drawing.layout.layer(*layer)
    kept = kdb.Region(drawing.cell.shapes(index)) - kdb.Region(kdb.Box(x0, y0, x1, y1))
    drawing.cell.shapes(index).clear()
    drawing.cell.shapes(index).insert(kept)
    return drawing


def diode(kit, *marks):
    drawing = kit.Drawing()
    drawing.box(layers.DIFF, 0, 0, 2000, 1000)
    drawing.cover(layers.NSDM, *marks)
    drawing.contact("j", 1000, 500)
    drawing.tap("s", -3000, 500, layers.PSDM)
    return drawing


def foundry(kit, family, name, labels, metal, trans=None):
    folder = install.locate().fd_pr
    if folder is None:
        pytest.skip("this PDK installation has no cells of fixed layout in the foundry's form")
    drawing = kit.Drawing()
    drawing.place(folder / "cells" / family / f"sky130_fd_pr__{name}.gds", trans)
    for net, (x, y) in labels.items():
        drawing.label(net, metal, x, y)
    drawing.tap("s", -3000, 500, layers.PSDM)
    return drawing


def npn(kit, size="W1p00L1p00"):
    ends = {"e": (4300, 4300), "b": (4300, 2800), "c": (4300, 800)}
    return foundry(kit, "rf_npn_05v5", f"rf_npn_05v5_{size}", ends, "met1")


def unmarked_npn(kit):
    drawing = npn(kit)
    drawing.layout.cell("sky130_fd_pr__rf_npn_05v5_W1p00L1p00").shapes(drawing.layout.layer(*layers.NPN)).clear()
    return drawing


def vpp(kit):
    name = "cap_vpp_02p4x04p6_m1m2_noshield"
    return foundry(kit, name, name, {"c0": (920, 618), "c1": (633, 3970)}, "met2")


def other_vpp(kit):
    """A finger 5 nm longer."""
    drawing = vpp(kit)
    (child,) = drawing.cell.each_child_cell()
    shapes = drawing.layout.cell(child).shapes(drawing.layout.layer(*layers.MET1))
    box = kdb.Region(shapes).bbox()
    shapes.insert(kdb.Box(box.left, box.top, box.right, box.top + 5))
    return drawing


def shorted_vpp(kit):
    """A wire over the cell from one side to the other."""
    return changed(vpp(kit), layers.MET2, 600, 500, 1000, 4100)


GOOD = {
    "resistor": (resistor, RESISTOR),
    "resistor in the other direction": (resistor, RESISTOR.replace("X1 a b", "X1 b a")),
    "diode": (lambda k: diode(k, DRAWING["areaid_de"]), DIODE),
    "npn": (npn, NPN),
    "vpp": (vpp, VPP),
}
RES, BODY = layers.POLY_RES, (0, 500, 500, 2500)
DEFECTS = {
    # name: (drawing, netlist, what is told)
    "bent body": (
        lambda k: changed(changed(resistor(k), RES, 500, 500, 800, 900), layers.POLY, 500, 500, 800, 900),
        RESISTOR,
        "no rectangle",
    ),
    "mark narrower than the poly": (
        lambda k: cut(resistor(k), RES, 400, 0, 900, 9000),
        RESISTOR,
        "1 ends instead of 2",
    ),
    "body wider than an end": (
        lambda k: cut(resistor(k), layers.POLY, 400, 2500, 900, 9000),
        RESISTOR,
        "ends do not lie",
    ),
    "an end cut off": (lambda k: cut(resistor(k), layers.POLY, -10, 2500, 900, 9000), RESISTOR, "1 ends instead of 2"),
    "contact on the body": (
        lambda k: changed(resistor(k), layers.LICON1, 165, 1400, 335, 1570),
        RESISTOR,
        "contact on its body",
    ),
    "no npc": (lambda k: resistor(k, covers=(layers.RPM, layers.PSDM)), RESISTOR, "make no resistor"),
    "no p+ implant": (lambda k: resistor(k, covers=(layers.RPM, layers.NPC)), RESISTOR, "make no resistor"),
    "rpm and urpm": (
        lambda k: resistor(k, covers=(layers.RPM, layers.URPM, layers.PSDM, layers.NPC)),
        RESISTOR,
        "make no resistor",
    ),
    "urpm for rpm": (
        lambda k: resistor(k, covers=(layers.URPM, layers.PSDM, layers.NPC)),
        RESISTOR,
        "res_xhigh_po W=0.5",
    ),
    "no resistor mark": (lambda k: cut(resistor(k), RES, -10, 0, 900, 9000), RESISTOR, "without a resistor mark"),
    "half in a well": (
        lambda k: changed(resistor(k), layers.NWELL, -500, -1000, 5000, 1500),
        RESISTOR,
        "edge of a well",
    ),
    "no tap": (lambda k: resistor(k, tap=False), RESISTOR, "p-well or substrate without tap"),
    "poly width": (lambda k: resistor(k, w=505), RESISTOR, "W=0.505"),
    "diode without mark": (diode, DIODE, "belongs to no device"),
    "diode half marked": (
        lambda k: changed(diode(k), DRAWING["areaid_de"], -200, -200, 900, 1200),
        DIODE,
        "leaves its mark",
    ),
    "diode mark on nothing": (
        lambda k: changed(diode(k, DRAWING["areaid_de"]), DRAWING["areaid_de"], 9000, 0, 9900, 900),
        DIODE,
        "marks a device",
    ),
    "npn without mark": (unmarked_npn, NPN, "belongs to no device"),
    "npn of a size without model": (lambda k: npn(k, "W1p00L2p00"), NPN, "npn_05v5_w1p00l2p00"),
    "emitter 5 nm longer": (
        lambda k: changed(npn(k), layers.DIFF, 3810, 4810, 4810, 4815),
        NPN,
        "of this size has a model",
    ),
    "npn mark on nothing": (lambda k: changed(npn(k), layers.NPN, 20_000, 0, 21_000, 900), NPN, "marks no emitter"),
    "no closed well ring": (lambda k: cut_child(npn(k), layers.NWELL), NPN, "belongs to no device"),
    "vpp changed": (other_vpp, VPP, "marks no finger capacitor"),
    "vpp shorted": (shorted_vpp, VPP, "short: the labels c0, c1"),
    "vpp mark on nothing": (
        lambda k: changed(vpp(k), DRAWING["capacitor"], 20_000, 0, 21_000, 900),
        VPP,
        "marks no finger",
    ),
    "memory cell": (lambda k: changed(resistor(k), DRAWING["areaid_ce"], 0, 0, 900, 900), RESISTOR, "areaid_ce at"),
}


def cut_child(drawing, layer):
    (child,) = drawing.cell.each_child_cell()
    cell = drawing.layout.cell(child)
    index = drawing.layout.layer(*layer)
    kept = kdb.Region(cell.shapes(index)) - kdb.Region(kdb.Box(4000, 6000, 4600, 99_000))
    cell.shapes(index).clear()
    cell.shapes(index).insert(kept)
    return drawing


def evidence(kit, cases, folder):
    pairs = {}
    for number, (name, (draw, netlist, *_)) in enumerate(cases.items()):
        gds, spice = draw(kit).write(folder / f"{number}.gds"), folder / f"{number}.spice"
        spice.write_text(netlist)
        pairs[name] = (gds, spice)
    return lvs_batch.evidence(pairs, folder)


def test_good(kit, tmp_path):
    for name, found in evidence(kit, GOOD, tmp_path).items():
        assert (found["passed"], found["devices"]) == (True, 1), (name, found["errors"])


def test_defects(kit, tmp_path):
    """One run of KLayout for all."""
    missed = {
        name: found["errors"]
        for name, found in evidence(kit, DEFECTS, tmp_path).items()
        if found["passed"] or DEFECTS[name][2] not in "\n".join(found["errors"])
    }
    assert not missed
