"""Cells of different layouts in one GDS library: what has one name is one drawing."""

from __future__ import annotations

from typing import Any

import pytest
from klayout import db as kdb
from mirrorneuron.generators import catalog

VARIANTS = {
    "neuron": ("weights=[1]", "weights=[-3,2]", "w=1", "l=0.5", "reference_units=4"),
    "matched_array": ("ratios=[1,1]", "ratios=[1,2]", "w=4", "fingers=1", "bulk=own", "device=pfet_01v8"),
    "synapse_array": ("weights=[[1,2],[3,4]]", "w=1"),
    "mirror_simple": ("ratios=[1,2]", "w=4", "polarity=p", "current=2uA"),
    "mirror_cascode": ("ratios=[2,2]", "cascode_w=2", "l=1"),
    "mirror_degenerated": ("drop=0.1", "resistor=res_xhigh_po_0p35", "polarity=p", "ratios=[1,2]"),
    "mirror_active_input": ("ratios=[1,2]", "w=4", "l=4", "polarity=p"),
    "mirror_wide_swing_boosted": ("ratios=[1,2]", "current=2uA", "polarity=p"),
    "mirror_npn": ("ratios=[1,2]", "device=npn_05v5_w1p00l2p00"),
    "mirror_npn_beta_helper": ("helper=nfet", "ratios=[1,3]"),
    "mirror_widlar": ("output=100nA", "device=auto"),
}


def _library(specs: list[Any], folder: Any) -> list[Any]:
    """A GDS file of each spec, its top cell renamed: its name is the user's."""
    paths = []
    for number, spec in enumerate(specs):
        layout = catalog.layout_of(spec)
        layout.top_cell().name = f"top{number}"
        paths.append(folder / f"{number}.gds")
        layout.write(str(paths[-1]))
    return paths


def _drawing(layout: kdb.Layout, cell: kdb.Cell) -> Any:
    """A cell's own shapes and instances."""
    shapes = {
        str(layout.get_info(index)): sorted(shape.to_s() for shape in cell.shapes(index).each())
        for index in layout.layer_indexes()
        if not cell.shapes(index).is_empty()
    }
    return shapes, sorted(
        f"{layout.cell_name(i.cell_index)} {i.cplx_trans} {i.a} {i.b} {i.na} {i.nb}" for i in cell.each_inst()
    )


def _read(path: Any) -> kdb.Layout:
    layout = kdb.Layout()
    layout.read(str(path))
    return layout


@pytest.mark.parametrize("name", ["all cells", *VARIANTS])
def test_variants_lie_in_one_library(name: str, tmp_path: Any) -> None:
    if name == "all cells":
        specs = [catalog.load(cell, ["name=same"]) for cell in catalog.names()]
    else:
        specs = [catalog.load(name), *(catalog.load(name, [change]) for change in VARIANTS[name])]
    paths = _library(specs, tmp_path)
    merged = kdb.Layout()
    options = kdb.LoadLayoutOptions()
    options.cell_conflict_resolution = kdb.LoadLayoutOptions.CellConflictResolution.SkipNewCell
    drawn: dict[str, Any] = {}
    for path in paths:
        alone = _read(path)
        for cell in alone.each_cell():
            assert drawn.setdefault(cell.name, _drawing(alone, cell)) == _drawing(alone, cell), cell.name
        merged.read(str(path), options)
    assert {cell.name for cell in merged.each_cell()} == drawn.keys()
    assert {cell.name: _drawing(merged, cell) for cell in merged.each_cell()} == drawn
    assert len(drawn) > len(specs)
