"""Layouts that agree with their netlist: each device, alone and combined, and foundry cells."""

from __future__ import annotations

import re

import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.pdk_sky130 import install, layers


def test_small_cell(kit, compare):
    assert compare(kit.cell(), kit.NETLIST).as_json() == {
        "passed": True,
        "devices": 6,
        "klayout": True,
        "netgen": True,
        "errors": [],
        "unseen": [],
        "tolerance": "exact",
        "deviations": [],
        "notes": [],
        "hierarchy": None,
    }


HIERARCHICAL = """\
* a title
.SUBCKT pair D G S
Xa D G S S sky130_fd_pr__nfet_01v8 w=1e+06u l=500000u m=2
.ENDS
.subckt unused a b
Xq a b b b sky130_fd_pr__nfet_01v8_lvt w=1 l=1
.ends
.SUBCKT CELL vss vdd OUT IN
Xp1 IN IN vss pair
Xp2 OUT IN
+ vss pair
Xdummy vss vss vss vss sky130_fd_pr__nfet_01v8 w=1 l=0.5
Xm3 vdd in out vdd sky130_fd_pr__pfet_01v8 w=2 l=0.5 nf=1 m=1
.ENDS
.end
"""


def test_hierarchy_case_and_units(kit, compare):
    """Both sides in two levels: the layout's lower cell has labels, which name nothing; the netlist is upper case, in
    the foundry's units, its pins in another order, its fingers split over copies.
    """
    drawing = kit.cell()
    inner = drawing.layout.create_cell("inner")
    for name in ("diff", "poly", "nsdm", "psdm"):
        index = drawing.layout.layer(*layers.DRAWING[name])
        inner.shapes(index).insert(drawing.cell.shapes(index))
        drawing.cell.shapes(index).clear()
    inner.shapes(drawing.layout.layer(*layers.PIN_LAYERS["met1"].label)).insert(kit.kdb.Text("vdd", -5500, 0))
    drawing.cell.insert(kit.kdb.CellInstArray(inner.cell_index(), kit.kdb.Trans()))
    result = compare(drawing, HIERARCHICAL)
    assert (result.passed, result.devices) == (True, 6), result.errors


def test_flavours(kit, compare):
    """Implants tell the models apart; each row stands alone in its own well."""
    drawing = kit.Drawing()
    lines, pins = [], []
    for kind, mark, model in (
        ("n", layers.LVTN, "nfet_01v8_lvt"),
        ("p", layers.LVTN, "pfet_01v8_lvt"),
        ("p", layers.HVTP, "pfet_01v8_hvt"),
    ):
        nets = [f"{model}_{name}" for name in "abgw"]
        drawing.row(kit.Row(kind, nets[:2], nets[2:3], nets[3:], marks=[mark]))
        lines.append(f"X{model} {nets[0]} {nets[2]} {nets[1]} {nets[3]} sky130_fd_pr__{model} w=1 l=0.5\n")
        pins += nets
    drawing.labels({net: net for net in pins})
    result = compare(drawing, f".subckt cell {' '.join(pins)}\n{''.join(lines)}.ends\n")
    assert (result.passed, result.devices) == (True, 3), result.errors


ISOLATED = ".subckt cell a b g well ring vss\nX1 a g b well sky130_fd_pr__nfet_01v8 w=1 l=0.5\n"
GROUNDED = "X2 a g vss vss sky130_fd_pr__nfet_01v8 w=1 l=0.5\n"


def isolated(kit, taps=("well",)):
    drawing = kit.Drawing()
    drawing.row(kit.Row("i", ("a", "b"), ("g",), taps, ring="ring"))
    drawing.row(kit.Row("n", ("a", "vss"), ("g",), ("vss",)))
    drawing.join()
    drawing.labels({net: net for net in drawing.tracks})
    return drawing


def test_isolated_nfet_has_its_own_bulk(kit, compare):
    result = compare(isolated(kit), f"{ISOLATED}{GROUNDED}.ends\n")
    assert (result.passed, result.devices) == (True, 2), result.errors


def test_isolated_nfet_is_not_on_the_substrate(kit, compare):
    result = compare(isolated(kit), f"{ISOLATED.replace(' well sky', ' vss sky')}{GROUNDED}.ends\n")
    assert (result.klayout, result.netgen) == (False, False)


def test_unclosed_deep_well_isolates_nothing(kit, compare):
    """Without the right side of its ring, the p-well is the substrate, whatever the netlist hopes for."""
    drawing = isolated(kit)
    nwell = drawing.layout.layer(*layers.NWELL)
    box = drawing.cell.bbox()
    gap = kit.kdb.Region(kit.kdb.Box(1500, box.bottom, box.right, box.top))
    kept = kit.kdb.Region(drawing.cell.shapes(nwell)) - gap
    drawing.cell.shapes(nwell).clear()
    drawing.cell.shapes(nwell).insert(kept)
    result = compare(drawing, f"{ISOLATED}{GROUNDED}.ends\n")
    assert not result.klayout


def mim(order="top bottom", w=7, upper="bottom5 top5"):
    return (
        ".subckt cell top bottom top5 bottom5\n"
        f"X1 {order} sky130_fd_pr__cap_mim_m3_1 w=5 l={w} m=1\n"
        f"X2 {upper} sky130_fd_pr__cap_mim_m3_2 w=6 l=6 m=1\n.ends\n"
    )


@pytest.mark.parametrize(
    ("changes", "matches", "told"),
    [
        ({"upper": "top5 bottom5"}, True, ""),
        ({"upper": "bottom5 top5"}, False, "bottom5"),
        ({"upper": "top5 bottom5", "w": 6.9}, False, "W=6.9"),
    ],
)
def test_mim(kit, compare, changes, matches, told):
    """Both capacitors, one lying the other way than its w and l; plates swapped; another size."""
    drawing = kit.Drawing()
    drawing.plate(0, 7000, 5000)
    drawing.plate(30_000, 6000, 6000, upper=True)
    result = compare(drawing, mim(**changes))
    assert (result.klayout, result.netgen) == (matches, matches), result.errors
    assert result.devices == (2 if matches else 1)
    assert told in "\n".join(result.errors)


@pytest.mark.parametrize("name", ["dfxtp_1", "mux2_1"])
def test_foundry_cells(name, tmp_path):
    gds, spice = foundry(name)
    result = lvs.run(gds, spice, work=tmp_path / "work")
    assert result.passed, result.errors
    assert result.devices == spice.read_text().count("\nX")


def test_foundry_cell_mutated(tmp_path):
    """The two data inputs of a multiplexer exchanged, in the netlist's first transistor that one of them drives."""
    gds, spice = foundry("mux2_1")
    mutant = tmp_path / "mutant.spice"
    head, first, rest = re.split(r"(^X.* A0 .*$)", spice.read_text(), maxsplit=1, flags=re.MULTILINE)
    mutant.write_text(head + first.replace(" A0 ", " A1 ") + rest)
    result = lvs.run(gds, mutant, work=tmp_path / "work")
    assert (result.klayout, result.netgen) == (False, False)


def foundry(name):
    folder = install.locate().sc_hd
    if folder is None:
        pytest.skip("this PDK installation has no standard cells in the foundry's form")
    stem = folder / name.rpartition("_")[0] / f"sky130_fd_sc_hd__{name}"
    return stem.with_suffix(".gds"), stem.with_suffix(".spice")
