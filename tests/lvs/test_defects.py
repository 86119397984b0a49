"""One planted defect each, and what each tool must say of it: where one is blind, the other's verdict decides."""

from __future__ import annotations

import pytest
from mirrorneuron.pdk_sky130 import layers


def wrong(netlist, old, new):
    assert netlist.count(old) == 1
    return netlist.replace(old, new)


NETLIST_DEFECTS = {
    # name: (replaced, by, KLayout matches, netgen matches, what is told)
    "w of fingers": ("w=1 l=0.5 nf=1 m=2", "w=1.2 l=0.5 nf=1 m=2", False, False, "W=2.4"),
    "w within netgen's 1 %": ("w=2 l=0.5 nf=2", "w=2.005 l=0.5 nf=2", False, True, "W=2.005"),
    "l": ("w=2 l=0.5\n", "w=2 l=0.6\n", False, False, "L=0.6"),
    "m": ("nf=1 m=2", "nf=1 m=3", False, False, "W=3"),
    "pin missing": (".subckt cell in out vdd vss", ".subckt cell in out vdd", False, False, "label vss"),
    "no device": (None, ".subckt cell in out vdd vss\n.ends\n", False, False, "no device"),
}


@pytest.mark.parametrize("name", NETLIST_DEFECTS)
def test_netlist_defect(name, kit, compare):
    old, new, klayout, netgen, told = NETLIST_DEFECTS[name]
    result = compare(kit.cell(), new if old is None else wrong(kit.NETLIST, old, new))
    assert (result.klayout, result.netgen) == (klayout, netgen), result.errors
    assert not result.passed
    assert told in "\n".join(result.errors)


def extra_metal(kit):
    drawing = kit.cell()
    drawing.box(layers.MET1, 10_000, drawing.tracks["in"][0], 10_300, drawing.tracks["out"][0])
    return drawing


def second_label(kit, metal, net, text, x):
    drawing = kit.cell()
    drawing.label(text, metal, x, drawing.tracks[net][0])
    return drawing


def soft(kit):
    """The pfet's source and its own tap hang on an unlabelled track; only the well joins them to vdd."""
    return kit.cell(p=kit.prow(sds=("vddx", "out"), taps=("vddx", "vdd")))


def soft_substrate(kit):
    """The same of the dummy's track, the nfets' sources staying on vss."""
    sds = ("vss", "in", "vss", "out", "vss", "vssx")
    return kit.cell(n=kit.nrow(sds=sds, taps=("vss", "vssx")))


def split_label(kit):
    """Two tracks without a wire between them, both labelled in."""
    drawing = kit.cell(unvia="in")
    drawing.label("in", "met1", -5500, drawing.tracks["in"][1])
    return drawing


def lone_label(kit):
    drawing = kit.cell()
    drawing.label("ghost", "met1", -30_000, -30_000)
    return drawing


def empty(kit):
    drawing = kit.Drawing()
    drawing.box(layers.MET1, 0, 0, 1000, 1000)
    drawing.label("in", "met1", 500, 500)
    return drawing


def over_mark(kit, mark):
    drawing = kit.cell()
    drawing.box(mark, -200, drawing.tracks["in"][0], 9000, drawing.bottom)
    return drawing


LAYOUT_DEFECTS = {
    # name: (drawing, KLayout matches, netgen matches, what is told)
    "via missing": (lambda k: k.cell(unvia="in"), False, False, "floating gate"),
    "short": (extra_metal, False, False, "short: the labels in, out"),
    "labels swapped": (
        lambda k: k.cell(labels={"in": "out", "out": "in", "vdd": "vdd", "vss": "vss"}),
        False,
        False,
        "in",
    ),
    "label missing": (lambda k: k.cell(labels={"in": "in", "vdd": "vdd", "vss": "vss"}), False, False, "pin out"),
    "second label on a net": (
        lambda k: second_label(k, "met1", "in", "in2", -5000),
        False,
        False,
        "short: the labels in, in2",
    ),
    "label on two nets": (split_label, False, False, "open: the label in"),
    "label on nothing": (lone_label, False, False, "lies on no met1"),
    "lvt implant": (lambda k: k.cell(p=k.prow(marks=[layers.LVTN])), False, False, "pfet_01v8_lvt"),
    "implant missing": (
        lambda k: k.cell(p=k.prow(omit=[layers.PSDM])),
        False,
        False,
        "no transistor that this deck extracts",
    ),
    "thick oxide": (lambda k: over_mark(k, layers.HVI), False, False, "pfet_g5v0d10v5"),
    "esd mark": (
        lambda k: over_mark(k, layers.DRAWING["areaid_ed"]),
        False,
        True,
        "no transistor that this deck extracts",
    ),
    "resistor": (lambda k: over_mark(k, layers.POLY_RES), False, False, "make no resistor"),
    "bulk on another net": (lambda k: k.cell(p=k.prow(taps=("in",))), False, False, "B:in"),
    "dummy missing": (
        lambda k: k.cell(n=k.nrow(sds=k.nrow().sds[:-1], gates=k.nrow().gates[:-1])),
        False,
        False,
        "not in the layout",
    ),
    "extra transistor": (
        lambda k: k.cell(n=k.nrow(sds=(*k.nrow().sds, "out"), gates=(*k.nrow().gates, "in"))),
        False,
        False,
        "W=3",
    ),
    "soft connection through the n-well": (soft, False, True, "soft connection"),
    "soft connection through the substrate": (soft_substrate, False, True, "soft connection"),
    "well without tap": (lambda k: k.cell(p=k.prow(taps=())), False, False, "has no tap"),
    "no device": (empty, False, False, "no device in the layout"),
}


@pytest.mark.parametrize("name", LAYOUT_DEFECTS)
def test_layout_defect(name, kit, compare):
    draw, klayout, netgen, told = LAYOUT_DEFECTS[name]
    result = compare(draw(kit), kit.NETLIST)
    assert (result.klayout, result.netgen) == (klayout, netgen), result.errors
    assert not result.passed
    assert told in "\n".join(result.errors)
