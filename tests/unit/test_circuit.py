"""Netlists, and the neuron's circuit: what is connected to what, and that it works as a neuron."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mirrorneuron.flows import simulate
from mirrorneuron.flows.lvs import schematic as lvs_netlist
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Points, Voltage
from mirrorneuron.generators.cells.neuron import circuit as neuron_circuit
from mirrorneuron.generators.cells.neuron.circuit import build_neuron
from mirrorneuron.generators.cells.neuron.layout import draw_neuron
from mirrorneuron.generators.cells.neuron.sizing import size_neuron
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.circuit import BlockInstance, Capacitor, Device, Netlist, Parts, Transistor
from mirrorneuron.generators.units import ArraySize
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import netlist as reader


def _fet(name: str = "m", nets: str = "d g s b", **changes: Any) -> Transistor:
    drain, gate, source, bulk = nets.split()
    sizes = {"width_nm": 2000, "length_nm": 150, "fingers": 2, "copies": 1} | changes
    return Transistor(name, "nfet_01v8", drain, gate, source, bulk, **sizes)


def _netlist(*devices: Device, pins: str = "d g s b") -> Netlist:
    return Netlist("cell", tuple(pins.split()), devices)


def test_lines_hold_micrometres_without_noise() -> None:
    line = _fet(width_nm=840, length_nm=1150, copies=3).to_spice()
    assert line == "Xm d g s b sky130_fd_pr__nfet_01v8 w=0.84 l=1.15 nf=2 m=3"
    assert _fet(width_nm=20000, length_nm=1005).to_spice().endswith("w=20 l=1.005 nf=2 m=1")
    assert Capacitor("c", "cap_mim_m3_1", "gate", "in", 3700).to_spice() == (
        "Xc gate in sky130_fd_pr__cap_mim_m3_1 w=3.7 l=3.7 m=1"
    )


def test_long_pin_lists_continue_on_the_next_line() -> None:
    pins = [f"input{i}" for i in range(40)]
    netlist = Netlist("wide", tuple(pins), tuple(_fet(f"m{pin}", f"{pin} {pin} {pin} {pin}") for pin in pins))
    text = netlist.to_spice()
    assert max(len(line) for line in text.splitlines()) <= 120
    assert reader.parse(text).subcircuit("wide").pins == tuple(pins)


def test_comments_stand_before_the_subcircuit() -> None:
    text = Netlist("cell", ("a",), (_fet(nets="a a a a"),), ("w: 2", "")).to_spice()
    assert text.startswith("* w: 2\n*\n.subckt cell a\n")
    assert text.endswith("\n.ends cell\n")


@pytest.mark.parametrize(
    ("devices", "pins", "message"),
    [
        ([_fet("m"), _fet("M")], "d g s b", "devices of one name: m"),
        ([_fet()], "d g s b D", "pins of one name: d"),
        ([_fet()], "d g s b e", "pins that lead nowhere: e"),
        ([_fet(nets="d g lone b")], "d g b", "single connection: lone"),
        ([_fet(nets="d g NE ne")], "d g", "names that SPICE does not take: ne"),
        ([_fet(nets="d g 0 0")], "d g", "names that SPICE does not take: 0"),
        ([_fet("a.b")], "d g s b", "names that SPICE does not take: a.b"),
    ],
)
def test_wrong_netlists(devices: list[Device], pins: str, message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        _netlist(*devices, pins=pins)


def _block(name: str = "block") -> Netlist:
    return Netlist(name, ("a", "b"), (_fet("m1", "a b b inner"), _fet("m2", "inner b a a")))


def test_a_block_is_a_subcircuit_written_once() -> None:
    parts = Parts()
    parts.block("one", _block(), {"a": "x", "b": "y"})
    parts.block("two", _block(), {"a": "y", "b": "x"})
    netlist = parts.netlist("cell", ("x", "y"))
    text = netlist.to_spice()
    assert text.index(".subckt block a b") < text.index(".subckt cell x y")
    assert text.count(".subckt") == 2
    assert "Xone x y block\nXtwo y x block\n.ends cell\n" in text
    flat = netlist.flattened()
    assert flat.blocks == ()
    assert [(device.name, device.nets) for device in flat.devices] == [
        ("one_m1", ("x", "y", "y", "one_inner")),
        ("one_m2", ("one_inner", "y", "x", "x")),
        ("two_m1", ("y", "x", "x", "two_inner")),
        ("two_m2", ("two_inner", "x", "y", "y")),
    ]


def test_blocks_in_blocks_come_innermost_first() -> None:
    middle, top = Parts(), Parts()
    middle.block("inside", _block(), {"a": "p", "b": "q"})
    top.block("outside", middle.netlist("middle", ("p", "q")), {"p": "x", "q": "y"})
    netlist = top.netlist("cell", ("x", "y"))
    assert re.findall(r"(?m)^\.subckt (\w+)", netlist.to_spice()) == ["block", "middle", "cell"]
    assert [device.name for device in netlist.flattened().devices] == ["outside_inside_m1", "outside_inside_m2"]


def test_wrong_blocks() -> None:
    parts = Parts()
    with pytest.raises(NetlistError, match=r"block one has the pins \['a', 'b'\], but \['a'\] are connected"):
        parts.block("one", _block(), {"a": "x"})
    with pytest.raises(NetlistError, match="block one: block has 2 pins, 1 nets are connected"):
        BlockInstance("one", _block(), ("x",))
    parts.block("one", _block(), {"a": "x", "b": "y"})
    parts.block("two", replace(_block(), pins=("b", "a")), {"a": "x", "b": "y"})
    with pytest.raises(NetlistError, match="different blocks of one name: block"):
        parts.netlist("cell", ("x", "y"))


def test_blocks_of_the_neuron_have_the_names_of_its_layouts_cells() -> None:
    spec = NeuronSpec(weights=[1, -2])
    subcircuits = set(re.findall(r"(?m)^\.subckt (\w+)", build_neuron(spec).to_spice()))
    assert subcircuits <= {cell.name for cell in draw_neuron(spec).each_cell()}
    blocks = ("bias", "row0", "row1", "column_p", "column_n", "sigmoid")
    assert subcircuits == {spec.name, *(f"{spec.name}_{block}_{spec.variant}" for block in blocks)}


def test_circuit_and_layout_do_not_know_each_other() -> None:
    def imports(path: Path) -> set[str]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
        return names

    folder = Path(neuron_circuit.__file__).parent
    assert not any(
        "layout" in name or "klayout" in name or "primitives" in name for name in imports(folder / "circuit.py")
    )
    assert not any("circuit" in name for name in imports(folder / "layout.py"))


SPECS: list[dict[str, Any]] = [
    {},
    {"weights": [5]},
    {"weights": [-1, -2]},
    {"weights": [4, 0, -3, 0], "reference_units": 3, "name": "zeros"},
    {"weights": [(-1) ** i * (i % 16) for i in range(16)]},
]


@pytest.mark.parametrize("fields", SPECS)
def test_every_reader_of_the_flow_takes_the_netlist(fields: dict[str, Any], tmp_path: Path) -> None:
    spec = NeuronSpec(**fields)
    path = tmp_path / "cell.spice"
    path.write_text(build_neuron(spec).to_spice())
    inputs = [f"iin{i}" for i in range(len(spec.weights))]
    pins = (*inputs, "iout", "vref", "ibias", "vdd", "vss")
    assert lvs_netlist.read(path, spec.name).pins == pins
    assert reader.read(path).subcircuit(spec.name).pins == pins
    assert path.read_text() == build_neuron(NeuronSpec(**fields)).to_spice()


@pytest.mark.parametrize("fields", SPECS)
def test_the_circuit_holds_the_units_of_the_sizing(fields: dict[str, Any]) -> None:
    spec = NeuronSpec(**fields)
    size = size_neuron(spec)
    amplifiers = len(spec.weights) + 2
    often = {"sink_cascode": 2, "pedestal_cascode": 2, "pair": amplifiers, "load": amplifiers, "tail": amplifiers - 2}
    often |= dict.fromkeys(("column_tail", "regulated", "mirror", "mirror_cascode_in", "mirror_cascode_out"), 2)
    expected: Counter[tuple[str, int, int, int]] = Counter()
    for name, value in vars(size).items():
        for array in value if name == "rows" else (value,):
            if isinstance(array, ArraySize):
                unit, pattern = array.unit, array.pattern
                key = (unit.device, unit.width_nm, unit.length_nm, unit.fingers)
                expected[key] += often.get(name, 1) * pattern.columns * len(pattern.rows)
    found: Counter[tuple[str, int, int, int]] = Counter()
    for device in build_neuron(spec).flattened().devices:
        if isinstance(device, Transistor):
            found[device.device, device.width_nm, device.length_nm, device.fingers] += device.copies
    assert found == expected


def test_weights_pull_from_the_column_of_their_sign() -> None:
    devices = {device.name: device for device in build_neuron(NeuronSpec(weights=[2, 0, -3])).flattened().devices}
    rows = {name: device for name, device in devices.items() if name.endswith(("_ref", "_weight"))}
    assert {name: (*device.nets, device.copies) for name, device in rows.items() if isinstance(device, Transistor)} == {
        "row0_synapse_ref": ("iin0", "row0_gate", "vss", "vss", 2),
        "row0_synapse_weight": ("colp", "row0_gate", "vss", "vss", 2),
        "row1_synapse_ref": ("iin1", "row1_gate", "vss", "vss", 2),
        "row2_synapse_ref": ("iin2", "row2_gate", "vss", "vss", 2),
        "row2_synapse_weight": ("coln", "row2_gate", "vss", "vss", 3),
    }
    capacitor = devices["row2_capacitor"]
    assert isinstance(capacitor, Capacitor)
    assert (capacitor.top, capacitor.bottom) == ("row2_gate", "iin2")


def test_dummies_are_off_and_tell_their_array() -> None:
    dummies = [d for d in build_neuron(NeuronSpec()).flattened().devices if d.name.endswith("_dummy")]
    assert len(dummies) > 30
    for device in dummies:
        assert isinstance(device, Transistor)
        assert device.drain == device.gate == device.source
        assert device.bulk in ("vss", "vdd", "ty")


def test_an_array_without_dummies_has_no_line_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = {d.name for d in build_neuron(NeuronSpec()).flattened().devices}
    assert "sigmoid_resistor_dummy" in lines
    size = size_neuron(NeuronSpec())
    bare = ArraySize(size.resistor.unit, type(size.resistor.pattern)((("x", "y"), ("y", "x"))))
    monkeypatch.setattr(neuron_circuit, "size_neuron", lambda _: replace(size, resistor=bare))
    assert {d.name for d in build_neuron(NeuronSpec()).flattened().devices} == lines - {"sigmoid_resistor_dummy"}


def test_an_owner_that_is_not_connected_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    size = size_neuron(NeuronSpec())
    odd = ArraySize(size.sink.unit, type(size.sink.pattern)((("in", "out", "spare"),)))
    monkeypatch.setattr(neuron_circuit, "size_neuron", lambda _: replace(size, sink=odd))
    with pytest.raises(NetlistError, match=r"array sink holds .*spare"):
        build_neuron(NeuronSpec())


def _outputs(text: str, folder: Path, rows: np.ndarray[Any, Any]) -> tuple[Any, Any, Any]:
    """Output [uA], voltages of both inputs and of both columns [V], at rows of two input currents [uA]."""
    path = folder / "neuron.spice"
    path.write_text(text)
    sources = [Voltage(pin, volt) for pin, volt in (("vdd", 1.8), ("vss", 0.0), ("vref", 0.2), ("iout", 0.2))]
    currents = [CurrentInput(pin, 1e-7) for pin in ("iin0", "iin1", "ibias")]
    points = Points({"iin0": 1e-6 * rows[:, 0], "iin1": 1e-6 * rows[:, 1]})
    data = simulate.run(Bench(path, "neuron", [*sources, *currents], {"points": points}), jobs=1)["points"]
    return (
        -1e6 * data.i("iout"),
        np.array([data.v("iin0"), data.v("iin1")]),
        np.array([data.v("colp"), data.v("coln")]),
    )


ROWS = np.array([[0.01, 1], [0.3, 1], [0.1, 0.1], [0.5, 0.5], [1, 1], [1, 0.3], [1, 0.01]])


def test_it_is_a_neuron(tmp_path: Path) -> None:
    text = build_neuron(NeuronSpec(weights=[4, -4])).to_spice()
    output, inputs, columns = _outputs(text, tmp_path, ROWS)
    # The amplifiers hold the inputs and the columns at vref, but for their offset.
    assert np.all(np.abs(inputs - 0.2) < 0.03)
    assert np.all(np.abs(columns - 0.2) < 0.03)
    # Equal inputs cancel, and what is left is about half of the full scale.
    assert output[2:5] == pytest.approx(np.full(3, output[2]), abs=0.01)
    assert 0.35 < output[2] < 0.75
    assert output[0] < output[1] < output[2] - 0.1
    assert output[2] + 0.1 < output[5] < output[6]
    # Swapped columns turn it upside down.
    swapped = text.replace("Xrow0 iin0 colp", "Xrow0 iin0 coln").replace("Xrow1 iin1 coln", "Xrow1 iin1 colp")
    upside_down, _, _ = _outputs(swapped, tmp_path, ROWS)
    assert upside_down[0] > output[2] + 0.1 > output[2] - 0.1 > upside_down[6]
