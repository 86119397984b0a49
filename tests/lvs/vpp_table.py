"""Print ``lvs/vpp.csv``: the foundry's finger capacitors as the PDK's GDS has them.

Run by hand after a change of the PDK: ``python tests/lvs/vpp_table.py > lvs/vpp.csv``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import klayout.db as kdb
from mirrorneuron.flows.lvs.vpp import CONDUCTORS, digest
from mirrorneuron.pdk_sky130 import install

HEADER = "name,digest,c0,c1,b,shield"
_NAMES = {"C0": "c0", "C1": "c1", "SUB": "b", "MET3": "shield", "MET4": "shield", "MET5": "shield"}
_LAYERS = {69: "met2", 68: "met1", 70: "met3", 71: "met4", 72: "met5", 64: "well"}


def rows(fd_pr: Path) -> Iterator[str]:
    """A line for each cell that is drawn with labels on its terminals and has a model of that name and terminals."""
    cells = fd_pr / "cells"
    subckt = re.compile(r"^\.subckt\s+(\S*__cap_vpp_\S+)((?:[ ]+(?:c0|c1|b|m\d))+)\s*$", re.MULTILINE)
    models = {
        name: terminals.split()
        for path in [*cells.glob("cap_vpp_*/*.spice")]
        for name, terminals in subckt.findall(path.read_text())
    }
    for path in sorted(cells.glob("cap_vpp_*/*.gds")):
        layout = kdb.Layout()
        layout.read(str(path))
        (cell,) = layout.top_cells()
        found: dict[str, str] = {}
        for index in layout.layer_indexes():
            layer = layout.get_info(index)
            for shape in cell.shapes(index).each(kdb.Shapes.STexts):
                terminal, conductor = _NAMES.get(shape.text_string), _LAYERS.get(layer.layer)
                if terminal and conductor and layer.datatype in (5, 59):
                    found.setdefault(terminal, f"{conductor}:{shape.text_trans.disp.x}:{shape.text_trans.disp.y}")
        wanted = {"m3": "shield", "m4": "shield", "m5": "shield"}
        terminals = [wanted.get(terminal, terminal) for terminal in models.get(cell.name, [])]
        if not terminals or sorted(terminals) != sorted(found) or not _on_metal(layout, cell, found):
            continue
        places = ",".join(found.get(name, "") for name in ("c0", "c1", "b", "shield"))
        yield f"{cell.name.lower()},{digest(cell)},{places}"


def _on_metal(layout: kdb.Layout, cell: kdb.Cell, found: dict[str, str]) -> bool:
    for place in found.values():
        conductor, x, y = place.split(":")
        index = layout.find_layer(*CONDUCTORS[conductor]) if conductor in CONDUCTORS else None
        point = kdb.Region(kdb.Box(int(x) - 5, int(y) - 5, int(x) + 5, int(y) + 5))
        if index is not None and not (point - kdb.Region(cell.begin_shapes_rec(index))).is_empty():
            return False
    return True


if __name__ == "__main__":
    folder = install.locate().fd_pr
    if folder is None:
        sys.exit("this PDK installation has no cells of fixed layout in the foundry's form")
    print(HEADER, *rows(folder), sep="\n")
