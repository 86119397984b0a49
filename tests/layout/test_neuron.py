"""The whole neuron as drawn: one top cell, the process's layers, pins, places of the matched units, the same bytes."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
from collections import Counter

import pytest
from klayout import db as kdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.build import build
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.neuron.sizing import size_neuron
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS
from mirrorneuron.pdk_sky130.rules import GRID_NM

NEURON4 = ("weights=[1,2,-3,4]",)
OTHERS = {
    "one input": ("weights=[1]",),
    "one reference unit": ("weights=[3,-2]", "reference_units=1"),
    "zeros": ("weights=[5,0,-3,0]", "reference_units=4"),
    "all inhibit": ("weights=[-1,-2,-3]",),
    "large": ("weights=[15,-15,7]", "reference_units=16"),
    "large units": ("weights=[2,-1]", "w=10", "l=5"),
    "smallest units": ("weights=[7,5]", "w=0.84", "l=0.15"),
    "tall units": ("weights=[11,-13]", "w=20", "l=1", "reference_units=3"),
}


def spec_of(*settings):
    return catalog.load("neuron", settings)


def draw(*settings):
    spec = spec_of(*settings)
    return spec, catalog.layout_of(spec), catalog.circuit_of(spec)


@pytest.fixture(scope="module")
def neuron4():
    return draw(*NEURON4)


def test_one_top_cell_of_the_spec_s_name(neuron4):
    spec, layout, _ = neuron4
    assert [cell.name for cell in layout.top_cells()] == [spec.name]
    assert layout.dbu == 0.001
    assert len({cell.name for cell in layout.each_cell()}) == layout.cells()


def test_grid_and_layers(neuron4):
    _, layout, _ = neuron4
    known = {tuple(pair) for pair in DRAWING.values()} | {
        tuple(pair) for pins in PIN_LAYERS.values() for pair in (pins.pin, pins.label)
    }
    drawn = {(info.layer, info.datatype) for info in layout.layer_infos()}
    assert drawn <= known, f"no layer of the process: {drawn - known}"
    top = layout.top_cell()
    for index in layout.layer_indexes():
        assert kdb.Region(top.begin_shapes_rec(index)).grid_check(GRID_NM, GRID_NM).is_empty()
    for cell in layout.each_cell():
        places = [(i.trans.disp.x, i.trans.disp.y) for i in cell.each_inst()]
        assert all(x % GRID_NM == y % GRID_NM == 0 for x, y in places)
        only = kdb.Shapes.SAll - kdb.Shapes.SBoxes - kdb.Shapes.SPolygons - kdb.Shapes.STexts
        assert not any(list(cell.shapes(index).each(only)) for index in layout.layer_indexes())


def test_pins_are_those_of_the_circuit(kit, neuron4):
    _, layout, circuit = neuron4
    top = layout.top_cell()
    found = kit.Extraction(top)
    nets = {}
    for metal, where in PIN_LAYERS.items():
        pin, label = (layout.find_layer(*pair) for pair in (where.pin, where.label))
        if pin is None or top.shapes(pin).is_empty():
            # The layer's texts, if any, are the ports of parts.
            assert label is None or top.shapes(label).is_empty()
            continue
        assert label is not None
        shapes = kdb.Region(top.shapes(pin))
        assert (shapes - found.drawn[metal]).is_empty(), f"a pin of {metal} lies off the metal"
        texts = {
            pair: sorted((s.text_string, s.text_pos.x, s.text_pos.y) for s in top.shapes(index).each(kdb.Shapes.STexts))
            for pair, index in (("pin", pin), ("label", label))
        }
        assert texts["pin"] == texts["label"]
        assert shapes.count() == len(texts["pin"])
        for name, x, y in texts["pin"]:
            assert not (shapes & kdb.Region(kdb.Box(x - 1, y - 1, x + 1, y + 1))).is_empty()
            assert name not in nets
            nets[name] = found.net(metal, x, y)
    assert set(nets) == set(circuit.pins)
    assert len(set(nets.values())) == len(nets), "two pins on one net"
    # Texts below the top are ports of parts: they stand on a pin's layer, never on a label's.
    labels = {layout.find_layer(*where.label) for where in PIN_LAYERS.values()}
    for cell in layout.each_cell():
        if cell.name != top.name:
            assert not any(list(cell.shapes(i).each(kdb.Shapes.STexts)) for i in labels if i is not None)


def pin_nets(found, layout):
    """Net number of each pin, by its text on metal 2."""
    index = layout.find_layer(*PIN_LAYERS["met2"].label)
    texts = layout.top_cell().shapes(index).each(kdb.Shapes.STexts)
    return {shape.text_string: found.net("met2", shape.text_pos.x, shape.text_pos.y) for shape in texts}


def check_rows(kit, spec, layout):
    """Reference and weight of each input: as many units as asked for, of the size asked for, about one point."""
    found = kit.Extraction(layout.top_cell())
    pins = pin_nets(found, layout)
    vss = pins["vss"]
    size = (spec.w_nm // 2, spec.l_nm)
    columns = {}
    for i, weight in enumerate(spec.weights):
        line = pins[f"iin{i}"]
        reference = [g for g in found.gates if g.ends == {line, vss}]
        assert len(reference) == 2 * spec.reference_units
        (gate,) = {g.gate for g in reference}
        units = [g for g in found.gates if g.gate == gate and g.ends != {line, vss} and g.bulk == vss]
        assert len(units) == 2 * abs(weight)
        assert {(g.model, g.w, g.l) for g in (*reference, *units)} == {("nfet_01v8", *size)}
        if weight:
            (column,) = {ends for g in units for ends in g.ends - {vss}}
            columns.setdefault(weight > 0, set()).add(column)
            assert kit.centre(units) == pytest.approx(kit.centre(reference), abs=0.01), f"row {i}"
    assert all(len(nets) == 1 for nets in columns.values()), "inputs of one sign pull on one column"
    assert len(set.union(*columns.values())) == len(columns), "the two columns are apart"
    return found


def test_matched_units_of_neuron4(kit, neuron4):
    check_rows(kit, *neuron4[:2])


@pytest.mark.parametrize("name", OTHERS)
def test_matched_units_of_others(kit, name):
    check_rows(kit, *draw(*OTHERS[name])[:2])


def test_a_misplaced_unit_is_noticed(kit):
    """The check above: one unit moved by a grid step."""
    spec, layout, _ = draw("weights=[2]")
    array = layout.cell(f"neuron_row0_array_{spec.variant}")
    units = next(i for i in array.each_inst() if i.na > 1 and layout.cell(i.cell_index).name.endswith("_f2"))
    row, column = next(
        (y, x)
        for y, owners in enumerate(size_neuron(spec).rows[0].pattern.rows)
        for x, owner in enumerate(owners)
        if owner == "weight"
    )
    place = units.trans.disp + units.a * column + units.b * row
    units.explode()
    unit = next(i for i in array.each_inst() if i.trans.disp == place and i.cell.name.endswith("_f2"))
    unit.transform(kdb.Trans(GRID_NM, 0))
    with pytest.raises(AssertionError):
        check_rows(kit, spec, layout)


def test_units_have_one_orientation(kit, neuron4):
    """No cell is turned or mirrored, and every channel's length lies along x."""
    _, layout, _ = neuron4
    assert all(i.trans.rot == 0 and not i.is_complex() for cell in layout.each_cell() for i in cell.each_inst())
    found = kit.Extraction(layout.top_cell())
    channels = found.drawn["poly"] & found.drawn["diff"]
    drawn = Counter((gate.bbox().width(), gate.bbox().height()) for gate in channels.each())
    assert drawn == Counter((gate.l, gate.w) for gate in found.gates)


def test_hierarchy_is_kept():
    """Six times the transistors: no more polygons of poly and diffusion for them."""

    def stored(weights):
        _, layout, circuit = draw(f"weights={weights}")
        index = layout.layer(*DRAWING["poly"])
        units = sum(
            device.copies for device in circuit.flattened().devices if re.match(r"row\d+_synapse_", device.name)
        )
        return sum(cell.shapes(index).size() for cell in layout.each_cell()), units

    few, units = stored([2, -2])
    many, more_units = stored([15, -15] * 4)
    assert more_units > 6 * units
    assert many == few


_PROGRAM = """
import sys
from mirrorneuron.flows.build import _save_options
from mirrorneuron.generators import catalog
spec = catalog.load("neuron", ["weights=[1,2,-3,4]"])
catalog.layout_of(spec).write(sys.argv[1], _save_options())
with open(sys.argv[1] + ".spice", "w") as file:
    file.write(catalog.circuit_of(spec).to_spice())
"""


def digests(path):
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in (path, path.with_name(f"{path.name}.spice"))]


def test_the_same_bytes_each_time(tmp_path):
    """In processes with different hash seeds, and from `build`."""
    seen = []
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.gds"
        subprocess.run(
            [sys.executable, "-c", _PROGRAM, out], check=True, env={**os.environ, "PYTHONHASHSEED": seed}, timeout=60
        )
        seen.append(digests(out))
    built = build(spec_of(*NEURON4), tmp_path)
    seen.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in (built.gds, built.spice)])
    assert seen[0] == seen[1] == seen[2]


_READ = """
layout = RBA::Layout::new
layout.read($input)
top = layout.top_cell
shapes = layout.layer_indexes.map { |index| RBA::Region::new(top.begin_shapes_rec(index)).count }.sum
puts "read: #{layout.top_cells.size} #{top.name} #{layout.dbu} #{shapes}"
"""


def test_the_klayout_application_reads_it(tmp_path, built):
    gds = built(spec_of(*NEURON4)).gds
    script = tmp_path / "read.rb"
    script.write_text(_READ)
    arguments = ["-b", "-r", script, "-rd", f"input={gds}"]
    done = tools.run("klayout", arguments, cwd=tmp_path, log=tmp_path / "read.log", timeout_s=60)
    layout = gds_file.read(gds)
    top = layout.top_cell()
    shapes = sum(kdb.Region(top.begin_shapes_rec(index)).count() for index in layout.layer_indexes())
    assert f"read: 1 neuron 0.001 {shapes}" in done.stdout
    assert not done.stderr


def test_writing_and_reading_changes_nothing(built, neuron4):
    layout = neuron4[1].dup()
    for index in layout.layer_indexes():
        if all(cell.shapes(index).is_empty() for cell in layout.each_cell()):
            layout.delete_layer(index)  # a GDS holds no layer without shapes
    read = gds_file.read(built(spec_of(*NEURON4)).gds)
    assert kdb.LayoutDiff().compare(layout, read)


def test_the_spec_s_name_is_the_cell_s(tmp_path):
    _, layout, circuit = draw("weights=[1]", "name=other_name")
    assert layout.top_cell().name == "other_name" == circuit.name


def test_units_too_large_for_their_capacitor_are_refused():
    with pytest.raises(SpecError, match=r"needs a MIM capacitor of .* at most 30 um"):
        draw("weights=[15]", "w=20", "l=20")


def random_settings(seed):
    draw_from = random.Random(seed)
    weights = [draw_from.randint(-15, 15) for _ in range(draw_from.randint(1, 6))]
    weights[0] = weights[0] or 1
    w = draw_from.randrange(84, 600) / 100
    length = draw_from.randrange(15, 300) / 100
    return (f"weights={weights}", f"reference_units={draw_from.randint(2, 16)}", f"w={w}", f"l={length}")


@pytest.mark.parametrize("seed", range(4))
def test_matched_units_of_random_neurons(kit, seed):
    check_rows(kit, *draw(*random_settings(seed))[:2])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_matched_units_of_many_random_neurons(kit, seed):
    check_rows(kit, *draw(*random_settings(seed))[:2])
