"""Layouts and netlists as others make them: names, pins, ties, tolerances, layers of unknown effect."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.flows.lvs import labels
from mirrorneuron.flows.lvs.circuit import LvsCircuit, LvsDevice
from mirrorneuron.flows.lvs.names import PlainNames, canonical
from mirrorneuron.flows.lvs.normalise import normalised
from mirrorneuron.flows.lvs.tolerance import official
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import FileError
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS, Layer

FET = "sky130_fd_pr__nfet_01v8"
ODD = {"in": "d<0>", "out": "out/q#", "vdd": "vdd!", "vss": "gnd!"}


def test_names_that_tools_rewrite(kit, tmp_path: Path) -> None:
    """Odd names of cell, pins and inner nets, a pin tied to another, a name of an inner net, an empty text."""
    drawing = kit.cell(labels=ODD)
    drawing.label("sub", "met1", -5000, drawing.tracks["vss"][0])
    inner = drawing.layout.layer(*PIN_LAYERS["met1"].label)
    drawing.cell.shapes(inner).insert(kdb.Text("some name", -4000, drawing.tracks["in"][0]))
    drawing.cell.shapes(inner).insert(kdb.Text("", -4000, drawing.tracks["out"][0]))
    drawing.layout.rename_cell(drawing.cell.cell_index(), "top[1]$")
    drawing.layout.create_cell("left over")
    netlist = (
        kit.NETLIST.replace("in out vdd vss\n", "d[0] out/q# vdd! gnd! sub\nR0 gnd! sub 0\nC0 d[0] vdd! 1f\n", 1)
        .replace(" out in ", " out/q# d[0] ")
        .replace(" in in ", " d[0] d[0] ")
        .replace("vss", "gnd!")
        .replace("vdd vdd", "vdd! vdd!")
        .replace("cell", "top[1]$")
    )
    spice = tmp_path / "cell.spice"
    spice.write_text(netlist)
    result = lvs.run(drawing.write(tmp_path / "cell.gds"), spice, work=tmp_path / "work")
    assert result.passed, result.errors
    assert result.devices == 6
    assert result.notes == (
        "1 capacitors by value are left out: 1 fF in sum, the largest 1 fF",
        "pins sub and gnd! are one net",
        "labels without a pin shape, names of internal nets: some name",
    )
    spice.write_text(netlist.replace("R0 gnd! sub 0", "R0 vdd! sub 0"))
    result = lvs.run(tmp_path / "cell.gds", spice, work=tmp_path / "work")
    assert not result.klayout
    assert "open: the label vdd! is on 2 nets" in "\n".join(result.errors)


def test_a_tie_that_the_netlist_does_not_have_is_a_short(kit, compare) -> None:
    drawing = kit.cell()
    drawing.label("sub", "met1", -5000, drawing.tracks["vss"][0])
    result = compare(drawing, kit.NETLIST.replace("vdd vss", "vdd vss sub", 1))
    assert (result.klayout, result.netgen) == (False, False)
    assert "short: the labels sub, vss are on one net" in "\n".join(result.errors)


def pins_of(texts, shapes, pins, ties=None):
    """What is left of labels on met1, by place [um], of a layout with pin shapes at these places."""
    layout = kdb.Layout()
    cell = layout.create_cell("cell")
    pair = PIN_LAYERS["met1"]
    for name, x in texts:
        cell.shapes(layout.layer(*pair.label)).insert(kdb.Text(name, 1000 * x, 0))
    for x in shapes:
        cell.shapes(layout.layer(*pair.pin)).insert(kdb.Box(1000 * x - 100, -100, 1000 * x, 100))
    drawn = labels.prepare(cell, pins, ties or {}, PlainNames())
    left = {s.text_string: s.text_pos.x // 1000 for s in cell.shapes(layout.layer(*pair.label)).each()}
    return left, drawn


def test_labels_with_a_pin_shape_are_pins() -> None:
    left, drawn = pins_of([("A", 0), ("b", 1), ("c", 2), ("", 3)], shapes=[0, 1], pins=["a", "d"])
    assert left == {"a": 0, "b": 1}
    assert drawn.missing == ("d",)
    assert drawn.notes == ("labels without a pin shape, names of internal nets: c",)


def test_without_pin_shapes_the_netlist_says_which_labels_are_pins() -> None:
    left, drawn = pins_of([("A", 0), ("c", 2)], shapes=[], pins=["a"])
    assert (left, drawn.missing) == ({"a": 0}, ())


def test_a_pin_beside_pin_shapes_is_told() -> None:
    left, drawn = pins_of([("a", 0), ("b", 1)], shapes=[0], pins=["a", "b"])
    assert left == {"a": 0, "b": 1}
    assert drawn.notes == ("labels of pins that lie on no pin shape: b",)


def test_tied_pins_carry_one_name_and_each_needs_its_label() -> None:
    left, drawn = pins_of([("a", 0), ("b", 1)], shapes=[0, 1], pins=["a"], ties={"b": "a", "c": "a"})
    assert set(left) == {"a"}
    assert drawn.missing == ("c",)


@pytest.mark.parametrize("name", ["vdd!", "a[3]", "a b", "a/b", "$1", "{", "#", "å", "x" * 300, "1a", "plain_7_"])
def test_plain_names_are_restored(name: str) -> None:
    names = PlainNames()
    plain = names.net(name, pin=True)
    assert plain.isidentifier()
    assert plain.isascii()
    assert plain != name
    assert names.net(name.upper()) == plain
    assert names.net("other" + name) != plain
    assert names.restore(f"net {plain.upper()} is open") == f"net {canonical(name)} is open"
    device = LvsDevice(f"x{name}", (name, "b"), "m", {})
    circuit = names.circuit(LvsCircuit("c", (name,), (device,)), "top")
    assert (circuit.pins, circuit.devices[0].nets) == ((plain,), (plain, "b"))
    assert circuit.devices[0].name[0] == "x"


def test_names_that_are_plain_stay() -> None:
    names = PlainNames()
    assert [names.net(name) for name in ("a", "X1.net_2", "0", "iin")] == ["a", "x1.net_2", "0", "iin"]
    assert names.net("d<3>") == names.net("d[3]")


def sized(kit, change: float) -> str:
    """The netlist of the kit's cell with all widths changed."""
    return kit.NETLIST.replace("w=2 ", f"w={2 * change:g} ").replace("w=1 ", f"w={change:g} ")


def test_tolerance(kit, tmp_path: Path) -> None:
    gds, spice = kit.cell().write(tmp_path / "cell.gds"), tmp_path / "cell.spice"
    spice.write_text(sized(kit, 1.005))
    exact = lvs.run(gds, spice, work=tmp_path / "work")
    assert not exact.klayout
    within = lvs.run(gds, spice, work=tmp_path / "work", tolerance=lvs.Tolerance.OFFICIAL)
    assert within.passed, within.errors
    assert (within.tolerance, len(within.deviations)) == ("official", 4)
    assert "W=2, in the netlist 2.01 (0.50 %)" in "\n".join(within.deviations)
    assert [check.value for check in within.checks() if "inside the official tolerance" in check.name] == [4]
    spice.write_text(sized(kit, 1.03))
    beyond = lvs.run(gds, spice, work=tmp_path / "work", tolerance=lvs.Tolerance.OFFICIAL)
    assert (beyond.klayout, beyond.netgen) == (False, False)


def test_official_tolerances_are_those_of_the_set_up() -> None:
    tolerances = official(install.locate().netgen_setup)
    assert tolerances["sky130_fd_pr__nfet_01v8"] == {"W": 0.01, "L": 0.01}
    assert tolerances["sky130_fd_pr__esd_nfet_g5v0d10v5"] == {"W": 0.07, "L": 0.01}
    assert tolerances["sky130_fd_pr__diode_pw2nd_05v5"] == {"A": 0.02, "P": 0.02}
    assert tolerances["sky130_fd_pr__res_generic_m1"] == {"W": 10.0, "L": 10.0}


def test_a_dummy_inside_the_tolerance_gets_the_netlists_sizes() -> None:
    def side(w: float) -> LvsCircuit:
        device = LvsDevice("x1", ("s", "s", "s", "s"), FET, {"w": w, "l": 1.0, "m": 2})
        return LvsCircuit("cell", ("s",), (device,))

    tolerances = {FET: {"W": 0.01, "L": 0.01}}
    for w, same in ((1.005, True), (1.02, False)):
        ours, theirs = normalised(side(w), side(1.0), adapted=True, tolerances=tolerances)
        assert (ours == theirs) is same
    ours, theirs = normalised(side(1.005), side(1.0), adapted=True)
    assert ours != theirs


def test_layers_of_unknown_effect_stop_the_comparison(kit, compare) -> None:
    """A blocking mask, a mask layer, a layer that the process does not have; text and boundaries are harmless."""
    drawing = kit.cell()
    for layer in (Layer(19, 44), Layer(25, 44), Layer(200, 0), Layer(236, 0), Layer(83, 44)):
        drawing.box(layer, 0, 0, 500, 500)
    drawing.cell.shapes(drawing.layout.layer(201, 0)).insert(kdb.Text("a remark", 0, 0))
    result = compare(drawing, kit.NETLIST)
    assert (result.passed, result.klayout, result.netgen) == (False, False, False)
    assert result.devices == 6
    assert [error.split(" at ")[0] for error in result.errors] == [
        "klayout: pwbm",
        "klayout: layer 25/44",
        "klayout: layer 200/0",
        "netgen: not run: the layout holds shapes of unknown effect on its devices (KLayout lists them)",
    ]


def test_a_deep_n_well_elsewhere_leaves_the_substrate_one_net(kit, compare) -> None:
    """Two transistors on the substrate with one tap, beside a deep n-well with nothing in it."""
    drawing = kit.Drawing()
    drawing.row(kit.Row("n", ("a", "b"), ("g",), ("vss",)))
    drawing.row(kit.Row("n", ("c", "d"), ("g",), ()))
    drawing.row(kit.Row("i", ("e", "f"), ("h",), ("well",), ring="ring"))
    drawing.join()
    drawing.labels({net: net for net in drawing.tracks})
    devices = "".join(
        f"X{k} {nets} {FET} w=1 l=0.5\n" for k, nets in enumerate(("a g b vss", "c g d vss", "e h f well"))
    )
    netlist = f".subckt cell {' '.join(drawing.tracks)}\n{devices}.ends\n"
    result = compare(drawing, netlist)
    assert result.passed, result.errors
    result = compare(drawing, netlist.replace("c g d vss", "c g d well"))
    assert (result.klayout, result.netgen) == (False, False)


def test_crossed_arguments_are_recognised(kit, tmp_path: Path) -> None:
    gds, spice = kit.cell().write(tmp_path / "cell.gds"), tmp_path / "cell.spice"
    spice.write_text(kit.NETLIST)
    with pytest.raises(FileError, match="layout is the first argument"):
        lvs.run(spice, gds, work=tmp_path / "work")
    assert not (tmp_path / "work").exists()
